// Tintype is a photo community in one binary.
package main

import (
	"os"

	"tintype/internal/app"
)

func main() { os.Exit(app.Main()) }
