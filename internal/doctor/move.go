package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/session"
	"tintype/internal/store"
)

// checkNext tries the places that parts of the site may move to, and says where those are that have moved.
func (d *Diagnosis) checkNext(ctx context.Context) []Check {
	list := d.checkMoves(ctx)
	if d.Config.DatabaseNext != nil {
		list = append(list, d.checkDatabaseNext(ctx)...)
	}
	if next := d.Config.SessionNext; next != nil {
		list = append(list, d.checkSessionsNext(ctx)...)
	}
	if next := d.Config.MediaNext; next != nil {
		list = append(list, d.checkMediaNext(ctx)...)
	}
	return list
}

// checkMoves says what is to be done about moves, and what the settings should say after them.
func (d *Diagnosis) checkMoves(ctx context.Context) []Check {
	if d.Store == nil {
		return nil // which the database's check tells
	}
	rows, err := d.Store.Moves(ctx)
	if err != nil {
		return []Check{failed("the moves of the site cannot be read", err, "run tintype migrate up")}
	}
	var list []Check
	for _, r := range rows {
		own, next := d.Config.SessionPlace().String(), ""
		if n := d.Config.SessionNext; n != nil {
			next = n.String()
		}
		if r.Part == "media" {
			own, next = d.Config.MediaPlace().String(), ""
			if n := d.Config.MediaNext; n != nil {
				next = n.String()
			}
		}
		choice, err := move.Choose(&r, own, d.Parts[r.Part], next)
		switch {
		case err != nil:
			list = append(list, failed("this process could not start again", err, "set both places"))
		case choice.Notice != "":
			list = append(list, warn(choice.Notice, "`tintype move status` says more"))
		case move.LeftAlone(r):
			list = append(list, warn(move.Describe(r), fmt.Sprintf("`tintype move abort %s` gives it up", r.Part)))
		default:
			list = append(list, fine("%s", move.Describe(r)))
		}
	}
	return list
}

// checkDatabaseNext says what the other database is for, and what would stop a move there. It changes nothing.
func (d *Diagnosis) checkDatabaseNext(ctx context.Context) []Check {
	next := d.Config.DatabaseNext
	if next.Driver == "sqlite" {
		if _, err := os.Stat(next.Path); errors.Is(err, fs.ErrNotExist) {
			return []Check{fine("DATABASE_NEXT: %s is made when the database moves there", next)}
		}
	}
	p, err := d.DatabaseNext(ctx)
	if err != nil {
		return []Check{nextAway(err)}
	}
	defer p.Close()
	g, err := p.Gate(ctx)
	if err != nil {
		return []Check{nextAway(err)}
	}
	list := []Check{fine("DATABASE_NEXT: %s answers, and is %s", p.Name(), g.Mode)}
	if g.Mode == store.GateFilling {
		list = append(list, d.checkUnderWay(ctx)...)
	}
	trusts, err := p.TakesTriggers(ctx)
	switch {
	case err != nil:
		list = append(list, failed("DATABASE_NEXT: the variables of its server cannot be read", err, ""))
	case !trusts:
		list = append(list, warn("DATABASE_NEXT: the server writes a binary log and lets only its administrators make triggers", "set log_bin_trust_function_creators=1 on it for the time of the move"))
	}
	lost, err := p.LostDefiners(ctx)
	list = append(list, judgeDefiners("DATABASE_NEXT: ", lost, err)...)
	if d.Config.ReplicasNext.URLs.IsSet() {
		list = append(list, d.checkReplicasNext(ctx, len(p.Tables()) == 0)...)
	}
	return list
}

// nextAway is of a database that the site does not need as long as it is in the other one.
func nextAway(err error) Check {
	c := failed("DATABASE_NEXT: the database was not opened", err, "the site runs without it, but cannot move there, nor come back, before it answers")
	c.Status = Warning
	return c
}

// checkUnderWay warns of a move that somebody began: until its end what is written is kept for it, in a log without a bound.
func (d *Diagnosis) checkUnderWay(ctx context.Context) []Check {
	s, err := d.DatabaseMove(ctx)
	switch {
	case err != nil:
		return []Check{failed("DATABASE_NEXT: how far the move is cannot be read", err, "")}
	case !s.UnderWay:
		return nil
	}
	return []Check{warn(fmt.Sprintf("the database is moving from %s to %s: %d writes are kept for it there, and more until its end", s.InCharge, s.Other, s.Behind),
		"where nobody is at work, `tintype move database` goes on and `tintype move abort database` gives it up")}
}

