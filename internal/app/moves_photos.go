package app

import (
	"context"
	"fmt"

	"tintype/internal/command"
	"tintype/internal/config"
	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/store"
)

// photosPlan is the move of photos.
func (d drivers) photosPlan(ctx context.Context, db *store.Store, o command.MoveOptions) (*move.Plan, error) {
	_, next, places, err := d.mediaPlaces(ctx)
	if err != nil {
		return nil, err
	}
	place := func(address string) (media.Store, error) {
		if found := places[address]; found != nil {
			return found, nil
		}
		return nil, &move.FinalError{Err: fmt.Errorf("no setting of this command names %s", address)}
	}
	work := &move.PhotoWork{Rows: db, Open: place, Workers: o.Workers, WithoutMissing: o.WithoutMissing, DeleteSource: o.DeleteSource}
	p := &move.Plan{
		Own:     d.cfg.MediaPlace().String(),
		What:    "photos",
		Cost:    "until `tintype move finish media` both places have everything, and the way back copies nothing anew; after it, it is a move like this one",
		Promise: "Every photo's address answers all the time; a photo that is posted meanwhile is written to both places.",
		Strict:  true,
		Check:   work.Check,
		Pace:    work.Pace,
		Settings: func(address string) []string {
			place, err := config.ParseMediaPlace(address)
			if err != nil {
				return nil
			}
			if next := d.cfg.MediaNext; next != nil && next.String() == address {
				place = *next // which knows its region
			}
			return place.Settings()
		},
		Occupied: func(ctx context.Context, address string) (int64, error) {
			at, err := place(address)
			if err != nil {
				return 0, err
			}
			n, _, err := move.Strangers(ctx, db, at, false)
			return int64(n), err
		},
		Size: func(ctx context.Context, address string) (move.MediaSize, error) {
			at, err := place(address)
			if err != nil {
				return move.MediaSize{}, err
			}
			return move.Measure(ctx, at)
		},
		Mover: &move.PartMover{Table: db, Part: partMedia, Setting: nextSettings[partMedia], Name: processName()},
	}
	if next != nil {
		p.Next = d.cfg.MediaNext.String()
	}
	work.Attach(p.Mover)
	return p, nil
}

// mediaHasMoved tells whether photos are in the place of MEDIA_NEXT by now.
func (d drivers) mediaHasMoved(ctx context.Context, db *store.Store) bool {
	rows, err := db.Moves(ctx)
	if err != nil {
		return false // which the database's check tells
	}
	for _, r := range rows {
		if r.Part == partMedia {
			return move.InCharge(r) == d.cfg.MediaNext.String()
		}
	}
	return false
}
