// Package static holds the CSS, scripts and icons that pages load, and gives each an address with a fingerprint of its
// content, so that browsers and CDNs keep it for a year.
package static

import "embed"

//go:generate go run ./generate

//go:embed css/*.css *.js *.svg *.png
var files embed.FS