// checkReplicasNext tries the replicas of the other database; bare: that has no schema yet.
func (d *Diagnosis) checkReplicasNext(ctx context.Context, bare bool) []Check {
	const setting = "DATABASE_REPLICA_URLS_NEXT: "
	s, err := d.NextStore(ctx)
	if err != nil {
		return []Check{failed(setting+"not opened", err, "")}
	}
	defer s.Close()
	known, _ := s.Replicas()
	if len(known) == 0 {
		return []Check{{Status: Failure, Text: setting + "none has answered", Advice: "see that they run, and that their user may SELECT"}}
	}
	foreign, _ := s.ForeignReplicas(ctx) // fails where the primary does, which has its own line
	var list []Check
	for _, r := range known {
		switch where := fmt.Sprintf("%s%s (server %s)", setting, r.Address, r.Server); {
		case slices.Contains(foreign, r.Address):
			list = append(list, Check{Status: Failure, Text: where + " follows another database than DATABASE_NEXT", Advice: "name a replica of DATABASE_NEXT before you move there: people would read from another site, or this one as it was"})
		case r.InUse:
			list = append(list, fine("%s follows its primary", where))
		case bare:
			list = append(list, fine("%s answers; the schema is made when the database moves", where))
		default:
			list = append(list, warn(where+" would not be read: "+r.Why, "see that it follows DATABASE_NEXT before you move there"))
		}
	}
	return list
}

func (d *Diagnosis) checkSessionsNext(ctx context.Context) []Check {
	if d.SessionsNextErr != nil {
		return []Check{failed("SESSION_NEXT: the store was not opened", d.SessionsNextErr, "")}
	}
	table, inspects := session.As[session.Inspector](d.SessionsNext)
	switch {
	case !inspects:
		return []Check{fine("SESSION_NEXT: sessions may move to the database")} // which has its own check
	case d.Config.ReadOnly:
		return []Check{fine("SESSION_NEXT: %s; READ_ONLY, so no write was tried", d.SessionsNext)}
	}
	list := checkTable(ctx, d.SessionsNext.String(), table, "GetItem, PutItem, UpdateItem, DeleteItem, BatchWriteItem, Query and Scan")
	for i := range list {
		list[i].Text = "SESSION_NEXT: " + list[i].Text
	}
	return list
}

func (d *Diagnosis) checkMediaNext(ctx context.Context) []Check {
	if d.MediaNextErr != nil {
		return []Check{failed("MEDIA_NEXT: the store was not opened", d.MediaNextErr, "")}
	}
	where := "MEDIA_NEXT: " + d.MediaNext.String()
	if d.Config.ReadOnly {
		return []Check{fine("%s; READ_ONLY, so no write was tried", where)}
	}
	var err error
	if bucket, ok := media.As[media.Inspector](d.MediaNext); ok {
		_, err = bucket.Inspect(ctx)
	} else {
		err = d.MediaNext.Check(ctx)
	}
	if err != nil {
		return []Check{failed(where, err, "the program writes, reads and deletes there: see that it exists, has room, and grants these rights")}
	}
	list := []Check{fine("%s: written, read and deleted", where)}
	if err := canList(ctx, d.MediaNext); err != nil {
		list = append(list, failed(where+" cannot be listed", err, "`tintype move media` looks for photos there that are not this site's: grant s3:ListBucket on the bucket"))
	}
	return list
}

// canList tries the right to list a place, which only moves and checks of photos need.
func canList(ctx context.Context, s media.Store) error {
	lister, ok := media.As[media.Lister](s)
	if !ok {
		return nil
	}
	enough := errors.New("there is a photo")
	if err := lister.List(ctx, media.Public, func(media.Listed) error { return enough }); !errors.Is(err, enough) {
		return err
	}
	return nil
}

// checkInstances looks for what the processes of the site differ in.
func (d *Diagnosis) checkInstances(ctx context.Context) []Check {
	if d.Store == nil {
		return nil // which the database's check tells
	}
	all, err := move.Alive(ctx, d.Store)
	if err != nil {
		return []Check{failed("the processes of the site cannot be listed", err, "run tintype migrate up")}
	}
	apart := move.Compare(all, d.Parts)
	if len(apart) == 0 {
		switch len(all) {
		case 0:
			return []Check{fine("no process serves the site")}
		case 1:
			return []Check{fine("%s serves the site, release %s", all[0].Host, all[0].Program)}
		}
		return []Check{fine("%d processes serve the site, all of release %s, with the same keys and places", len(all), all[0].Program)}
	}
	var list []Check
	for _, a := range apart {
		c := warn(a.Text, a.Advice)
		if a.Harmful {
			c.Status = Failure
		}
		list = append(list, c)
	}
	return append(list, fine("%d processes serve the site", len(all)))
}
