// Tintype is a photo community in one binary.
package main

import (
	"context"
	"os"

	"tintype/internal/app"
)

func main() {
	os.Exit(app.Main(context.Background(), app.Environment{
		Args:    os.Args[1:],
		Lookup:  os.LookupEnv,
		Environ: os.Environ(),
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	}))
}
