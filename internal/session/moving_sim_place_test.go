package session_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tintype/internal/session"
)

// memoryPlace is a place whose calls are steps of a world.
type memoryPlace struct {
	session.Movable // its remaining methods are not called
	w               *world
	name            string
	rows            map[string]session.Record
}

// step lets others run, and then belongs to the call alone. It fails where the place is away.
func (p *memoryPlace) step(call, hash string) error {
	p.w.yield(p.name + "." + call + " " + hash)
	if p.w.away && p == p.w.target {
		p.told("away")
		return session.ErrUnavailable
	}
	return nil
}

// told adds an answer to what the actor that runs knows. With the places it makes the state.
func (p *memoryPlace) told(what any) {
	p.w.running.knows += fmt.Sprint(what, ";")
}

func (p *memoryPlace) Get(_ context.Context, _ int64, hash string) (*session.Record, error) {
	if err := p.step("Get", hash); err != nil {
		if p.w.fault == awayIsEmpty {
			return nil, session.ErrNone
		}
		return nil, err
	}
	r, ok := p.rows[hash]
	p.told(fmt.Sprint(ok, r.Epoch))
	if !ok {
		return nil, session.ErrNone
	}
	return &r, nil
}

func (p *memoryPlace) Put(_ context.Context, r *session.Record) error {
	if r.Ended() && (p.w.fault == noMarks || p.w.fault == noMarksWhenMoved && p.w.phaseOfRunning() == session.Moved) {
		return p.Delete(context.Background(), r.AccountID, r.Hash)
	}
	if err := p.step("Put", r.Hash); err != nil {
		return err
	}
	p.rows[r.Hash] = *r
	return nil
}

func (p *memoryPlace) Add(_ context.Context, r *session.Record) (bool, error) {
	if err := p.step("Add", r.Hash); err != nil {
		return false, err
	}
	_, there := p.rows[r.Hash]
	if there && p.w.fault != copiesOver {
		p.told("there")
		return false, nil
	}
	p.rows[r.Hash] = *r
	p.told("added")
	return true, nil
}

func (p *memoryPlace) Touch(_ context.Context, _ int64, hash string, used, expires time.Time) error {
	if err := p.step("Touch", hash); err != nil {
		return err
	}
	if r, ok := p.rows[hash]; ok {
		r.UsedAt, r.ExpiresAt = used, expires
		p.rows[hash] = r
	}
	return nil
}

func (p *memoryPlace) Delete(_ context.Context, _ int64, hash string) error {
	if err := p.step("Delete", hash); err != nil {
		return err
	}
	delete(p.rows, hash)
	return nil
}

func (p *memoryPlace) List(context.Context, int64) ([]*session.Record, error) {
	if err := p.step("List", ""); err != nil {
		return nil, err
	}
	var all []*session.Record
	for _, hash := range slices.Sorted(maps.Keys(p.rows)) {
		r := p.rows[hash]
		all = append(all, &r)
		p.told(hash + fmt.Sprint(r.Epoch))
	}
	return all, nil
}

func (p *memoryPlace) DeleteOthers(_ context.Context, _ int64, keep string) error {
	if err := p.step("DeleteOthers", keep); err != nil {
		return err
	}
	maps.DeleteFunc(p.rows, func(hash string, _ session.Record) bool { return hash != keep })
	return nil
}

// Each reads all at once: the longest that a copy may be out of date.
func (p *memoryPlace) Each(ctx context.Context, f func(*session.Record) error) error {
	all, err := p.List(ctx, 0)
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// state is what the place holds.
func (p *memoryPlace) state() string {
	var b strings.Builder
	for _, hash := range slices.Sorted(maps.Keys(p.rows)) {
		fmt.Fprintf(&b, "%s%d ", hash, p.rows[hash].Epoch)
	}
	return b.String()
}
