package app

// Version is the release. A build may name its own:
// -ldflags "-X tintype/internal/app.Version=1.4.0".
var Version = "0.1.0"
