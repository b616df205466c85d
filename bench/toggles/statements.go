package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tintype/bench/rig"
)

// requests are what is looked at statement by statement.
var requests = []string{
	"home page", "post", "explore", "profile", "notifications page", "visitor's post", "photo", "home timeline", "public timeline", "status", "context",
	"notifications", "like", "like by form", "comment", "comment by form", "upload",
}

// own are patterns of what a process sends by itself, for its queue, its streams and its connections.
var own = regexp.MustCompile(`^SET |FROM jobs|UPDATE jobs|job_ticks|FROM events`)

// listStatements prints what a request of each kind has the database do, on MySQL alone. Each was asked once before.
func listStatements(t *rig.T) error {
	s := newSite(t, mysql, "STATELESS=false")
	h, err := newHousehold(s)
	if err != nil {
		return err
	}
	db := s.Database.Primary
	counts := [][]string{{"request", "statements"}}
	for _, name := range requests {
		if err := h.ask(name); err != nil {
			return err
		}
		time.Sleep(time.Second) // what it left to do is done
		db.LogQueries(t)
		if err := h.ask(name); err != nil {
			return err
		}
		if err := db.Exec("SET GLOBAL general_log=OFF"); err != nil {
			return err
		}
		text, err := db.Value("SELECT COALESCE(GROUP_CONCAT(LEFT(argument, 160) ORDER BY event_time SEPARATOR '\\n'), '') FROM mysql.general_log WHERE user_host LIKE 'test%' AND command_type = 'Query'")
		if err != nil {
			return err
		}
		var list []string
		for line := range strings.Lines(text) {
			if !own.MatchString(line) {
				list = append(list, strings.TrimSpace(line))
			}
		}
		fmt.Printf("%s\n  %s\n", name, strings.Join(list, "\n  "))
		counts = append(counts, []string{name, strconv.Itoa(len(list))})
	}
	rig.Table(counts...)
	fmt.Println()
	return nil
}
