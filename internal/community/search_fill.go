package community

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// Posts and names come into the index of the search in the transactions that write them. What was written before there was an index,
// or with another way to find words, this job indexes, from the newest post on. Processes of the release before, which may
// serve beside this one for the length of a rolling upgrade, do not keep the index, so when that is over the job looks
// through all posts once more.
const (
	jobSearchFill = "search.fill" // periodic, and continued by itself

	infoSearchFill = "search_fill" // a fillState

	// fillVersion goes up when store.IndexPosts finds other words in the same posts.
	fillVersion = 1

	fillSlice = time.Minute // of one run; a large site is continued by another job
	fillBatch = 200
)

// fillState is how far the job is.
type fillState struct {
	Version int          `json:"version"`
	Pass    int          `json:"pass"`  // 1, then 2
	Names   int64        `json:"names"` // the names of accounts up to this id are done; -1: all are
	Below   int64        `json:"below"` // posts from this id on are done in this pass; 0: all are
	Seen    int          `json:"seen"`  // posts and comments looked at in this pass
	Changed int          `json:"changed"`
	Since   store.Millis `json:"since"` // the first pass began
	At      store.Millis `json:"at"`    // this was written
}

func (f fillState) done() bool { return f.Version == fillVersion && f.Pass == 2 && f.Below == 0 }

// runSearchFill works for a while, and adds the job that goes on.
func (c *Community) runSearchFill(ctx context.Context, job *queue.Job) error {
	ctx = store.Primary(ctx)
	var arg struct {
		Goes bool `json:"goes_on"`
	}
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	now, err := c.Store.Now(ctx)
	if err != nil {
		return err
	}
	f, err := c.fillState(ctx, now)
	if err != nil {
		return err
	}
	switch {
	case f.done():
		return nil
	case f.Below == 0: // the first pass is over
		if now < f.Since+store.Millis(rollingUpgrade.Milliseconds()) {
			return nil
		}
		f = fillState{Version: f.Version, Pass: 2, Below: math.MaxInt64, Since: f.Since}
	case !arg.Goes && f.At != 0 && now < f.At+store.Millis(3*fillSlice.Milliseconds()):
		return nil // another job is at it
	}
	end := time.Now().Add(fillSlice)
	err = c.fillSearch(ctx, &f, func() bool { return time.Now().After(end) })
	if err != nil {
		return err
	}
	c.Log.Info("the index of the search is filled", "pass", f.Pass, "posts", f.Seen, "changed", f.Changed, "done", f.Below == 0)
	return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
		if f.Below == 0 {
			return nil
		}
		return tx.AddJob(ctx, jobSearchFill, map[string]bool{"goes_on": true}, 0)
	})
}

func (c *Community) fillState(ctx context.Context, now store.Millis) (f fillState, err error) {
	text, err := c.Store.SiteInfo(ctx, infoSearchFill)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return f, err
	}
	if err != nil || json.Unmarshal([]byte(text), &f) != nil || f.Version != fillVersion {
		f = fillState{Version: fillVersion, Pass: 1, Below: math.MaxInt64, Since: now}
	}
	return f, nil
}

// fillSearch makes the index true of the posts from f on, in batches, and writes down how far it is. It can be repeated at
// any point.
func (c *Community) fillSearch(ctx context.Context, f *fillState, enough func() bool) error {
	pace := newPacer(fillBatch)
	for f.Below != 0 && !enough() {
		err := pace.batch(ctx, func(limit int) (int, error) {
			if f.Names >= 0 {
				return c.fillNames(ctx, f, limit)
			}
			ids, err := c.Store.IndexedBelow(ctx, f.Below, limit)
			if err != nil {
				return 0, err
			}
			wrong, err := c.Store.Misindexed(ctx, ids)
			if err != nil {
				return 0, err
			}
			state := *f
			state.Below, state.Seen = 0, f.Seen+len(ids)
			if len(ids) > 0 {
				state.Below = ids[len(ids)-1]
			}
			err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				state.Changed = f.Changed
				if len(wrong) > 0 {
					if err := tx.LockPosts(ctx, wrong); err != nil { // whoever edits one has locked it
						return err
					}
					n, err := tx.IndexPosts(ctx, wrong...)
					if err != nil {
						return err
					}
					state.Changed += n
				}
				return state.save(ctx, tx)
			})
			if err != nil {
				return 0, err
			}
			*f = state
			return len(ids), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fillNames is a batch of the accounts' names, which come before the posts.
func (c *Community) fillNames(ctx context.Context, f *fillState, limit int) (int, error) {
	state := *f
	ids, err := c.Store.AccountIDsAfter(ctx, f.Names, limit)
	if err != nil {
		return 0, err
	}
	state.Names = -1
	if len(ids) > 0 {
		state.Names = ids[len(ids)-1]
	}
	err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if len(ids) > 0 {
			if _, err := tx.LockAccounts(ctx, ids...); err != nil {
				return err
			}
			if err := tx.IndexNames(ctx, ids); err != nil {
				return err
			}
		}
		return state.save(ctx, tx)
	})
	if err == nil {
		*f = state
	}
	return max(1, len(ids)), err
}

// save writes down how far the job is.
func (f *fillState) save(ctx context.Context, tx *store.Store) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	f.At = now
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return tx.SetSiteInfo(ctx, infoSearchFill, string(text))
}
