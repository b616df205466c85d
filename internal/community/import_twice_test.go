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

// TestWholeFileOfAnotherArchive: a file that is not the one of which a part is here takes that part's place, and no more.
func TestWholeFileOfAnotherArchive(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	ctx := t.Context()
	first, second := zipped(t, "a.jpg", photograph(1)), zipped(t, "b.jpg", photograph(2))
	expect := func(what string, files int, received int, parts int) *store.Import {
		t.Helper()
		i, err := d.ImportOf(ctx, d.ann)
		if err != nil {
			t.Fatal(err)
		}
		if i == nil {
			i = new(store.Import)
		}
		if len(i.Files.V) != files || i.Received != int64(received) || d.count("SELECT COUNT(*) FROM media_objects WHERE state = 'live'") != parts {
			t.Errorf("%s: %+v", what, i)
		}
		return i
	}
	part := func(name string) {
		t.Helper()
		if _, err := d.StartImportFile(ctx, d.ann, name, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddImportPart(ctx, d.ann, 0, bytes.NewReader(first[:1000])); err != nil {
			t.Fatal(err)
		}
	}
	part("b.zip")
	if err := d.ImportWholeFile(ctx, d.ann, "b.zip", bytes.NewReader(second)); codes(err) != "archive invalid" {
		t.Errorf("another file than the one part: %v", err)
	}
	expect("nothing else was there", 0, 0, 0)
	if err := d.ImportWholeFile(ctx, d.ann, "a.zip", bytes.NewReader(first)); err != nil {
		t.Fatal(err)
	}
	part("b.zip")
	expect("a part of the second", 2, len(first)+1000, 2)
	if err := d.ImportWholeFile(ctx, d.ann, "b.zip", bytes.NewReader(second)); codes(err) != "archive invalid" {
		t.Errorf("another file than the part: %v", err)
	}
	expect("the first file stays", 1, len(first), 1)
	if err := d.ImportWholeFile(ctx, d.ann, "b.zip", bytes.NewReader(second)); err != nil {
		t.Fatal(err)
	}
	if i := expect("both", 2, len(first)+len(second), 2); !i.Files.V[0].Whole || !i.Files.V[1].Whole {
		t.Errorf("%+v", i)
	}
}

// TestImportOfWhatIsInNoPost: the member has the picture already, and not in a post. The import posts it.
func TestImportOfWhatIsInNoPost(t *testing.T) {
	for what, change := range map[string]string{
		"a draft's": "UPDATE photos SET attached_at = NULL", // as it is
		"an avatar": "UPDATE photos SET purpose = 'avatar', attached_at = created_at",
	} {
		t.Run(what, func(t *testing.T) {
			d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
			d.preparePhotos()
			ctx := t.Context()
			d.upload(d.ann, []byte(photograph(1)))
			d.exec(change)
			zip := zipped(t, archive.PostsFile, `[{"created_at":"2015-01-01T12:00:00Z","visibility":"public","caption":"Once","photos":[{"file":"photos/1.jpg"}]}]`, "photos/1.jpg", photograph(1))
			if err := d.ImportWholeFile(ctx, d.ann, "a.zip", bytes.NewReader(zip)); err != nil {
				t.Fatal(err)
			}
			for _, next := range []func(context.Context, *store.Account) error{d.LookThroughImport, func(ctx context.Context, acc *store.Account) error { return d.BeginImport(ctx, acc, store.Public) }} {
				if err := next(ctx, d.ann); err != nil {
					t.Fatal(err)
				}
				if err := d.runImportOnce(ctx); err != nil {
					t.Fatal(err)
				}
			}
			i, err := d.ImportOf(ctx, d.ann)
			if err != nil {
				t.Fatal(err)
			}
			if r := i.Report.V; r.Posts != 1 || r.Photos != 1 || r.Known != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}
