// Package tools pins programs that tests start, in a module of its own: what they need is no part of Tintype.
package tools

import (
	_ "github.com/letsencrypt/pebble/v2/cmd/pebble"
	_ "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv"
	_ "github.com/versity/versitygw/cmd/versitygw"
)
