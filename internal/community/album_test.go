package community

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
)

// album makes an album that the owner fills with photos.
func (g *testSite) album(owner *store.Account, f AlbumForm, photos ...int64) int64 {
	g.t.Helper()
	if f.Title == "" {
		f.Title = "An album"
	}
	if f.Visibility == "" {
		f.Visibility = store.Public
	}
	if f.Adders == "" {
		f.Adders = store.AddersOwner
	}
	if f.Ordering == "" {
		f.Ordering = store.OrderByHand
	}
	al, err := g.CreateAlbum(g.ctx, owner, f)
	g.must(err)
	if len(photos) > 0 {
		_, err = g.AddToAlbum(g.ctx, owner, al.ID, photos, false)
		g.must(err)
	}
	return al.ID
}

// inAlbumFor are the photos that the viewer finds in the album, in order, by every way that leads to them; nil where the
// viewer does not find the album itself.
func (g *testSite) inAlbumFor(viewer *store.Account, id int64) []int64 {
	g.t.Helper()
	al, err := g.AlbumByID(g.ctx, viewer, id)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnauthenticated) {
		return nil
	}
	g.must(err)
	items, total, err := g.AlbumItems(g.ctx, viewer, al, 0, 40)
	g.must(err)
	out := []int64{}
	for _, item := range items {
		out = append(out, item.Photo.ID)
	}
	if total != len(out) {
		g.t.Errorf("%d photos are counted, %d shown", total, len(out))
	}
	for i, photo := range out {
		s, err := g.AlbumSlide(g.ctx, viewer, al, photo)
		g.must(err)
		if s.Place != i+1 || s.Total != total || s.Photo.ID != photo || (i > 0) != (s.Previous != 0) || (i < total-1) != (s.Next != 0) {
			g.t.Errorf("photo %d of %d: %+v", i+1, total, s)
		}
	}
	return out
}

// lists are the albums that the viewer finds on the list of all and on the owner's profile.
func (g *testSite) albumLists(viewer, owner *store.Account) (all, profile []int64) {
	g.t.Helper()
	ids := func(albums []*Album, err error) (out []int64) {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		g.must(err)
		for _, al := range albums {
			out = append(out, al.ID)
			if al.Cover != nil {
				if seen := g.inAlbumFor(viewer, al.ID); !slices.Contains(seen, al.Cover.Photo.ID) {
					g.t.Errorf("the cover %d is none of the photos %v", al.Cover.Photo.ID, seen)
				}
			} else if seen := g.inAlbumFor(viewer, al.ID); len(seen) > 0 {
				g.t.Errorf("an album with photos %v has no cover", seen)
			}
		}
		return out
	}
	all = ids(g.Albums(g.ctx, viewer, Cursor{}))
	return all, ids(g.AlbumsOf(g.ctx, viewer, owner.ID, Cursor{}))
}

