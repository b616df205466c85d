package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tintype/internal/backup"
	"tintype/internal/config"
	"tintype/internal/store"
)

// backupLate is the age of the newest backup past which somebody should look: one
// is made a night, up to two hours late, and a large one takes its time.
const backupLate = 36 * time.Hour

// checkBackup sees that the backups that BACKUP_TO promises are made.
func (d *Diagnosis) checkBackup(ctx context.Context) []Check {
	sqlite := d.Config.Database.Driver == "sqlite"
	switch {
	case d.Config.BackupTo == "" && sqlite:
		return nil
	case d.Config.BackupTo == "":
		photos := "the bucket is to keep versions"
		if d.Config.PhotosOnDisk() {
			photos = "snapshots of its volume are to save MEDIA_DIR"
		}
		return []Check{fine("the database's server is to make backups, and %s (docs/deploy.md)", photos)}
	case !sqlite:
		return []Check{warn("BACKUP_TO is set, but `tintype backup` is for SQLite: nothing is kept there", "take it away, and see that the database server makes backups, and MEDIA_STORE=s3 has versions (docs/backup.md)")}
	}
	place, err := d.Backups(ctx)
	var names []string
	if err == nil {
		names, err = place.List(ctx)
	}
	if err != nil {
		return []Check{failed(d.Config.BackupTo, err, "see that it is there, and that the user or role of this process may list and read it")}
	}
	began := time.Now()
	if len(names) == 0 && d.Store != nil {
		first, err := d.Store.FirstAccountAt(ctx)
		if err == nil {
			began = first
		} else if !errors.Is(err, store.ErrNotFound) {
			return []Check{failed("the age of the site is not known", err, "")}
		}
	}
	return []Check{judgeBackups(place.String(), names, began, time.Now())}
}

// judgeBackups goes by the names of backups, the oldest first, and by when the site
// began.
func judgeBackups(where string, names []string, began, now time.Time) Check {
	const advice = "`systemctl status tintype-backup.timer tintype-backup.service` says why, or have something else run `tintype backup create` every night; by hand, it makes one now"
	if len(names) == 0 {
		if now.Sub(began) <= backupLate {
			return warn("there is no backup in "+where+" yet", "tintype-backup.timer makes one every night, `tintype backup create` makes one now")
		}
		return Check{Status: Failure, Text: "there is no backup in " + where, Advice: advice}
	}
	age := now.Sub(backup.Made(names[len(names)-1])).Round(time.Minute)
	text := fmt.Sprintf("the newest of %d backups in %s is %s old", len(names), where, config.ShortDuration(max(age, 0)))
	if age > backupLate {
		return warn(text, advice)
	}
	return fine("%s", text)
}
