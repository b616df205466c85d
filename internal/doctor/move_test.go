package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// hasOne expects one check among a list that says all of these texts, of that status, and nothing worse than it.
func hasOne(t *testing.T, list []Check, status string, says ...string) {
	t.Helper()
	found := 0
	for _, c := range list {
		all := true
		for _, text := range says {
			all = all && strings.Contains(c.Text+"\n"+c.Advice, text)
		}
		if all && c.Status == status {
			found++
		}
	}
	if found != 1 || Worst(list) != status {
		t.Errorf("%d checks of %+v say %q with status %s", found, list, says, status)
	}
}

// photoPlace is a place of photos that takes them, and may refuse to be listed.
type photoPlace struct {
	media.Store
	listing error
}

func (photoPlace) String() string              { return "a place" }
func (photoPlace) Check(context.Context) error { return nil }

func (p photoPlace) List(context.Context, media.Kind, func(media.Listed) error) error {
	return p.listing
}

// Of the places that SESSION_NEXT and MEDIA_NEXT name the doctor says what a move would meet there. With READ_ONLY it writes to none.
func TestDoctorOfSessionsAndPhotosToMove(t *testing.T) {
	photos, sessions := "MEDIA_NEXT=disk:/photos", "SESSION_NEXT=dynamodb:sessions"
	broken := errors.New("no credentials")
	for name, c := range map[string]struct {
		d      *Diagnosis
		env    []string
		status string
		says   []string
	}{
		"sessions to the database":  {&Diagnosis{SessionsNext: session.NewSQL(nil)}, []string{"SESSION_STORE=dynamodb", "SESSION_DYNAMODB_TABLE=table", "SESSION_NEXT=sql:"}, OK, []string{"SESSION_NEXT: sessions may move to the database"}},
		"sessions, not opened":      {&Diagnosis{SessionsNextErr: broken}, []string{sessions}, Failure, []string{"SESSION_NEXT: the store was not opened", "no credentials"}},
		"sessions of a read-only":   {&Diagnosis{SessionsNext: &session.Dynamo{}}, []string{sessions, "READ_ONLY=true"}, OK, []string{"SESSION_NEXT: ", "no write was tried"}},
		"photos":                    {&Diagnosis{MediaNext: photoPlace{}}, []string{photos}, OK, []string{"MEDIA_NEXT: ", "written, read and deleted"}},
		"photos, not opened":        {&Diagnosis{MediaNextErr: broken}, []string{photos}, Failure, []string{"MEDIA_NEXT: the store was not opened", "no credentials"}},
		"photos of a read-only":     {&Diagnosis{MediaNext: photoPlace{}}, []string{photos, "READ_ONLY=true"}, OK, []string{"MEDIA_NEXT: ", "no write was tried"}},
		"photos that nobody lists":  {&Diagnosis{MediaNext: photoPlace{listing: errors.New("AccessDenied")}}, []string{photos}, Failure, []string{"cannot be listed: AccessDenied", "grant s3:ListBucket"}},
		"photos of the site itself": {&Diagnosis{}, nil, OK, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.d.Config = mustLoad(t, c.env...)
			list := c.d.checkNext(t.Context())
			if c.says == nil {
				if len(list) != 0 {
					t.Errorf("without another place: %+v", list)
				}
				return
			}
			hasOne(t, list, c.status, c.says...)
		})
	}
}