func TestWhoSeesAnAlbum(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, member, follower, invited, blocked, blocker := g.account("ann"), g.account("member"), g.account("follower"), g.account("invited"), g.account("blocked"), g.account("blocker")
		for _, who := range []*store.Account{follower, blocked, blocker} {
			_, err := g.Follow(g.ctx, who, ann.ID)
			g.must(err)
		}
		open, closed := g.post(ann, store.Public, "open").Photos[0].ID, g.post(ann, store.Followers, "for followers").Photos[0].ID
		albums := map[store.Visibility]int64{}
		for _, v := range []store.Visibility{store.Public, store.AlbumMembers, store.Followers, store.AlbumInvited} {
			albums[v] = g.album(ann, AlbumForm{Title: string(v), Visibility: v}, open, closed)
			g.must(g.InviteToAlbum(g.ctx, ann, albums[v], "@invited"))
			for _, who := range []string{"blocked", "blocker"} { // before the blocks, which are stronger
				g.must(g.InviteToAlbum(g.ctx, ann, albums[v], who))
			}
		}
		_, err := g.Block(g.ctx, ann, blocked.ID)
		g.must(err)
		_, err = g.Block(g.ctx, blocker, ann.ID)
		g.must(err)

		const none, sees, seesAll = 0, 1, 2 // not the album; the open photo; both
		for _, c := range []struct {
			who                                 string
			viewer                              *store.Account
			public, members, followers, invited int
			listed                              int // on the list of all
		}{
			{"a visitor", nil, sees, none, none, none, 1},
			{"a member", member, sees, sees, none, none, 2},
			{"a follower", follower, seesAll, seesAll, seesAll, none, 2},
			{"an invited member", invited, sees, sees, sees, sees, 2},
			{"somebody whom the owner blocked", blocked, none, none, none, none, 0},
			{"somebody who blocked the owner", blocker, none, none, none, none, 0},
			{"the owner", ann, seesAll, seesAll, seesAll, seesAll, 2},
		} {
			found := 0
			for v, want := range map[store.Visibility]int{store.Public: c.public, store.AlbumMembers: c.members, store.Followers: c.followers, store.AlbumInvited: c.invited} {
				wanted := [][]int64{nil, {open}, {open, closed}}[want]
				if got := g.inAlbumFor(c.viewer, albums[v]); !slices.Equal(got, wanted) || (got == nil) != (wanted == nil) {
					t.Errorf("%s finds %v in the album for %s, want %v", c.who, got, v, wanted)
				}
				if want != none {
					found++
				}
			}
			all, profile := g.albumLists(c.viewer, ann)
			if len(all) != c.listed || len(profile) != found {
				t.Errorf("%s finds %d albums listed and %d on the profile, want %d and %d", c.who, len(all), len(profile), c.listed, found)
			}
		}

		// Who is not invited any more sees no more of it, and a suspended owner's albums are nobody's.
		g.must(g.UninviteFromAlbum(g.ctx, invited, albums[store.AlbumInvited], invited.ID))
		if got := g.inAlbumFor(invited, albums[store.AlbumInvited]); got != nil {
			t.Errorf("who has left the album finds %v", got)
		}
		_, err = g.SuspendAccount(g.ctx, "ann", true)
		g.must(err)
		for _, who := range []*store.Account{nil, member, follower, invited} {
			for _, id := range albums {
				if got := g.inAlbumFor(who, id); got != nil {
					t.Errorf("an album of a suspended owner shows %v", got)
				}
			}
		}
	})
}

