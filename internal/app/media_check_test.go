package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// What no row of the database names is removed where that is asked for, only from the place that photos are served from, and never
// while photos move. The log says so.
func TestMediaCheckRemovesNothingDuringAMove(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	data, next := filepath.Join(dir, "data"), filepath.Join(dir, "next")
	env := []string{"DATA_DIR=" + data, "MEDIA_NEXT=disk:" + next}
	if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	db, err := store.Open(ctx, storetest.Options("sqlite:"+filepath.Join(data, "tintype.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	put := func(dir, key string) (path string) {
		t.Helper()
		disk, err := media.NewDisk(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := disk.Put(ctx, key, strings.NewReader("x"), media.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		name, err := media.Path(key)
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, filepath.FromSlash(name))
		old := time.Now().Add(-2 * community.KeepUnknown)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
		return path
	}
	random := media.NewRandom()
	if err := db.AddMediaObject(ctx, random, store.SetPublic, 0, []string{"320"}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.MediaObjectLive(ctx, random, []string{"320"}); err != nil {
		t.Fatal(err)
	}
	named := put(filepath.Join(data, "media"), media.VariantKey(media.Public, random, "320"))
	stray := put(filepath.Join(data, "media"), media.VariantKey(media.Public, media.NewRandom(), "320"))
	others := put(next, media.VariantKey(media.Public, media.NewRandom(), "320"))

	if code, out, stderr := runCommand(env, "move", "status"); code != 0 || !strings.Contains(out, "The database is in sqlite:"+filepath.Join(data, "tintype.db")+", and DATABASE_NEXT names no other.\n") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	remove := []string{"media", "check", "--remove", "--reason=tidy"}
	refused := func(why string, args ...string) {
		t.Helper()
		if code, out, stderr := runCommand(env, args...); code == 0 || !strings.Contains(stderr, why) || missing(stray) || missing(others) || missing(named) {
			t.Errorf("%v: %d %s%s", args, code, out, stderr)
		}
	}
	refused("the place that photos are served from", append(remove, "--store=next")...)
	row := store.MoveRow{Part: move.PartMedia, Phase: string(move.PhaseStill), Source: "disk:" + filepath.Join(data, "media"), Target: "disk:" + next, Step: 1, Epoch: 1, Progress: "{}"}
	if ok, err := db.CreateMove(ctx, row); !ok || err != nil {
		t.Fatal(ok, err)
	}
	to := func(phase move.Phase) {
		t.Helper()
		was := row
		row.Phase, row.Step = string(phase), row.Step+1
		if ok, err := db.ChangeMove(ctx, was.Epoch, was.Step, row); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	for _, phase := range []move.Phase{move.PhaseReading, move.PhaseWriting, move.PhaseMoved, move.PhaseLeaving, move.PhaseAborting} {
		to(phase)
		refused("--remove waits until photos have moved", remove...)
	}
	to(move.PhaseAborted)
	if code, out, stderr := runCommand(env, remove...); code != 0 || !strings.Contains(out, "1 files were removed.") || !missing(stray) || missing(named) || missing(others) {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	logged(t, env, "media.remove tidy")
}
