package community

import (
	"context"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// testSite is a site with a handful of people, for tests of posts.
type testSite struct {
	*Community
	t   testing.TB
	ctx context.Context
}

func testStore(t testing.TB) *store.Store { return storetest.SQLite(t) }

// onEachDatabase runs the test on a fresh site of each dialect.
func onEachDatabase(t *testing.T, test func(t *testing.T, g *testSite)) {
	storetest.EachDialect(t, func(t *testing.T, open func(t testing.TB) *store.Store) { test(t, newTestSite(t, open(t))) })
}

func newTestSite(t testing.TB, s *store.Store) *testSite {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	files, err := media.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &testSite{New(Options{Store: s, Media: files, BaseURL: "https://photos.example"}), t, ctx}
}

func (g *testSite) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *testSite) account(name string) *store.Account {
	g.t.Helper()
	a := &store.Account{ID: g.Store.NewID(), Username: name, Role: store.RoleMember, DefaultVisibility: store.Public, DefaultLicence: AllRightsReserved,
		DefaultShowExif: true, WarnedPhotos: "ask", Theme: "system"}
	g.must(g.Store.CreateAccount(g.ctx, a))
	return a
}

// photo leaves a ready photo as the pipeline does, with one small file.
func (g *testSite) photo(acc *store.Account) int64 {
	g.t.Helper()
	p := &store.Photo{ID: g.Store.NewID(), AccountID: acc.ID, Purpose: store.PurposePost, Source: store.SourceAPI, State: store.PhotoReady,
		SetRandom: media.NewRandom(), SetKind: store.SetPublic, Width: 1200, Height: 800,
		Variants: store.JSON[[]store.Variant]{V: []store.Variant{{Name: "320", Width: 320, Height: 213, Bytes: 4}}},
		Metadata: store.JSON[store.PhotoMetadata]{V: store.PhotoMetadata{Camera: "A box"}}}
	set := newSet{photo: p.ID, kind: p.SetKind, random: p.SetRandom, names: []string{"320"}}
	g.must(g.announceSets(g.ctx, set))
	g.must(g.putTo(g.ctx, set)(media.Variant{Name: "320", Bytes: 4}, strings.NewReader("file")))
	g.must(g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
		if _, err := tx.MediaObjectLive(ctx, set.random, set.names); err != nil {
			return err
		}
		return tx.AddPhoto(ctx, p)
	}))
	return p.ID
}

// post publishes a post with one photo.
func (g *testSite) post(acc *store.Account, v store.Visibility, caption string) *Post {
	g.t.Helper()
	p, err := g.Publish(g.ctx, acc, NewPost{Caption: caption, Visibility: v, PhotoIDs: []int64{g.photo(acc)}})
	g.must(err)
	return p
}

func (g *testSite) comment(acc *store.Account, on int64, text string) *Post {
	g.t.Helper()
	p, err := g.Publish(g.ctx, acc, NewPost{Caption: text, InReplyTo: on})
	g.must(err)
	return p
}

func idsOf(posts []*Post) []int64 {
	out := make([]int64, len(posts))
	for i, p := range posts {
		out[i] = p.ID
	}
	return out
}

func TestPublish(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		photos := []int64{g.photo(ann), g.photo(ann)}
		p, err := g.Publish(g.ctx, ann, NewPost{Caption: "Fog #Fog with @bob and @nobody\r\n", PhotoIDs: []int64{photos[1], photos[0]},
			Descriptions: map[int64]string{photos[1]: " A gate "}, Licence: "cc-by-4.0", ClearDraft: true})
		g.must(err)
		if p.Caption != "Fog #Fog with @bob and @nobody" || p.Licence != "cc-by-4.0" || !p.Listed || !p.Home || p.PhotosCount != 2 {
			t.Errorf("%+v", p.Post)
		}
		if len(p.Photos) != 2 || p.Photos[0].ID != photos[1] || p.Photos[0].Description != "A gate" || p.Photos[1].Position != 1 || len(p.Photos[0].Variants.V) != 1 {
			t.Errorf("photos %+v", p.Photos)
		}
		if len(p.Tags) != 1 || p.Tags[0].Name != "Fog" || len(p.Mentions) != 1 || p.Mentions[0].ID != bob.ID {
			t.Errorf("tags %v, mentions %v", p.Tags, p.Mentions)
		}
		if p.Author.PostsCount != 1 || p.Author.LastPostAt == nil || *p.Author.LastPostAt != p.CreatedAt {
			t.Errorf("author %+v", p.Author)
		}
		comment := g.comment(bob, p.ID, "Fine #fog")
		reply := g.comment(ann, comment.ID, "Thanks")
		if reply.RootID == nil || *reply.RootID != p.ID || *reply.InReplyToID != comment.ID || reply.ReplyTo.ID != bob.ID || reply.Visibility != store.Public {
			t.Errorf("reply %+v", reply)
		}
		for id, want := range map[int64]int{p.ID: 2, comment.ID: 1, reply.ID: 0} {
			if q, err := g.PostByID(g.ctx, nil, id); err != nil || q.CommentsCount != want {
				t.Errorf("%d has %v comments, want %d: %v", id, q, want, err)
			}
		}
	})
}