func TestASharedAlbum(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob, eve, reader := g.account("ann"), g.account("bob"), g.account("eve"), g.account("reader")
		anns, bobs, eves := g.post(ann, store.Public, "").Photos[0].ID, g.post(bob, store.Public, "").Photos[0].ID, g.post(eve, store.Public, "").Photos[0].ID
		add := func(who *store.Account, id int64, photos ...int64) error {
			_, err := g.AddToAlbum(g.ctx, who, id, photos, false)
			return err
		}
		own := g.album(ann, AlbumForm{}, anns)
		shared := g.album(ann, AlbumForm{Adders: store.AddersInvited}, anns)
		all := g.album(ann, AlbumForm{Adders: store.AddersMembers}, anns)
		private := g.album(ann, AlbumForm{Adders: store.AddersMembers, Visibility: store.AlbumInvited}, anns)
		for _, id := range []int64{own, shared, private} {
			g.must(g.InviteToAlbum(g.ctx, ann, id, "bob"))
		}
		for _, c := range []struct {
			what string
			err  error
			want error
		}{
			{"an invited member adds to an album of the owner's alone", add(bob, own, bobs), ErrForbidden},
			{"an invited member adds", add(bob, shared, bobs), nil},
			{"and again", add(bob, shared, bobs), nil},
			{"another adds to an album for the invited", add(eve, shared, eves), ErrForbidden},
			{"a member adds where all do", add(eve, all, eves), nil},
			{"a member adds to one that nobody shows them", add(eve, private, eves), ErrNotFound},
			{"somebody else's photo", add(bob, shared, anns), ErrNotFound},
			{"an own photo and somebody else's", add(bob, all, bobs, anns), ErrNotFound},
			{"a photo that is in no post", add(ann, own, g.photo(ann)), ErrNotFound},
			{"a photo that is not there", add(ann, own, 7), ErrNotFound},
			{"a visitor", add(nil, all, eves), ErrUnauthenticated},
			{"another invites", g.InviteToAlbum(g.ctx, bob, shared, "eve"), ErrForbidden},
			{"another takes an invitation back", g.UninviteFromAlbum(g.ctx, eve, shared, bob.ID), ErrForbidden},
			{"another edits", g.EditAlbum(g.ctx, bob, shared, AlbumForm{Title: "mine"}), ErrForbidden},
			{"another chooses the cover", g.SetAlbumCover(g.ctx, bob, shared, bobs), ErrForbidden},
			{"another moves", g.MoveInAlbum(g.ctx, bob, shared, bobs, MoveFirst, 0), ErrForbidden},
			{"another deletes", g.DeleteAlbum(g.ctx, bob, shared), ErrForbidden},
			{"another deletes what nobody shows them", g.DeleteAlbum(g.ctx, eve, private), ErrNotFound},
			{"another removes the owner's photo", g.RemoveFromAlbum(g.ctx, bob, shared, anns), ErrNotFound},
			{"who added it removes it", g.RemoveFromAlbum(g.ctx, eve, all, eves), nil},
			{"and again", g.RemoveFromAlbum(g.ctx, eve, all, eves), ErrNotFound},
			{"the owner removes another's", g.RemoveFromAlbum(g.ctx, ann, shared, bobs), nil},
		} {
			if !errors.Is(c.err, c.want) || c.want == nil && c.err != nil {
				t.Errorf("%s: %v, want %v", c.what, c.err, c.want)
			}
		}
		for id, want := range map[int64][]int64{own: {anns}, shared: {anns}, all: {anns}} {
			if got := g.inAlbumFor(reader, id); !slices.Equal(got, want) {
				t.Errorf("the album has %v, want %v", got, want)
			}
		}

		// A photo of somebody with whom the owner has a block is shown to nobody, and not counted.
		g.must(add(bob, shared, bobs))
		_, err := g.Block(g.ctx, bob, ann.ID)
		g.must(err)
		if got := g.inAlbumFor(reader, shared); !slices.Equal(got, []int64{anns}) {
			t.Errorf("with a block the album has %v", got)
		}
		// One of somebody whom the reader muted is left out for the reader.
		g.must(add(eve, all, eves))
		_, err = g.Mute(g.ctx, reader, eve.ID, MuteOptions{})
		g.must(err)
		if got := g.inAlbumFor(reader, all); !slices.Equal(got, []int64{anns}) {
			t.Errorf("with a mute the album has %v", got)
		}
		if got := g.inAlbumFor(nil, all); !slices.Equal(got, []int64{anns, eves}) {
			t.Errorf("for a visitor the album has %v", got)
		}
	})
}

func TestTheLastDayOfAnAlbum(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		photo := g.post(bob, store.Public, "").Photos[0].ID
		today := time.Now().UTC()
		form := AlbumForm{Title: "Fog", Visibility: store.Public, Adders: store.AddersMembers, Ordering: store.OrderByHand}
		for day, over := range map[time.Time]bool{today.AddDate(0, 0, -1): true, today.AddDate(0, 0, 1): false} {
			form.LastDay = day.Format(time.DateOnly)
			id := g.album(ann, form)
			al, err := g.AlbumByID(g.ctx, bob, id)
			g.must(err)
			if al.Form() != form {
				t.Errorf("the form is %+v, and was %+v", al.Form(), form)
			}
			if al.MayAdd(bob, time.Now()) == over {
				t.Errorf("the last day %s: whether it is over is told wrongly", form.LastDay)
			}
			offered, err := g.AlbumsToAddTo(g.ctx, bob)
			g.must(err)
			if slices.ContainsFunc(offered, func(al *Album) bool { return al.ID == id }) == over {
				t.Errorf("the last day %s: whether it is offered is wrong", form.LastDay)
			}
			for _, who := range []*store.Account{bob, ann} {
				mine := photo
				if who == ann {
					mine = g.post(ann, store.Public, "").Photos[0].ID
				}
				_, err = g.AddToAlbum(g.ctx, who, id, []int64{mine}, false)
				var refused *Invalid
				if over != (errors.As(err, &refused) && refused.Fields[0].Code == "over") || !over && err != nil {
					t.Errorf("the last day %s, %s: %v", form.LastDay, who.Username, err)
				}
			}
		}
	})
}

