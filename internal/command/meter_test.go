package command

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tintype/internal/move"
)

// On a terminal a bar goes before what is said, in one line of its width. There is none in a pipe.
func TestMeterDrawsABar(t *testing.T) {
	var b strings.Builder
	out := &databaseOutput{w: &b, meter: &meter{w: &b, columns: 80}, total: 400}
	last := func() string { return b.String()[strings.LastIndex(b.String(), "\033[K")+len("\033[K"):] }
	out.progress(move.Progress{Phase: "copying", Rows: 100})
	if got := last(); got != "[#####---------------]  25% copying: 100 of about 400 rows; no write is held" {
		t.Errorf("%q", got)
	}
	out.progress(move.Progress{Phase: "switching", Rows: 400, Held: 120 * time.Millisecond, Longest: 900 * time.Millisecond})
	if got := last(); got != "[####################] 100% switching; writes have been held for 120ms now, be…" || utf8.RuneCountInString(got) != 79 {
		t.Errorf("%q", got)
	}
	// What goes wrong is said whole, once.
	trouble := errors.New(strings.Repeat("the place is away ", 10))
	for range 3 {
		out.progress(move.Progress{Phase: "copying", Rows: 200, Trouble: trouble})
	}
	if strings.Count(b.String(), "Tries again: "+trouble.Error()+"\n") != 1 || !strings.HasPrefix(last(), "[##########----------]  50% ") {
		t.Errorf("%q", b.String())
	}
	m := &meter{w: &b, columns: 30}
	m.bar(7, "no more than everything is done")
	if got := last(); got != "[##########] 100% no more th…" {
		t.Errorf("%q", got)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if newMeter(w) != nil {
		t.Error("a bar in a pipe")
	}
}

// Programs get the pace, the time left and how long writes are held.
func TestProgressOfTheDatabaseAsJSON(t *testing.T) {
	var b strings.Builder
	out := &databaseOutput{w: &b, json: true, total: 400, begin: time.Now().Add(-2 * time.Second)}
	out.progress(move.Progress{Phase: "copying", Rows: 100, Held: 120 * time.Millisecond, Longest: 900 * time.Millisecond})
	var got struct {
		Event         string
		RowsPerSecond float64 `json:"rows_per_second"`
		LeftMs        int64   `json:"left_ms"`
		Held          int64   `json:"writes_held_ms"`
		Longest       int64   `json:"writes_held_longest_ms"`
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil || got.Event != "progress" || got.RowsPerSecond < 1 || got.RowsPerSecond > 50 || got.LeftMs < 6000 || got.Held != 120 || got.Longest != 900 {
		t.Errorf("%+v, %v in %s", got, err, b.String())
	}
}
