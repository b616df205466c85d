package media

import (
	"sync"
	"testing"
)

// HangProbe has the disk's probe hang until release, or the test's end.
func HangProbe(t *testing.T, d *Disk) (release func()) {
	hold := make(chan struct{})
	release = sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	ask := d.caller.probe
	d.caller.probe = func() error { <-hold; return ask() }
	return release
}
