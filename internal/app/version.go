package app

import "runtime/debug"

// Version is the release. A build may name its own:
// -ldflags "-X tintype/internal/app.Version=1.4.0".
var Version = "0.1.0"

// build describes the binary: release, source revision, Go.
func build() string {
	text := "tintype " + Version
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return text
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ", changed"
		}
	}
	if revision != "" {
		text += " (" + revision + modified + ")"
	}
	return text + " " + info.GoVersion
}
