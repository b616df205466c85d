package command

import "runtime/debug"

// build describes the binary: release, source revision, Go.
func build(version string) string {
	text := "tintype " + version
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
