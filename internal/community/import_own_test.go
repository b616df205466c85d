package community

import (
	"slices"
	"testing"

	"tintype/internal/archive"
	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// Who moves here from another site of this kind finds what an export holds of posts: what was covered is covered, and albums hold what
// they held, for no more people.
func TestImportOfAnExport(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	yes, no := true, false
	one, two := d.wait(d.ann, d.upload(d.ann, []byte(photograph(1))).ID), d.wait(d.ann, d.upload(d.ann, []byte(photograph(2))).ID)
	_, err := d.Publish(ctx, d.ann, NewPost{
		Caption: "Covered", PhotoIDs: []int64{one.ID, two.ID}, Descriptions: map[int64]string{two.ID: "A pier"}, Focus: map[int64]media.Focus{two.ID: {X: 0.5, Y: -0.25}},
		Sensitive: &yes, ShowExif: &no, Licence: "cc-by-nc-4.0", CommentsFrom: store.CommentsFromNobody, Language: "fr", Visibility: store.Public,
	})
	must(err)
	open := d.publish(d.ann, "Open", store.Public, 1)
	adders, lastDays := map[string]string{"Both": store.AddersOwner, "Mine": store.AddersInvited, "Members": store.AddersMembers}, map[string]string{"Both": "2024-05-31", "Members": "2999-12-31"}
	for _, al := range []struct {
		title  string
		v      store.Visibility
		photos []int64
	}{{"Both", store.Public, []int64{two.ID, open.Photos[0].ID}}, {"Mine", store.AlbumInvited, []int64{two.ID}}, {"Members", store.AlbumMembers, []int64{one.ID}}} {
		form := AlbumForm{Title: al.title, Description: "Of " + al.title, Visibility: al.v, Adders: adders[al.title], Ordering: store.OrderNewest}
		made, err := d.CreateAlbum(ctx, d.ann, form)
		must(err)
		_, err = d.AddToAlbum(ctx, d.ann, made.ID, al.photos, false)
		must(err)
		form.LastDay = lastDays[al.title] // of one that is over
		must(d.EditAlbum(ctx, d.ann, made.ID, form))
		if al.title == "Both" {
			must(d.SetAlbumCover(ctx, d.ann, made.ID, two.ID))
		}
	}
	d.password(d.ann)
	must(d.StartExport(ctx, d.ann, Confirmation{Password: annsPassword}))
	_, files := d.exported(d.ann)
	var pairs []string
	for name, text := range files {
		pairs = append(pairs, name, text)
	}
	_, err = d.UpdatePosting(ctx, d.bob, PostingChange{Licence: ptr("cc0-1.0"), Sensitive: &no, ShowExif: &yes})
	must(err)
	d.bob = d.account("bob")

	found := d.sendImport(d.bob, zipped(t, pairs...)).Found.V
	if slices.Sort(found.Albums); found.Source != archive.Own || !slices.Equal(found.Albums, []string{"Both", "Members", "Mine"}) {
		t.Errorf("the preview is %+v", found)
	}
	must(d.BeginImport(ctx, d.bob, store.Public))
	if i := d.imported(d.bob, store.ImportDone, store.ImportFailed); i.Report.V.Posts != 2 {
		t.Fatalf("the report of a %s import is %+v", i.State, i.Report.V)
	}
	posts := d.postsOf(d.bob)
	i := slices.IndexFunc(posts, func(p store.Post) bool { return p.Caption == "Covered" })
	if i < 0 {
		t.Fatalf("the posts are %+v", posts)
	}
	p := posts[i]
	if !p.Sensitive || p.ShowExif || p.Licence != "cc-by-nc-4.0" || p.CommentsFrom != store.CommentsFromNobody || p.Language != "fr" || p.Visibility != store.Public {
		t.Errorf("the covered post is %+v", p)
	}
	if other := posts[1-i]; other.Sensitive || other.Licence != AllRightsReserved || other.CommentsFrom != store.CommentsFromEveryone {
		t.Errorf("the open post is %+v", other)
	}
	photos, err := d.Store.WholePhotosOf(ctx, []int64{p.ID})
	must(err)
	if len(photos) != 2 || photos[1].Description != "A pier" || photos[1].FocusX != 0.5 || photos[1].FocusY != -0.25 || photos[0].FocusX != 0 {
		t.Fatalf("its photos are %+v", photos)
	}
	albums, err := d.Store.AlbumsOf(ctx, d.bob, d.bob.ID, store.Range{Limit: 10})
	must(err)
	held := map[string]store.Visibility{}
	for _, al := range albums {
		held[al.Title] = al.Visibility
		if al.Description != "Of "+al.Title || al.Ordering != store.OrderNewest {
			t.Errorf("%s is described as %q, in the order %s", al.Title, al.Description, al.Ordering)
		}
		if form := (&Album{Album: *al}).Form(); form.Adders != adders[al.Title] || form.LastDay != lastDays[al.Title] {
			t.Errorf("%s takes photos of %s until %q", al.Title, form.Adders, form.LastDay)
		}
		if both := al.Title == "Both"; both != (al.CoverPhotoID != nil) || both && *al.CoverPhotoID != photos[1].ID {
			t.Errorf("the cover of %s is %v", al.Title, al.CoverPhotoID)
		}
		refs, err := d.Store.AlbumPhotos(ctx, d.bob, al, 0, 10)
		must(err)
		var ids []int64
		for _, r := range refs {
			ids = append(ids, r.PhotoID)
		}
		want := map[string]int{"Both": 2, "Mine": 1, "Members": 1}[al.Title]
		if len(ids) != want || slices.Contains(ids, photos[0].ID) != (al.Title == "Members") {
			t.Errorf("%s holds %v", al.Title, ids)
		}
	}
	if len(albums) != 3 || held["Both"] != store.Public || held["Mine"] != store.AlbumInvited || held["Members"] != store.AlbumMembers {
		t.Errorf("the albums are for %v", held)
	}
	must(d.StopImport(ctx, d.bob))
	must(d.DropExport(ctx, d.ann))
	d.idle()
	d.sweepAll()
	d.consistent()
}

// An album is for no more people than the posts, nor than it was before. One of another service in which nothing was for everybody is
// its owner's.
func TestWhoSeesAnImportedAlbum(t *testing.T) {
	items := []archive.Item{
		{Albums: []string{"Mixed", "Closed"}, Closed: true, Photos: make([]archive.ItemPhoto, 1)}, {Albums: []string{"Mixed"}, Photos: make([]archive.ItemPhoto, 1)},
	}
	w := &importer{found: &archive.Found{Items: items, Albums: []archive.Album{
		{Title: "Told", Visibility: "followers"}, {Title: "Twice", Visibility: "public"}, {Title: "Twice", Visibility: "invited"}, {Title: "Odd", Visibility: "friends"},
	}}}
	for chosen, want := range map[store.Visibility]map[string]store.Visibility{
		store.Public:    {"Mixed": store.Public, "Closed": store.AlbumInvited, "Told": store.Followers, "Twice": store.AlbumInvited, "Odd": store.AlbumInvited},
		store.Unlisted:  {"Mixed": store.AlbumMembers, "Closed": store.AlbumInvited, "Told": store.Followers},
		store.Followers: {"Mixed": store.Followers, "Closed": store.AlbumInvited, "Told": store.Followers},
	} {
		for title, v := range want {
			w.row = &store.Import{Visibility: chosen}
			if got := w.albumForm(title).Visibility; got != v {
				t.Errorf("%s, imported for %s, is for %s; want %s", title, chosen, got, v)
			}
		}
	}
}
