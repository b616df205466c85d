//go:build !unix

package command

import "os"

// terminalWidth is how many columns a terminal has, 0 where it does not say.
func terminalWidth(*os.File) int { return 0 }
