package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/store"
)

type mediaGroup struct {
	Check mediaCheck `cmd:"" help:"Compare the photos that the database knows with the files in the store, while the site runs or not."`
}

type mediaCheck struct {
	Store  string `enum:"current,next" default:"current" help:"Which place: the one that photos are served from, or next, which MEDIA_NEXT names."`
	Read   bool   `help:"Read every file as well: an original has to be what was uploaded, a variant a whole JPEG."`
	Remove bool   `help:"Remove files that no row of the database has, if they are older than 7 days. Not while photos move."`
	Reason string `help:"Why files are removed, for the log."`
	JSON   bool   `name:"json" help:"As JSON: an object with counts and lists of what is missing, wrong, unknown and foreign."`
}

// shownProblems is how many files of a list people are shown.
const shownProblems = 20

// errMediaDamaged ends a check that found damage.
var errMediaDamaged = errors.New("files are missing or wrong; docs/backup.md says how to bring them back")

func (m mediaCheck) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if err := m.mayRemove(c, site); err != nil {
			return err
		}
		place, err := m.place(c, site)
		if err != nil {
			return err
		}
		show := newMeter(c.env.Stderr)
		defer show.end()
		r, err := site.CheckMedia(c, community.MediaCheck{Store: place, Read: m.Read, Remove: m.Remove, Progress: func(n int) {
			if n%100 == 0 {
				show.step(fmt.Sprintf("%d files", n))
			}
		}})
		if errors.Is(err, media.ErrUnavailable) {
			return fmt.Errorf("%w; to list a bucket needs the right s3:ListBucket, which serving does not", err)
		}
		if err != nil {
			return err
		}
		show.end()
		if r.Removed > 0 {
			if err := community.AddEntry(c, site.Store, community.EntryByCommand(community.RemoveFiles, m.Reason, fmt.Sprintf("%s: %d files", place, r.Removed))); err != nil {
				return notLogged(err)
			}
		}
		if m.JSON {
			err = writeJSON(c.env.Stdout, r)
		} else {
			err = writeMediaReport(c.env.Stdout, place.String(), m.Remove, r)
		}
		if err == nil && r.MissingCount+r.WrongCount > 0 {
			err = errMediaDamaged
		}
		return err
	})
}

// mayRemove refuses to remove files of a place that another site may have, and while photos move: two places have them then, and what
// is removed from one would stay in the other.
func (m mediaCheck) mayRemove(ctx context.Context, site *community.Community) error {
	switch {
	case !m.Remove:
		return nil
	case m.Store == "next":
		return errors.New("--remove is for the place that photos are served from; `tintype move` empties the other one where that is asked for")
	}
	rows, err := site.Store.Moves(store.Primary(ctx))
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Part == move.PartMedia && move.Phase(r.Phase).UnderWay() {
			return fmt.Errorf("--remove waits until photos have moved: %s", move.Describe(r))
		}
	}
	return nil
}

// place is what is looked at: while photos move, one of their two places.
func (m mediaCheck) place(c *call, site *community.Community) (media.Store, error) {
	if m.Store == "next" {
		cfg, err := c.config()
		if err != nil {
			return nil, err
		}
		next, err := c.program.MediaNext(c, cfg, c.logger(cfg.Quiet()))
		if err == nil && next == nil {
			err = errors.New("MEDIA_NEXT is not set")
		}
		return next, err
	}
	if moving, ok := media.As[*media.Moving](site.Media); ok {
		return moving.Unwrap(), nil
	}
	return site.Media, nil
}

func writeMediaReport(w io.Writer, store string, removes bool, r *community.MediaReport) error {
	list := func(what string, count int, problems []community.MediaProblem) {
		if count == 0 {
			return
		}
		fmt.Fprintf(w, "%d %s:\n", count, what)
		for i, p := range problems {
			if i == shownProblems {
				fmt.Fprintf(w, "  and %d more, which --json lists\n", count-i)
				break
			}
			name := p.Key
			if name == "" {
				name = p.Name
			}
			if p.Photo != 0 {
				name += fmt.Sprintf(", of photo %d", p.Photo)
			}
			fmt.Fprintf(w, "  %s: %s\n", oneLine(name), oneLine(p.Why))
		}
	}
	list("files are missing", r.MissingCount, r.Missing)
	list("files are wrong", r.WrongCount, r.Wrong)
	list("files are in no row of the database", r.UnknownCount, r.Unknown)
	list("files are not Tintype's, and are left alone", r.ForeignCount, r.Foreign)
	switch {
	case removes:
		fmt.Fprintf(w, "%d files were removed.\n", r.Removed)
	case r.UnknownOld > 0:
		fmt.Fprintf(w, "%d of them are older than 7 days: --remove removes these.\n", r.UnknownOld)
	}
	_, err := fmt.Fprintf(w, "%s: %d files, %s, of %d sets. %d missing, %d wrong.\n", store, r.Files, config.FormatSize(r.Bytes), r.Sets, r.MissingCount, r.WrongCount)
	return err
}