// An album of a limited member is offered to nobody who did not ask for it: moderators limit who would reach everybody.
func TestAlbumsOfLimitedMembersAreNotOffered(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob, eve := g.account("ann"), g.account("bob"), g.account("eve")
		all := g.album(ann, AlbumForm{Title: "Cheap pills", Visibility: store.Public, Adders: store.AddersMembers, Ordering: store.OrderByHand})
		offered := func(who *store.Account) bool {
			t.Helper()
			list, err := g.AlbumsToAddTo(g.ctx, who)
			g.must(err)
			return slices.ContainsFunc(list, func(al *Album) bool { return al.ID == all })
		}
		_, err := g.Follow(g.ctx, eve, ann.ID)
		g.must(err)
		if !offered(bob) || !offered(eve) {
			t.Error("an album to which everybody adds is not offered")
		}
		_, err = g.Store.SQL().ExecContext(g.ctx, "UPDATE accounts SET limited_at = 1 WHERE id = ?", ann.ID)
		g.must(err)
		ann, err = g.Store.AccountByID(g.ctx, ann.ID)
		g.must(err)
		if offered(bob) || !offered(eve) || !offered(ann) {
			t.Errorf("of a limited member: to somebody %t, to a follower %t, to its owner %t", offered(bob), offered(eve), offered(ann))
		}
	})
}

func TestWhatGoesLeavesItsAlbums(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob, eve := g.account("ann"), g.account("bob"), g.account("eve")
		first, second := g.post(bob, store.Public, "first"), g.post(bob, store.Public, "second")
		anns := g.album(ann, AlbumForm{Adders: store.AddersMembers})
		bobs := g.album(bob, AlbumForm{Adders: store.AddersMembers}, first.Photos[0].ID)
		eves := g.post(eve, store.Public, "").Photos[0].ID
		for _, id := range []int64{anns, bobs} {
			_, err := g.AddToAlbum(g.ctx, eve, id, []int64{eves}, false)
			g.must(err)
			g.must(g.InviteToAlbum(g.ctx, map[int64]*store.Account{anns: ann, bobs: bob}[id], id, "eve"))
		}
		_, err := g.AddToAlbum(g.ctx, bob, anns, []int64{first.Photos[0].ID, second.Photos[0].ID}, false)
		g.must(err)
		g.must(g.InviteToAlbum(g.ctx, ann, anns, "bob"))

		_, err = g.DeletePost(g.ctx, bob, first.ID)
		g.must(err)
		if got, want := g.inAlbumFor(nil, anns), []int64{eves, second.Photos[0].ID}; !slices.Equal(got, want) {
			t.Errorf("after the post was deleted: %v, want %v", got, want)
		}
		rows := func(q string, args ...any) (n int) {
			g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT COUNT(*) FROM "+q, args...).Scan(&n))
			return n
		}
		g.must(g.eraseRows(g.ctx, first.ID))
		if n := rows("album_photos WHERE photo_id = ?", first.Photos[0].ID); n != 0 {
			t.Errorf("%d rows of a photo that is gone", n)
		}

		g.must(g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error { return tx.HideAccount(ctx, bob.ID) }))
		if got := g.inAlbumFor(nil, bobs); got != nil {
			t.Errorf("a deleted account's album shows %v", got)
		}
		for pace := newPacer(accountBatch); ; {
			more, err := g.eraseAccountBatch(g.ctx, bob.ID, pace)
			g.must(err)
			if !more {
				break
			}
		}
		for _, q := range []string{"albums WHERE owner_id = ?", "album_members WHERE account_id = ?"} {
			if n := rows(q, bob.ID); n != 0 {
				t.Errorf("%d of %s", n, q)
			}
		}
		if n := rows("album_photos WHERE album_id = ?", bobs) + rows("album_members WHERE album_id = ?", bobs); n != 0 {
			t.Errorf("%d rows of an album that is gone", n)
		}
		if got := g.inAlbumFor(nil, anns); !slices.Equal(got, []int64{eves}) {
			t.Errorf("what others added: %v, want %v", got, []int64{eves})
		}
		g.must(g.DeleteAlbum(g.ctx, ann, anns))
		if n := rows("albums") + rows("album_photos") + rows("album_members"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		if _, err := g.PostByID(g.ctx, nil, second.ID); !errors.Is(err, ErrNotFound) { // bob's
			t.Errorf("a post of a deleted account: %v", err)
		}
	})
}

