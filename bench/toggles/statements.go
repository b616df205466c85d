package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// own are words in statements that instances and workers send on their own.
var own = []string{"replication_clock SET", "replication_clock (", "FROM events", "FROM jobs", "UPDATE jobs", "`jobs`", "job_ticks", "general_log"}

// listStatements prints every statement that a request of each kind has the servers do, after the same was asked before.
func listStatements(t *rig.T, r servertest.Rung) error {
	s := newSite(t, r, "STATELESS=false", "ROLES=web,worker")
	h, err := newHousehold(s)
	if err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	servers := append([]*servertest.MariaDBServer{s.Database.Primary}, s.Database.Replicas...)
	for _, name := range []string{"home page", "post", "explore", "profile", "notifications page", "home timeline", "status", "context", "notifications", "public timeline", "visitor's post", "photo", "like", "like by form", "comment", "comment by form", "upload", "publish"} {
		if err := h.ask(name); err != nil { // connections open
			return err
		}
		time.Sleep(time.Second + 500*time.Millisecond)
		for _, m := range servers {
			m.LogQueries(t)
		}
		if err := h.ask(name); err != nil {
			return err
		}
		type line struct{ at, text string }
		var lines []line
		for n, m := range servers {
			err := m.Exec("SET GLOBAL general_log=OFF")
			text, err2 := m.Value("SELECT COALESCE(GROUP_CONCAT(CONCAT(event_time, ' ', command_type, ' ', REPLACE(argument, '\\n', ' ')) ORDER BY event_time SEPARATOR '\\n'), '') FROM mysql.general_log WHERE user_host LIKE 'test%' AND command_type NOT IN ('Quit')")
			if err := errors.Join(err, err2); err != nil {
				return err
			}
			for l := range strings.Lines(text) {
				l = strings.TrimRight(l, "\n")
				if len(l) < 27 || slices.ContainsFunc(own, func(word string) bool { return strings.Contains(l, word) }) && !strings.Contains(l, "INSERT INTO") {
					continue
				}
				lines = append(lines, line{l[:26], fmt.Sprintf("%d %s", n, l[27:])})
			}
		}
		slices.SortStableFunc(lines, func(a, b line) int { return strings.Compare(a.at, b.at) })
		fmt.Printf("== %s: %d\n", name, len(lines))
		for _, l := range lines {
			fmt.Printf("  %s %.400s\n", l.at[17:], l.text)
		}
	}
	return nil
}
