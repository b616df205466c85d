package demo_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/demo"
	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestFill(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		s := open(t)
		disk, err := media.NewDisk(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		stages := map[string]int{}
		o := demo.Options{Community: site(s, disk), Password: "correct horse", Accounts: 40, Posts: 1200, Pictures: 2, Likes: 3, Comments: 1,
			Seed: 7, Progress: func(stage string, done, _ int) { stages[stage] = done }}
		sum, err := demo.Fill(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		if sum.Accounts != 40 || sum.Posts != 1200 || sum.Pictures != 2 || sum.Follows == 0 || sum.Likes == 0 || sum.Boosts == 0 || sum.Bookmarks == 0 || sum.Comments == 0 || sum.Photos < 1200 {
			t.Errorf("made %+v", sum)
		}
		if stages["posts"] != 1200 || stages["accounts"] != 40 {
			t.Errorf("progress ended at %v", stages)
		}
		for what, query := range map[string]string{
			"followers":         "SELECT COUNT(*) FROM accounts a WHERE followers_count <> (SELECT COUNT(*) FROM follows f WHERE f.followee_id = a.id)",
			"following":         "SELECT COUNT(*) FROM accounts a WHERE following_count <> (SELECT COUNT(*) FROM follows f WHERE f.follower_id = a.id)",
			"posts":             "SELECT COUNT(*) FROM accounts a WHERE posts_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.home = 1)",
			"own comments":      "SELECT COUNT(*) FROM accounts a WHERE comments_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.kind = 'comment' AND p.deleted_at IS NULL)",
			"own open comments": "SELECT COUNT(*) FROM accounts a WHERE open_comments_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.kind = 'comment' AND p.deleted_at IS NULL AND p.visibility <> 'followers')",
			"open posts":        "SELECT COUNT(*) FROM accounts a WHERE open_posts_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.home = 1 AND p.visibility <> 'followers')",
			"last post":         "SELECT COUNT(*) FROM accounts a WHERE COALESCE(last_post_at, 0) <> (SELECT COALESCE(MAX(p.created_at), 0) FROM posts p WHERE p.author_id = a.id AND p.home = 1)",
			"likes":             "SELECT COUNT(*) FROM posts p WHERE likes_count <> (SELECT COUNT(*) FROM likes l WHERE l.post_id = p.id)",
			"boosts":            "SELECT COUNT(*) FROM posts p WHERE boosts_count <> (SELECT COUNT(*) FROM boosts b WHERE b.post_id = p.id)",
			"last boost":        "SELECT COUNT(*) FROM accounts a WHERE COALESCE(last_boost_at, 0) <> (SELECT COALESCE(MAX(b.created_at), 0) FROM boosts b WHERE b.account_id = a.id)",
			"boosts' ids":       "SELECT COUNT(*) FROM boosts WHERE created_at <> id >> 16",
			"boosted":           "SELECT COUNT(*) FROM boosts b JOIN posts p ON p.id = b.post_id WHERE p.visibility <> 'public' OR p.author_id = b.account_id",
			"comments":          "SELECT COUNT(*) FROM posts p WHERE kind = 'post' AND comments_count <> (SELECT COUNT(*) FROM posts c WHERE c.root_id = p.id)",
			"replies":           "SELECT COUNT(*) FROM posts p WHERE kind = 'comment' AND comments_count <> (SELECT COUNT(*) FROM posts c WHERE c.in_reply_to_id = p.id)",
			"photos":            "SELECT COUNT(*) FROM posts p WHERE photos_count <> (SELECT COUNT(*) FROM photos f WHERE f.post_id = p.id)",
			"warned":            "SELECT CASE WHEN COUNT(*) BETWEEN 20 AND 120 THEN 0 ELSE 1 END FROM posts p WHERE kind = 'post' AND warning <> ''",
			"searched":          "SELECT COUNT(*) FROM posts p LEFT JOIN (SELECT DISTINCT i.post_id FROM search_posts i JOIN (SELECT DISTINCT scope, post_id FROM search_words) w ON w.scope = i.scope AND w.post_id = i.post_id) f ON f.post_id = p.id WHERE f.post_id IS NULL",
			"early":             "SELECT COUNT(*) FROM posts p JOIN accounts a ON a.id = p.author_id WHERE p.created_at < a.created_at",
		} {
			var wrong int
			if err := s.SQL().QueryRowContext(ctx, query).Scan(&wrong); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if wrong != 0 {
				t.Errorf("%s: %d rows are wrong", what, wrong)
			}
		}
		posts, err := s.PublicPosts(ctx, nil, store.Range{Limit: 5})
		if err != nil || len(posts) != 5 {
			t.Fatalf("the public feed has %d posts, %v", len(posts), err)
		}
		shown, err := s.FeedPhotos(ctx, []*store.Post{&posts[0]}, nil, true)
		if err != nil {
			t.Fatal(err)
		}
		photos := shown[0]
		if len(photos) != posts[0].PhotosCount || photos[0].Source != store.SourceDemo || len(photos[0].Variants.V) < 4 || photos[0].Blurhash == "" {
			t.Fatalf("photos of the newest post: %+v", photos)
		}
		for _, v := range photos[0].Variants.V {
			file, err := disk.Open(ctx, media.VariantKey(media.Public, photos[0].SetRandom, v.Name))
			if err != nil {
				t.Fatal(err)
			}
			if file.Size != v.Bytes {
				t.Errorf("variant %s has %d bytes, the row says %d", v.Name, file.Size, v.Bytes)
			}
			file.Close()
		}

		// Everybody can log in, and take a post away without the others' files.
		c := site(s, disk)
		acc, err := c.Login(ctx, sum.Login, "correct horse", community.Client{Address: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		if home, err := c.HomeFeed(ctx, acc, community.Cursor{}); err != nil || len(home) == 0 {
			t.Errorf("the home feed has %d posts, %v", len(home), err)
		}

		// Another one beside it is fine, one among real members is not.
		o.Posts, o.PhotosDir, o.Seed = 10, folder(t), 8
		if _, err := demo.Fill(ctx, o); err != nil {
			t.Errorf("a second demo: %v", err)
		}
		err = s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			return tx.CreateAccount(ctx, &store.Account{ID: s.NewID(), Username: "real", Email: "me@example.org", Role: store.RoleMember})
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := demo.Fill(ctx, o); !errors.Is(err, demo.ErrReal) {
			t.Errorf("among real members: %v", err)
		}
		o.Force = true
		if _, err := demo.Fill(ctx, o); err != nil {
			t.Errorf("forced: %v", err)
		}
	})
}

func site(s *store.Store, files media.Store) *community.Community {
	return community.New(community.Options{Store: s, Media: files, Processor: media.NewProcessor(media.Options{}), KeepOriginals: true, MaxUploadBytes: 5e6,
		DraftTTL: time.Hour})
}

// folder holds one photo and two files that are none.
func folder(t *testing.T) string {
	dir := t.TempDir()
	for name, file := range map[string][]byte{
		"in_the-harbour.jpg": phototest.JPEG(phototest.Options{Width: 700, Height: 500}), "broken.jpg": []byte("\xff\xd8\xff\xe0 not a photo"), "notes.txt": []byte("text"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFillFromFolder(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := folder(t)
	if err := os.WriteFile(filepath.Join(dir, "phone.heic"), []byte("heic"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "older"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := storetest.SQLite(t)
	disk, err := media.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var skipped []string
	sum, err := demo.Fill(ctx, demo.Options{Community: site(s, disk), Password: "correct horse", Accounts: 3, Posts: 4, PhotosDir: dir,
		Skipped: func(reason string) { skipped = append(skipped, reason) }})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Pictures != 1 || len(skipped) != 4 {
		t.Errorf("%d pictures, skipped %q", sum.Pictures, skipped)
	}
	for _, name := range []string{"broken.jpg", "notes.txt", "phone.heic", "older"} {
		if !slices.ContainsFunc(skipped, func(reason string) bool { return strings.HasPrefix(reason, name+" ") }) {
			t.Errorf("%s is missing among what was skipped: %q", name, skipped)
		}
	}
	posts, err := s.PublicPosts(ctx, nil, store.Range{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	photos, err := s.FeedPhotos(ctx, []*store.Post{&posts[0]}, nil, false)
	if err != nil || len(photos[0]) == 0 || photos[0][0].Width != 700 {
		t.Errorf("photos %+v, %v", photos, err)
	}
}
