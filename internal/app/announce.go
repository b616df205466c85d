package app

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
)

// announce tells whoever started the program where things are.
func (a *App) announce(ctx context.Context, listeners []net.Listener) {
	var addrs []string
	for _, l := range listeners {
		addrs = append(addrs, l.Addr().String())
	}
	a.log.InfoContext(ctx, "ready", "base_url", a.cfg.Origin(), "listen", addrs, "database", a.cfg.Database.String())
	fmt.Fprintf(a.out, "Tintype %s is at %s\n", Version, a.cfg.Origin())
	if a.cfg.KeepsFiles() {
		dir, err := filepath.Abs(a.cfg.DataDir)
		if err != nil {
			dir = a.cfg.DataDir
		}
		fmt.Fprintf(a.out, "Its data is in %s\n", dir)
	}
	if a.claim == nil {
		return
	}
	if a.cfg.Stateless {
		// What a fleet prints is collected and kept, and read by more people than
		// may become administrators.
		fmt.Fprintln(a.out, "For an administrator: tintype account create --admin")
		return
	}
	switch link, claimed, err := a.claim(ctx); {
	case err != nil:
		a.log.WarnContext(ctx, "no link for the first administrator", "error", err)
	case claimed:
		fmt.Fprintln(a.out, "For another administrator: tintype account create --admin")
	default:
		fmt.Fprintf(a.out, "For the first administrator: %s\n", link)
	}
}