// Once parts have moved the doctor says what the settings are to be, and whether this process could start again.
// Of a move with which nobody goes on it warns.
func TestDoctorAfterPartsHaveMoved(t *testing.T) {
	row := func(part, phase, source, target string) store.MoveRow {
		return store.MoveRow{Part: part, Phase: phase, Source: source, Target: target, Step: 1, Epoch: 1, Progress: "{}"}
	}
	begun, goesOn := row("sessions", string(move.PhaseReading), "sql:", "dynamodb:table"), row("sessions", string(move.PhaseReading), "sql:", "dynamodb:table")
	goesOn.Mover = "web-1, process 7"
	photos := row(move.PartMedia, string(move.PhaseFinished), "disk:/old", "disk:/new")
	sessions := row("sessions", string(move.PhaseMoved), "sql:", "dynamodb:table")
	for name, c := range map[string]struct {
		row    store.MoveRow
		env    []string
		status string
		says   []string
	}{
		"the setting is to follow":         {photos, []string{"MEDIA_DIR=/old", "MEDIA_NEXT=disk:/new"}, Warning, []string{"which MEDIA_NEXT names: make it the setting", "tintype move status"}},
		"the setting has followed":         {photos, []string{"MEDIA_DIR=/new"}, OK, []string{"The photos are in disk:/new, where they were moved from disk:/old"}},
		"the settings name the old one":    {photos, []string{"MEDIA_DIR=/old"}, Failure, []string{"this process could not start again", "disk:/new", "set both places"}},
		"sessions, the setting to follow":  {sessions, []string{"SESSION_NEXT=dynamodb:table"}, Warning, []string{"which SESSION_NEXT names: make it the setting"}},
		"sessions, the settings have both": {sessions, []string{"SESSION_STORE=dynamodb", "SESSION_DYNAMODB_TABLE=table", "SESSION_NEXT=sql:"}, OK, []string{"The sessions are in dynamodb:table; sql: still has the old ones"}},
		"sessions, nobody goes on":         {begun, []string{"SESSION_NEXT=dynamodb:table"}, Warning, []string{"Nobody is at work: `tintype move sessions` goes on.", "`tintype move abort sessions` gives it up"}},
		"sessions, somebody does":          {goesOn, []string{"SESSION_NEXT=dynamodb:table"}, OK, []string{"web-1, process 7 is at work"}},
		"sessions, the old one alone":      {sessions, nil, Failure, []string{"this process could not start again", "dynamodb:table"}},
	} {
		t.Run(name, func(t *testing.T) {
			db := storetest.SQLite(t)
			if ok, err := db.CreateMove(t.Context(), c.row); !ok || err != nil {
				t.Fatal(ok, err)
			}
			d := &Diagnosis{Config: mustLoad(t, c.env...), Store: db, Parts: map[string]string{"sessions": "SESSION_NEXT", move.PartMedia: "MEDIA_NEXT"}}
			hasOne(t, d.checkMoves(t.Context()), c.status, c.says...)
		})
	}
}

// The doctor warns of a move of the database that is under way, and of a user who has made its triggers and is gone.
func TestDoctorOfADatabaseToMoveTo(t *testing.T) {
	d := &Diagnosis{DatabaseMove: func(context.Context) (move.DatabaseStatus, error) {
		return move.DatabaseStatus{UnderWay: true, InCharge: "sqlite:/a", Other: "sqlite:/b", Behind: 7}, nil
	}}
	hasOne(t, d.checkUnderWay(t.Context()), Warning, "moving from sqlite:/a to sqlite:/b: 7 writes are kept", "tintype move abort database")
	d.DatabaseMove = func(context.Context) (move.DatabaseStatus, error) { return move.DatabaseStatus{}, nil }
	if list := d.checkUnderWay(t.Context()); len(list) != 0 {
		t.Errorf("of no move: %+v", list)
	}
	d.DatabaseMove = func(context.Context) (move.DatabaseStatus, error) { return move.DatabaseStatus{}, errors.New("lost") }
	hasOne(t, d.checkUnderWay(t.Context()), Failure, "how far the move is cannot be read: lost")
	hasOne(t, judgeDefiners("DATABASE_NEXT: ", []string{"gone@10.0.0.1"}, nil), Failure, "DATABASE_NEXT: gone@10.0.0.1 made the triggers", "writes fail")
	hasOne(t, judgeDefiners("DATABASE_NEXT: ", nil, errors.New("lost")), Failure, "DATABASE_NEXT: the users who made its triggers cannot be listed: lost")
}

// The processes of a site are compared, and what they differ in is told with what to do.
func TestDoctorOfProcesses(t *testing.T) {
	db := storetest.SQLite(t)
	d := &Diagnosis{Config: mustLoad(t), Store: db, Parts: map[string]string{"sessions": "SESSION_NEXT"}}
	hasOne(t, d.checkInstances(t.Context()), OK, "no process serves the site")
	is := func(id int64, host, release string) {
		t.Helper()
		if err := db.SaveInstance(t.Context(), store.InstanceRow{ID: id, Host: host, Program: release, Facts: "{}", Parts: "{}", EveryMs: 60000}); err != nil {
			t.Fatal(err)
		}
	}
	is(1, "web1", "1.0")
	hasOne(t, d.checkInstances(t.Context()), OK, "web1 serves the site, release 1.0")
	is(2, "web2", "1.0")
	hasOne(t, d.checkInstances(t.Context()), OK, "2 processes serve the site, all of release 1.0, with the same keys and places")
	is(2, "web2", "1.1")
	hasOne(t, d.checkInstances(t.Context()), Warning, "1.1")
}
