// Package demo fills a site with made-up members, follows, posts, likes and comments: to look at, to show, and to
// measure with up to millions of posts. The pictures go through the site's own pipeline, and many posts share each
// of them.
package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

// Domain ends the e-mail address of every account that is made here.
const Domain = "demo.invalid"

// ErrReal means that the site has real members.
var ErrReal = errors.New("this site has members who are not from a demo")

// Options describe the demo.
type Options struct {
	Community *community.Community

	Accounts, Posts int
	PhotosDir       string // the pictures to post; painted ones without it
	Pictures        int    // how many to paint
	Likes, Comments float64
	Seed            uint64
	Force           bool   // also where real members are
	Password        string // of everybody made here

	Progress func(stage string, done, total int) // may be nil
	Skipped  func(reason string)                 // told of files that cannot be posted; may be nil
}

// Summary is what was made.
type Summary struct {
	Accounts  int    `json:"accounts"`
	Follows   int    `json:"follows"`
	Posts     int    `json:"posts"`
	Photos    int    `json:"photos"`
	Pictures  int    `json:"pictures"`
	Comments  int    `json:"comments"`
	Likes     int    `json:"likes"`
	Boosts    int    `json:"boosts"`
	Bookmarks int    `json:"bookmarks"`
	Login     string `json:"login"` // the most active member
}

// span is how far back a demo site's history goes.
const span = 365 * 24 * time.Hour

// recent is the age below which the members have not read a notification.
const recent = 7 * 24 * time.Hour

// batch is how many posts one transaction writes, with all their rows.
const batch = 1000

type filler struct {
	Options
	store    *store.Store
	hash     string // of the password
	rnd      *rand.Rand
	start    time.Time
	end      time.Time
	accounts []store.Account
	prints   []print
	authors  *zipf // by how much they post
	readers  *zipf // by how much they like and comment
	tags     map[string]int64
	sum      Summary
	lastID   int64
}

// Fill makes the demo. ErrReal if there are real members and Force is not set. Posts that were written before
// an error stay, whole and counted.
func Fill(ctx context.Context, o Options) (*Summary, error) {
	if o.Accounts < 2 || o.Posts < 0 || o.PhotosDir == "" && o.Pictures < 1 {
		return nil, errors.New("a demo has at least 2 accounts and 1 picture")
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	if o.Skipped == nil {
		o.Skipped = func(string) {}
	}
	ctx = store.Primary(ctx)
	if real, err := o.Community.Store.AccountsOutside(ctx, Domain); err != nil {
		return nil, err
	} else if real > 0 && !o.Force {
		return nil, ErrReal
	}
	end := time.Now().Add(-time.Minute)
	hash, err := o.Community.HashPassword(ctx, o.Password)
	if err != nil {
		return nil, err
	}
	f := &filler{Options: o, store: o.Community.Store, hash: hash, rnd: rand.New(rand.NewPCG(o.Seed, 1)), start: end.Add(-span), end: end}
	f.authors, f.readers = newZipf(f.rnd, o.Accounts), newZipf(f.rnd, o.Accounts)
	pictures, err := f.develops(ctx)
	if err != nil {
		return nil, err
	}
	f.prints = pictures
	f.sum.Pictures = len(pictures)
	for _, step := range []func(context.Context) error{f.people, f.follows, f.ensureTags, f.posts} {
		if err := step(ctx); err != nil {
			return &f.sum, err
		}
	}
	f.sum.Login = f.accounts[f.authors.order[0]].Username
	return &f.sum, nil
}

// id returns an id of the moment.
func (f *filler) id(t time.Time) int64 { return t.UnixMilli()<<16 | f.rnd.Int64N(1<<16) }

// between returns a moment from a to b, near a more often than near b where skew is above 1.
func (f *filler) between(a, b time.Time, skew float64) time.Time {
	t := f.rnd.Float64()
	for range int(skew) - 1 {
		t *= f.rnd.Float64()
	}
	return a.Add(time.Duration(t * float64(b.Sub(a))))
}

// people makes the accounts, in the order in which they joined.
func (f *filler) people(ctx context.Context) error {
	taken, err := f.store.UsernameKeys(ctx)
	if err != nil {
		return err
	}
	joined := []time.Time{f.start} // somebody has to post first
	for range f.Accounts - 1 {
		joined = append(joined, f.between(f.start, f.start.Add(span*6/10), 2))
	}
	slices.SortFunc(joined, time.Time.Compare)
	for i, p := range people(f.rnd, taken, f.Accounts, store.Fold) {
		at := store.ToMillis(joined[i])
		email := p.username + "@" + Domain
		key := store.EmailKey(email)
		a := store.Account{ID: f.next(joined[i]), Username: p.username, UsernameKey: store.Fold(p.username), Email: email, EmailKey: &key,
			PasswordHash: f.hash, DisplayName: p.name, Note: p.note, Fields: store.JSON[[]store.Field]{V: []store.Field{}},
			Role: store.RoleMember, CreatedAt: at, UpdatedAt: at}
		if f.rnd.IntN(20) == 0 {
			a.DisplayName = ""
		}
		f.accounts = append(f.accounts, a)
	}
	done := 0
	for list := range slices.Chunk(f.accounts, batch) {
		err := f.store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			rnd := rand.New(rand.NewPCG(f.Seed, uint64(done)+2)) // the same again if the transaction runs again
			rows := slices.Clone(list)
			var photos []store.ImportPhoto
			for i := range rows {
				a := &rows[i]
				for _, photo := range []struct {
					purpose string
					of10    int
					id      **int64
				}{{store.PurposeAvatar, 7, &a.AvatarPhotoID}, {store.PurposeHeader, 4, &a.HeaderPhotoID}} {
					if rnd.IntN(10) >= photo.of10 {
						continue
					}
					p := pick(rnd, f.prints).photo
					p.ID, p.AccountID, p.Purpose = a.ID+int64(len(photos))+1, a.ID, photo.purpose
					p.CreatedAt, p.UpdatedAt, p.AttachedAt = a.CreatedAt, a.CreatedAt, &a.CreatedAt
					id := p.ID
					*photo.id = &id
					photos = append(photos, p)
				}
			}
			if err := tx.ImportAccounts(ctx, rows); err != nil {
				return err
			}
			return tx.ImportPhotos(ctx, photos)
		})
		if err != nil {
			return fmt.Errorf("write accounts: %w", err)
		}
		done += len(list)
		f.sum.Accounts = done
		f.Progress("accounts", done, f.Accounts)
	}
	return nil
}

