package app

import (
	"database/sql"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tintype/internal/command"
	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// Moves are shown to administrators alone, with what they wait for and how far they are.
func TestMovesPage(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SESSION_NEXT=dynamodb:sessions", "AWS_REGION=eu-central-1"}
	site, _ := wired(t, env...)
	root, other := memberOf(t, site, "boss"), memberOf(t, site, "other")
	if code, _, stderr := runCommand(env, "account", "promote", "boss"); code != 0 {
		t.Fatal(stderr)
	}
	if w := site.ask("GET", "/admin/moves", "", other); w.Code != 404 {
		t.Errorf("others: %d", w.Code)
	}
	if w := site.ask("GET", "/admin/moves", "", root); w.Code != 200 || !strings.Contains(w.Body.String(), "Nothing moves.") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	db, err := store.Open(t.Context(), site.drivers().storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.CreateMove(t.Context(), store.MoveRow{
		Part: "sessions", Phase: "aborted", Step: 3, Source: "sql:", Target: "dynamodb:sessions", Mover: "a <b>machine</b>, process 7",
		Progress: `{"done":120,"total":400,"pass":1,"since_ms":2000,"waits":["web-2, process 9"],"note":"the table <i>is away</i>"}`,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateMove(t.Context(), store.MoveRow{
		Part: "media", Phase: "reading", Step: 1, Source: "disk:/photos", Target: "s3://photos", Mover: "another, process 8", Progress: `{"done":30,"total":400,"pass":1,"since_ms":2000}`,
	}); err != nil {
		t.Fatal(err)
	}
	w := site.ask("GET", "/admin/moves", "", root)
	if n := strings.Count(w.Body.String(), "30 of about 400 photos"); n != 1 || !strings.Contains(w.Body.String(), "moving from disk:/photos to s3://photos. another") {
		t.Errorf("how far the photos are is said %d times in\n%s", n, w.Body)
	}
	for _, want := range []string{"The sessions are in sql:", "dynamodb:sessions", "a &lt;b&gt;machine&lt;/b&gt;, process 7", "web-2, process 9", "the table &lt;i&gt;is away&lt;/i&gt;", `value="30"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
	code, out, stderr := runCommand(env, "move", "status")
	if code != 0 || !strings.Contains(out, "The sessions are in sql:.") || !strings.Contains(out, "is at work") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	if w.Header().Get("Refresh") != "3" {
		t.Errorf("it comes again after %q", w.Header().Get("Refresh"))
	}
	// Their movers are killed: nobody moves anything, and the page says what goes on.
	if _, err := db.SQL().ExecContext(t.Context(), "UPDATE moves SET updated_at = updated_at - 3600000"); err != nil {
		t.Fatal(err)
	}
	w = site.ask("GET", "/admin/moves", "", root)
	for _, want := range []string{"another, process 8 was at work, and has not been heard of for 1h0m", "tintype move media goes on"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
	for _, not := range []string{"is at work", "<progress", "Moved by", "Waits for", "a second"} {
		if strings.Contains(w.Body.String(), not) {
			t.Errorf("%s in\n%s", not, w.Body)
		}
	}
	if again := w.Header().Get("Refresh"); again != "" {
		t.Errorf("it comes again after %s", again)
	}
}

// The page of the database's move shows how far it is and comes again by itself, without scripts, until it is over.
func TestMovesPageOfTheDatabase(t *testing.T) {
	dir := t.TempDir()
	next := "sqlite:" + filepath.Join(dir, "next.db")
	env := []string{"DATA_DIR=" + filepath.Join(dir, "data"), "DATABASE_NEXT=" + next, "MEDIA_NEXT=disk:" + filepath.Join(dir, "photos")}
	site, _ := wired(t, env...)
	root := memberOf(t, site, "boss")
	if code, _, stderr := runCommand(env, "account", "promote", "boss"); code != 0 {
		t.Fatal(stderr)
	}
	page := func() (text string, refresh string) {
		t.Helper()
		w := site.ask("GET", "/admin/moves", "", root)
		for try := 0; w.Code == 503 && try < 5; try++ { // of a busy machine
			w = site.ask("GET", "/admin/moves", "", root)
		}
		if w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return w.Body.String(), w.Header().Get("Refresh")
	}
	if text, refresh := page(); !strings.Contains(text, "has not begun") || strings.Contains(text, "<progress") || refresh != "" {
		t.Errorf("%q %s", refresh, text)
	}
	ended := make(chan string)
	go func() {
		_, out, stderr := runCommand(env, "move", "database", "--rate", "2", "--way-back=1h")
		ended <- out + stderr
	}()
	seen, asked := "", false
	servertest.Within(t, 4*time.Minute, "the page shows the copy and its rate", func() bool {
		text, refresh := page()
		if refresh == "3" {
			seen = text
		}
		if refresh == "3" && !asked { // photos wait for the database
			asked = true
			if code, out, stderr := runCommand(env, "move", "media", "--dry-run"); code != command.StatusFailure || !strings.Contains(stderr, "the database of the site is moving from sqlite:") || !strings.Contains(out, " in all") {
				t.Errorf("%d %s%s", code, out, stderr)
			}
			if code, out, stderr := runCommand(env, "move", "status"); code != 0 || !regexp.MustCompile(`: \d+ of about \d+ rows are copied, \d+ writes are behind\.`).MatchString(out) {
				t.Errorf("%d %s%s", code, out, stderr)
			}
		}
		return strings.Contains(seen, "a second, about")
	})
	for _, want := range []string{"The database is moving from sqlite:", "<progress", "of about", "Moved by", ", process ", "Writes that wait", "none waits now", "comes again by itself"} {
		if !strings.Contains(seen, want) {
			t.Errorf("no %q in\n%s", want, seen)
		}
	}
	out := <-ended
	for _, want := range []string{"The database is in " + next, "It takes less than a minute.", "\nNeeded: every process of the site has both databases (DATABASE_NEXT); about ", " of room for " + next, "; no write is held"} {
		if !strings.Contains(out, want) {
			t.Fatalf("no %q in\n%s", want, out)
		}
	}
	servertest.Within(t, time.Minute, "the page shows that the old database is kept up", func() bool {
		text, _ := page()
		return strings.Contains(text, "next.db") && strings.Contains(text, "is kept up for the way back: it is 0 writes behind, and had everything")
	})
	// What other processes have told of their writes is told on.
	db, err := store.Open(t.Context(), site.drivers().nextStoreOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.SaveInstance(t.Context(), store.InstanceRow{ID: 9, Host: "web-2, <i>process</i> 9", Facts: `{"write wait":"4321000"}`, Parts: "{}", EveryMs: 60000}); err != nil {
		t.Fatal(err)
	}
	if text, _ := page(); !strings.Contains(text, "elsewhere the longest was 1h12m1s (web-2, &lt;i&gt;process&lt;/i&gt; 9)") {
		t.Errorf("%s", text)
	}
	if text, refresh := page(); !strings.Contains(text, "it has moved from") || strings.Contains(text, "is moving from") || refresh != "" || strings.Contains(text, "<progress") || strings.Contains(text, "Moved by") || strings.Contains(text, "comes again") {
		t.Errorf("%q %s", refresh, text)
	}
	// On the way back, of which the mover is killed, nothing is copied.
	was, err := store.OpenPlace(t.Context(), site.drivers().storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer was.Close()
	now, err := store.OpenPlace(t.Context(), site.drivers().nextStoreOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	back := move.NewDatabase(move.DatabaseOptions{Source: now, Target: was, Back: true, Abandon: func(move.Effect) bool { return true }})
	if err := back.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := back.Run(t.Context()); !errors.Is(err, move.ErrAbandoned) {
		t.Fatal(err)
	}
	if text, refresh := page(); !strings.Contains(text, "It goes back to "+was.Name()) || !strings.Contains(text, "tintype move back database goes on") || refresh != "3" || strings.Contains(text, "<progress") || strings.Contains(text, "rows") {
		t.Errorf("%q %s", refresh, text)
	}
	for _, c := range []struct{ command, says string }{
		{"abort", "tintype move finish database gives that up"},
		{"finish", "The move is finished: leave DATABASE_NEXT out, and name " + next},
	} {
		if code, out, stderr := runCommand(env, "move", c.command, "database"); code != 0 {
			t.Fatalf("%d %s%s", code, out, stderr)
		}
		if text, refresh := page(); !strings.Contains(text, c.says) || refresh != "" {
			t.Errorf("%s: %q %s", c.command, refresh, text)
		}
	}
}

// A database that somebody else uses stays as it is: it gets no table of the site's, unless it is to be emptied.
func TestMoveIntoAForeignDatabase(t *testing.T) {
	dir := t.TempDir()
	next := filepath.Join(dir, "notes.db")
	env := []string{"DATA_DIR=" + filepath.Join(dir, "data"), "DATABASE_NEXT=sqlite:" + next}
	wired(t, env...)
	notes, err := sql.Open("sqlite", next)
	if err != nil {
		t.Fatal(err)
	}
	defer notes.Close()
	for _, statement := range []string{"CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT", "INSERT INTO notes VALUES (1, 'keep me')"} {
		if _, err := notes.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	code, out, stderr := runCommand(env, "move", "database")
	if code != command.StatusFailure || !strings.Contains(stderr, "its table notes has rows") || !strings.Contains(stderr, "--empty=") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	tables := 0
	if err := notes.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'").Scan(&tables); err != nil || tables != 1 {
		t.Errorf("%d tables, %v", tables, err)
	}
}

// Whoever has moved photos and then writes the new place into the settings, as the command says, may ask for the move
// again for what the old place misses. That does not take the site back, which is asked for by name.
func TestMoveAgainAfterTheSettings(t *testing.T) {
	dir := t.TempDir()
	data, old, there := filepath.Join(dir, "data"), "disk:"+filepath.Join(dir, "old"), "disk:"+filepath.Join(dir, "new")
	before := []string{"DATA_DIR=" + data, "MEDIA_DIR=" + filepath.Join(dir, "old"), "MEDIA_NEXT=" + there}
	after := []string{"DATA_DIR=" + data, "MEDIA_DIR=" + filepath.Join(dir, "new"), "MEDIA_NEXT=" + old}
	site, _ := wired(t, before...)
	site.close()
	db, err := store.Open(t.Context(), site.drivers().storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	row := store.MoveRow{Part: "media", Phase: "moved", Step: 4, Epoch: 1, Source: old, Target: there, Progress: "{}"}
	if _, err := db.CreateMove(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	set := func(phase, progress string) {
		t.Helper()
		rows, err := db.Moves(t.Context())
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		row.Phase, row.Progress, row.Epoch = phase, progress, rows[0].Epoch+1
		if done, err := db.ChangeMove(t.Context(), rows[0].Epoch, rows[0].Step, row); err != nil || !done {
			t.Fatal(done, err)
		}
	}
	for _, c := range []struct {
		env             []string
		phase, progress string
		want            string
	}{
		{before, "moved", "{}", "The photos are in " + there + "."},
		{after, "moved", "{}", "The photos are in " + there + "."},
		{after, "leaving", "{}", "The photos are in " + there + "."},
		{before, "finished", "{}", "The photos are in " + there + "."},
		// What the way back has ended, and a move that is finished, leave it to the settings where another one leads.
		{after, "moved", `{"back":true}`, "Moves the photos of this site from " + there + " to " + old},
		{before, "moved", `{"back":true}`, "The photos are in " + there + "."},
		{after, "finished", "{}", "Moves the photos of this site from " + there + " to " + old},
	} {
		set(c.phase, c.progress)
		if code, out, stderr := runCommand(c.env, "move", "media", "--dry-run"); code != 0 || !strings.Contains(out, c.want) {
			t.Errorf("%s %s with %s: %d\n%s%s", c.phase, c.progress, c.env[2], code, out, stderr)
		}
	}
	for _, args := range [][]string{{"move", "media"}, {"move", "back", "media"}} {
		progress := "{}"
		if args[1] == "back" {
			progress = `{"back":true}`
		}
		set("moved", progress)
		code, out, stderr := runCommand(after, args...)
		rows, err := db.Moves(t.Context())
		if err != nil || code != 0 || len(rows) != 1 || rows[0].Phase != "moved" || rows[0].Target != there || rows[0].Epoch == row.Epoch {
			t.Errorf("%v: %d %+v %v\n%s%s", args, code, rows, err, out, stderr)
		}
	}
}

// A file may be too large to count its rows while somebody looks: how far the copy is, is told without that.
func TestTheWorkOfAMoveThatIsNotCounted(t *testing.T) {
	w := &moveWatch{first: time.Now().Add(-10 * time.Second)}
	for _, c := range []struct {
		total   int64
		percent int
		text    string
	}{
		{2000, 50, `^1.000 of about 2.000 rows, 5kB, \d+ a second, about \d+s left; 7 writes behind$`},
		{0, -1, `^1.000 rows, 5kB, \d+ a second; 7 writes behind$`},
	} {
		if percent, text := w.work(move.DatabaseStatus{Rows: 1000, Bytes: 5000, Total: c.total, Behind: 7}); percent != c.percent || !regexp.MustCompile(c.text).MatchString(text) {
			t.Errorf("of %d rows: %d, %q", c.total, percent, text)
		}
	}
}