func TestAlbumForms(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann := g.account("ann")
		good := AlbumForm{Title: " An  outing ", Description: "One line\r\nand another ", Visibility: store.AlbumInvited, Adders: store.AddersInvited, Ordering: store.OrderNewest}
		for field, change := range map[string]func(*AlbumForm){
			"title":       func(f *AlbumForm) { f.Title = " \n" },
			"description": func(f *AlbumForm) { f.Description = strings.Repeat("ü", MaxAlbumDescription+1) },
			"visibility":  func(f *AlbumForm) { f.Visibility = store.Unlisted },
			"adders":      func(f *AlbumForm) { f.Adders = "" },
			"ordering":    func(f *AlbumForm) { f.Ordering = "p.id; --" },
			"last_day":    func(f *AlbumForm) { f.LastDay = "30.11.2026" },
		} {
			f := good
			change(&f)
			_, err := g.CreateAlbum(g.ctx, ann, f)
			var refused *Invalid
			if !errors.As(err, &refused) || len(refused.Fields) != 1 || refused.Fields[0].Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		al, err := g.CreateAlbum(g.ctx, ann, good)
		g.must(err)
		got, err := g.AlbumByID(g.ctx, ann, al.ID)
		g.must(err)
		if got.Title != "An outing" || got.Description != "One line\nand another" || got.Visibility != store.AlbumInvited || got.Adders != store.AddersInvited || got.Ordering != store.OrderNewest ||
			got.EndsAt != nil || got.CoverPhotoID != nil || got.Owner.ID != ann.ID || got.CreatedAt != al.CreatedAt || got.UpdatedAt != al.UpdatedAt {
			t.Errorf("%+v", got)
		}
	})
}

// Nobody fills the database: an album takes so many photos, and an account has so many albums.
func TestAlbumsAreBounded(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann := g.account("ann")
		photo := g.post(ann, store.Public, "").Photos[0].ID
		more := []int64{g.post(ann, store.Public, "").Photos[0].ID, g.post(ann, store.Public, "").Photos[0].ID}
		id := g.album(ann, AlbumForm{}, photo)
		err := g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
			added, full, err := tx.AddToAlbum(ctx, id, more, false, 2)
			if added != 0 || !full {
				t.Errorf("%d of two were added to an album with room for one", added)
			}
			return err
		})
		g.must(err)
		if got := g.inAlbumFor(nil, id); !slices.Equal(got, []int64{photo}) {
			t.Errorf("the album has %v", got)
		}
		for range MaxAlbums - 1 {
			g.album(ann, AlbumForm{})
		}
		var refused *Invalid
		if _, err := g.CreateAlbum(g.ctx, ann, AlbumForm{Title: "t", Visibility: store.Public, Adders: store.AddersOwner, Ordering: store.OrderByHand}); !errors.As(err, &refused) || refused.Fields[0].Code != "too_many" {
			t.Errorf("one album more: %v", err)
		}
		// Pages of them hold each once.
		seen := map[int64]bool{}
		for page := (Cursor{}); ; {
			albums, err := g.AlbumsWith(g.ctx, ann, page)
			g.must(err)
			for _, al := range albums {
				if seen[al.ID] {
					t.Fatal("an album is on two pages")
				}
				seen[al.ID] = true
			}
			if len(albums) < maxAlbumsListed {
				break
			}
			page.MaxID = albums[len(albums)-1].ID
		}
		if len(seen) != MaxAlbums {
			t.Errorf("the pages hold %d albums, want %d", len(seen), MaxAlbums)
		}
	})
}