// next returns an id of the moment that is above all that next returned before.
func (f *filler) next(t time.Time) int64 {
	f.lastID = max(f.lastID+1, f.id(t))
	return f.lastID
}

// follows makes everybody follow some accounts, the busy ones most.
func (f *filler) follows(ctx context.Context) error {
	var list []store.Follow
	flush := func() error {
		deltas := map[int64]store.AccountDelta{}
		for _, fo := range list {
			d := deltas[fo.FollowerID]
			d.Following++
			deltas[fo.FollowerID] = d
			d = deltas[fo.FolloweeID]
			d.Followers++
			deltas[fo.FolloweeID] = d
		}
		err := f.store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if err := tx.ImportFollows(ctx, list); err != nil {
				return err
			}
			return tx.AddToAccounts(ctx, deltas)
		})
		f.sum.Follows += len(list)
		list = list[:0]
		return err
	}
	most := min(f.Accounts-1, 60)
	for i := range f.accounts {
		n := min(1+few(f.rnd, float64(most)/2), 3*most, f.Accounts-1)
		for _, k := range f.authors.some(f.rnd, n, i, func(int) bool { return true }) {
			since := f.accounts[max(i, k)].CreatedAt.Time()
			at := f.between(since, f.end, 2)
			list = append(list, store.Follow{ID: f.id(at), FollowerID: f.accounts[i].ID, FolloweeID: f.accounts[k].ID, CreatedAt: store.ToMillis(at)})
		}
		if len(list) >= 4*batch || i == f.Accounts-1 {
			if err := flush(); err != nil {
				return fmt.Errorf("write follows: %w", err)
			}
			f.Progress("follows", i+1, f.Accounts)
		}
	}
	return nil
}

// ensureTags makes every tag that a caption may have.
func (f *filler) ensureTags(ctx context.Context) error {
	names := map[string]string{}
	for _, t := range generalTags {
		names[store.Fold(t)] = t
	}
	for _, p := range f.prints {
		for _, t := range p.tags {
			names[store.Fold(t)] = t
		}
	}
	ids, err := f.store.EnsureTags(ctx, names)
	if err != nil {
		return fmt.Errorf("write tags: %w", err)
	}
	f.tags = make(map[string]int64, len(ids))
	for i, key := range slices.Sorted(maps.Keys(names)) {
		f.tags[key] = ids[i]
	}
	return nil
}
