package command

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
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

// In a pipe a move of the database says a line every ten seconds, with its pace and the time that is left, and what goes
// wrong at once.
func TestProgressOfTheDatabaseInAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		out := &databaseOutput{w: &b, total: 400}
		for second := range 25 {
			out.progress(move.Progress{Phase: "copying", Rows: int64(10 * second)})
			time.Sleep(time.Second)
		}
		want := "copying: 0 of about 400 rows; no write is held\n" +
			"copying: 100 of about 400 rows, 10 a second, about 30s left; no write is held\n" +
			"copying: 200 of about 400 rows, 10 a second, about 20s left; no write is held\n"
		if b.String() != want {
			t.Errorf("it says\n%swant\n%s", b.String(), want)
		}
		b.Reset()
		for range 3 {
			out.progress(move.Progress{Phase: "copying", Rows: 250, Trouble: errors.New("the place is away")})
		}
		if got := b.String(); strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "; tries again: the place is away\n") {
			t.Errorf("it says\n%s", got)
		}
	})
}

// Sessions and photos: a bar on a terminal, and in a pipe a line every ten seconds and for each change of phase.
func TestProgressOfAPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		row := move.Row{Part: "sessions", Phase: "writing", Step: 2, Source: "sql:", Target: "dynamodb:sessions"}
		at := func(done int64) move.PartProgress {
			return move.PartProgress{Pass: 1, Done: done, Total: 400, SinceMs: 1000 * done / 10}
		}
		var b strings.Builder
		bar := &moveOutput{w: &b, meter: &meter{w: &b, columns: 200}, plan: &move.Plan{}}
		bar.report(row, at(100))
		if got := b.String(); !strings.Contains(got, "[#####---------------]  25% ") {
			t.Errorf("%q", got)
		}
		b.Reset()
		pipe := &moveOutput{w: &b, plan: &move.Plan{}}
		for second := range 25 {
			pipe.report(row, at(int64(10*second)))
			time.Sleep(time.Second)
		}
		if got := strings.Split(strings.TrimSpace(b.String()), "\n"); len(got) != 3 || !strings.Contains(got[1], "100 of ") || !strings.Contains(got[1], "10 a second") || !strings.Contains(got[2], "200 of ") {
			t.Errorf("%q", got)
		}
		b.Reset()
		row.Step, row.Phase = 3, "moved"
		pipe.report(row, move.PartProgress{})
		if strings.Count(b.String(), "\n") != 1 {
			t.Errorf("a change of phase is not said: %q", b.String())
		}
	})
}
