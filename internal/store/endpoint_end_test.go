package store

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"
)

// A poll that ends because the process does says nothing about a replica, neither to the log nor to who still reads.
func TestAPollThatIsCutOffJudgesNobody(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var logged bytes.Buffer
	e := &endpoint{name: "replica:3306", c: &cluster{log: slog.New(slog.NewTextHandler(&logged, nil))}, find: db, wake: make(chan struct{}, 1), servers: map[string]*server{}}
	s := e.serverOf("2")
	s.healthy.Store(true)
	s.answers.Store(true)
	if s.probe, err = db.Conn(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if e.poll(ended); !s.usable() || logged.Len() > 0 {
		t.Errorf("usable: %v, logged: %s", s.usable(), logged.String())
	}
	e.poll(ended) // without a probe
	if !s.usable() || logged.Len() > 0 {
		t.Errorf("again: usable: %v, logged: %s", s.usable(), logged.String())
	}
}
