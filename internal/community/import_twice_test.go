package community

import (
	"bytes"
	"context"
	"testing"

	"tintype/internal/archive"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestImportOfTheSamePhotographTwice: a post has the same picture twice, here once. The picture is in the albums of both.
func TestImportOfTheSamePhotographTwice(t *testing.T) {
	for _, tt := range []struct {
		name  string
		kills int
	}{{"at once", 0}, {"after a run that was killed", 1}} {
		t.Run(tt.name, func(t *testing.T) {
			d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
			d.preparePhotos()
			ctx := t.Context()
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			zip := zipped(t, archive.PostsFile, `[{"created_at":"2015-01-01T12:00:00Z","visibility":"public","caption":"Twice","photos":[{"file":"photos/1.jpg"},{"file":"photos/2.jpg"},{"file":"photos/3.jpg"}]}]`,
				archive.AlbumsFile, `[{"title":"Pier","visibility":"public","photos":["photos/1.jpg","photos/2.jpg"]},{"title":"Gulls","visibility":"public","photos":["photos/3.jpg","photos/2.jpg"]}]`,
				"photos/1.jpg", photograph(1), "photos/2.jpg", photograph(1), "photos/3.jpg", photograph(2))
			for again := range 2 {
				d.exec("DELETE FROM attempts")
				must(d.ImportWholeFile(ctx, d.ann, "a.zip", bytes.NewReader(zip)))
				must(d.LookThroughImport(ctx, d.ann))
				must(d.runImportOnce(ctx))
				must(d.BeginImport(ctx, d.ann, store.Public))
				for n := 0; ; n++ {
					run, kill := context.WithCancel(ctx)
					d.importStep = func() { // first when the photographs are there, and their post is not
						if n < tt.kills {
							kill()
						}
					}
					err := d.runImportOnce(run)
					kill()
					if err == nil {
						break
					}
					if n >= tt.kills {
						t.Fatal(err)
					}
				}
				i, err := d.ImportOf(ctx, d.ann)
				must(err)
				r, posts, known := i.Report.V, 1-again, 1+2*again
				if i.State != store.ImportDone || r.Posts != posts || r.Photos != 2*posts || r.Known != known || len(r.Files) != 0 {
					t.Errorf("time %d: a %s import: %+v", again+1, i.State, r)
				}
				if posts := d.postsOf(d.ann); len(posts) != 1 || posts[0].PhotosCount != 2 {
					t.Errorf("the posts are %+v", posts)
				}
				if n := d.count("SELECT COUNT(*) FROM album_photos"); n != 3 {
					t.Errorf("%d photographs in albums", n)
				}
			}
		})
	}
}
