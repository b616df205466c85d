package templates

import "strings"

// AdminMovesView is /admin/moves.
type AdminMovesView struct {
	Moves []MoveRow
	Live  bool // something is under way: the page comes again by itself
}

// MoveRow is the move of a part of the site, the last one or the one that is under way.
type MoveRow struct {
	Part     string // "sessions"
	State    string // what it does, or did, in a sentence
	InCharge string // the place that is served
	Source   string
	Target   string
	Mover    string // who is at work, and when that was heard of; "" for nobody
	Percent  int    // of the work of this phase; -1 where there is none
	Work     string // "120 of 400, 60 a second, 5 s left"
	Waits    []string
	Writes   string // what the site's writes wait now, "" where none ever do
	WayBack  string // how far the place is kept up that was left, in sentences; "" where it is not
	Live     bool   // it is under way
	Note     string // what went wrong last
}

// titled begins with a capital.
func titled(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
