package community

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tintype/internal/store"
)

// scene is one author with a post of each visibility, commented and liked, and everybody who may look at it.
type scene struct {
	*testSite
	author, stranger, follower, blocked, blocker, admin, hider *store.Account
	names                                                      map[int64]string // what the ids of posts stand for
}

func newScene(g *testSite) *scene {
	s := &scene{testSite: g, names: map[int64]string{}}
	for name, acc := range map[string]**store.Account{"author": &s.author, "stranger": &s.stranger, "follower": &s.follower, "blocked": &s.blocked,
		"blocker": &s.blocker, "admin": &s.admin, "hider": &s.hider} {
		*acc = g.account(name)
	}
	g.must(g.Store.SetRole(g.ctx, s.admin.ID, store.RoleAdmin))
	s.admin.Role = store.RoleAdmin
	s.hider.WarnedPhotos = "hide"
	for _, acc := range []*store.Account{s.follower, s.blocked, s.blocker} {
		_, err := g.Follow(g.ctx, acc, s.author.ID)
		g.must(err)
	}
	for _, v := range []store.Visibility{store.Public, store.Unlisted, store.Followers} {
		p := g.post(s.author, v, "A #"+string(v)+"tag and #alltag")
		s.names[p.ID] = string(v)
		c := g.comment(s.follower, p.ID, "comment")
		s.names[c.ID] = string(v) + "/comment"
		r := g.comment(s.author, c.ID, "reply")
		s.names[r.ID] = string(v) + "/reply"
	}
	warned, err := g.Publish(g.ctx, s.author, NewPost{Caption: "#alltag", Warning: "Blood", PhotoIDs: []int64{g.photo(s.author)}})
	g.must(err)
	s.names[warned.ID] = "warned"
	gone := g.post(s.author, store.Public, "#gonetag")
	s.names[gone.ID] = "gone"
	_, err = g.DeletePost(g.ctx, s.author, gone.ID)
	g.must(err)
	for _, who := range []*store.Account{s.blocked, s.blocker} { // they were there before the block
		c := g.comment(who, s.id("public"), "from "+who.Username)
		s.names[c.ID] = "public/" + who.Username
		_, err := g.Like(g.ctx, who, s.id("public"))
		g.must(err)
	}
	_, err = g.Block(g.ctx, s.author, s.blocked.ID)
	g.must(err)
	_, err = g.Block(g.ctx, s.blocker, s.author.ID)
	g.must(err)
	return s
}

func (s *scene) id(name string) int64 {
	for id, n := range s.names {
		if n == name {
			return id
		}
	}
	s.t.Fatalf("there is no %s", name)
	return 0
}

// listed is what a list shows, by name and sorted.
func (s *scene) listed(posts []*Post, err error) string {
	if errors.Is(err, ErrNotFound) {
		return "not found"
	}
	if errors.Is(err, ErrUnauthenticated) {
		return "log in"
	}
	s.must(err)
	var out []string
	for _, p := range posts {
		out = append(out, s.names[p.ID])
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// everywhere reads all there is to read as the viewer. The keys are paths.
func (s *scene) everywhere(viewer *store.Account) map[string]string {
	ctx, page := s.ctx, Cursor{Limit: 40}
	out := map[string]string{}
	list := func(path string, posts []*Post, err error) { out[path] = s.listed(posts, err) }
	posts, err := s.PublicFeed(ctx, viewer, page)
	list("public feed", posts, err)
	if viewer != nil {
		posts, err = s.HomeFeed(ctx, viewer, page)
		list("home feed", posts, err)
	}
	posts, err = s.AccountFeed(ctx, viewer, s.author.ID, AccountFeedOptions{}, page)
	list("account feed", posts, err)
	posts, err = s.AccountFeed(ctx, viewer, s.author.ID, AccountFeedOptions{ExcludeReplies: true, OnlyMedia: true}, page)
	list("profile", posts, err)
	posts, err = s.AccountFeed(ctx, viewer, s.follower.ID, AccountFeedOptions{}, page)
	list("follower's feed", posts, err)
	for _, tag := range []string{"alltag", "followerstag", "gonetag"} {
		posts, err = s.TagFeed(ctx, viewer, tag, page)
		list("feed of "+tag, posts, err)
	}
	tags, err := s.SearchTags(ctx, viewer, "", 10)
	s.must(err)
	if len(tags) > 0 {
		s.t.Errorf("an empty search finds %v", tags)
	}
	var found []string
	for _, q := range []string{"#al", "pub", "unl", "fol", "gon"} {
		tags, err := s.SearchTags(ctx, viewer, q, 10)
		s.must(err)
		for _, t := range tags {
			found = append(found, t.Name)
		}
	}
	out["tags"] = strings.Join(found, " ")

	posts, err = s.SearchPosts(ctx, viewer, PostSearch{Text: "#ALLTAG", Cursor: Cursor{Limit: 80}})
	list("search of captions", posts, err)

	ids := make([]int64, 0, len(s.names))
	for id := range s.names {
		ids = append(ids, id)
	}
	posts, err = s.PostsByID(ctx, viewer, ids)
	list("posts by id", posts, err)
	var one, commented, likers []string
	for id, name := range s.names {
		p, err := s.PostByID(ctx, viewer, id)
		seen, serr := s.Store.CanSee(ctx, viewer, id)
		s.must(serr)
		if seen != (err == nil) {
			s.t.Errorf("%s: seen %v, but %v", name, seen, err)
		}
		_, _, cerr := s.Context(ctx, viewer, id)
		_, _, _, lerr := s.LikedBy(ctx, viewer, id, page)
		_, _, merr := s.PostWithComments(ctx, viewer, id, page)
		if (cerr == nil) != seen || (lerr == nil) != seen || (merr == nil) != seen {
			s.t.Errorf("%s: seen %v, context %v, likes %v, comments %v", name, seen, cerr, lerr, merr)
		}
		if !seen {
			continue
		}
		one = append(one, p.Caption[:0]+name)
		if name == "public" {
			_, posts, err := s.PostWithComments(ctx, viewer, id, page)
			commented = append(commented, s.listed(posts, err))
			_, below, err := s.Context(ctx, viewer, id)
			if got := s.listed(below, err); got != commented[0] {
				s.t.Errorf("context %q, comments %q", got, commented[0])
			}
			accounts, _, _, err := s.LikedBy(ctx, viewer, id, page)
			s.must(err)
			for _, a := range accounts {
				likers = append(likers, a.Username)
			}
		}
	}
	slices.Sort(one)
	slices.Sort(likers)
	out["post page"] = strings.Join(one, " ")
	out["comments of public"] = strings.Join(commented, " ")
	out["likes of public"] = strings.Join(likers, " ")
	return out
}

func TestWhoSeesWhat(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newScene(g)
		const (
			publicThread   = "public public/comment public/reply"
			unlistedThread = "unlisted unlisted/comment unlisted/reply"
			followThread   = "followers followers/comment followers/reply"
			bothBlocks     = "public/blocked public/blocker"
		)
		sorted := func(words ...string) string {
			w := strings.Fields(strings.Join(words, " "))
			slices.Sort(w)
			return strings.Join(w, " ")
		}
		// What those see who have nothing to do with the author.
		open := map[string]string{
			"public feed": "public warned", "home feed": "", "account feed": "public public/reply unlisted unlisted/reply warned", "profile": "public unlisted warned",
			"follower's feed": "public/comment unlisted/comment", "feed of alltag": "public warned", "feed of followerstag": "", "feed of gonetag": "", "tags": "alltag publictag",
			"posts by id": sorted(publicThread, unlistedThread, bothBlocks, "warned"), "post page": sorted(publicThread, unlistedThread, bothBlocks, "warned"),
			"comments of public": sorted("public/comment public/reply", bothBlocks), "likes of public": "blocked blocker",
			"search of captions": "public warned",
		}
		with := func(changes map[string]string) map[string]string {
			m := map[string]string{}
			for k, v := range open {
				m[k] = v
			}
			for k, v := range changes {
				m[k] = v
			}
			return m
		}
		blockedOut := map[string]string{
			"public feed": "", "account feed": "not found", "profile": "not found", "follower's feed": "", "feed of alltag": "", "tags": "",
			"comments of public": "", "likes of public": "", "search of captions": "",
		}
		tests := []struct {
			name   string
			viewer *store.Account
			want   map[string]string
		}{
			{"visitor", nil, open},
			{"stranger", s.stranger, open},
			{"admin", s.admin, open}, // an administrator reads like any member
			{"hider", s.hider, with(map[string]string{"public feed": "public", "account feed": "public public/reply unlisted unlisted/reply", "profile": "public unlisted", "feed of alltag": "public", "search of captions": "public"})},
			{"follower", s.follower, with(map[string]string{
				"home feed": "followers public unlisted warned", "account feed": "followers followers/reply public public/reply unlisted unlisted/reply warned",
				"profile": "followers public unlisted warned", "follower's feed": "followers/comment public/comment unlisted/comment", "search of captions": "followers public unlisted warned",
				"posts by id": sorted(publicThread, unlistedThread, followThread, bothBlocks, "warned"), "post page": sorted(publicThread, unlistedThread, followThread, bothBlocks, "warned"),
			})},
			{"author", s.author, with(map[string]string{
				"home feed": "followers public unlisted warned", "account feed": "followers followers/reply public public/reply unlisted unlisted/reply warned",
				"profile": "followers public unlisted warned", "follower's feed": "followers/comment public/comment unlisted/comment",
				"posts by id": sorted(publicThread, unlistedThread, followThread, "warned"), "post page": sorted(publicThread, unlistedThread, followThread, "warned"),
				"comments of public": "public/comment public/reply", "likes of public": "", "search of captions": "followers public unlisted warned",
			})},
			{"blocked", s.blocked, with(blockedOut)},
			{"blocker", s.blocker, with(blockedOut)},
		}
		// What hangs on the author's posts is hidden with them.
		for _, name := range []string{"posts by id", "post page"} {
			tests[6].want[name], tests[7].want[name] = "", ""
		}
		check := func(t *testing.T) {
			for _, tt := range tests {
				got := s.everywhere(tt.viewer)
				for path, want := range tt.want {
					if path == "home feed" && tt.viewer == nil {
						continue
					}
					if got[path] != want {
						t.Errorf("%s, %s:\n got %q\nwant %q", tt.name, path, got[path], want)
					}
				}
			}
		}
		check(t)

		t.Run("the author is suspended", func(t *testing.T) {
			at := store.Millis(1)
			g.must(g.Store.SetSuspended(g.ctx, s.author.ID, &at))
			s.author.SuspendedAt = &at
			for _, viewer := range []*store.Account{nil, s.stranger, s.follower, s.admin, s.author} {
				for path, got := range s.everywhere(viewer) {
					if path == "home feed" && viewer == s.author {
						got = strings.TrimPrefix(got, "log in")
					}
					if got != "" && got != "not found" {
						t.Errorf("%v still finds %q by %s", viewer, got, path)
					}
				}
			}
			g.must(g.Store.SetSuspended(g.ctx, s.author.ID, nil))
			s.author.SuspendedAt = nil
			check(t)
		})

		t.Run("the author is limited", func(t *testing.T) {
			at := store.Millis(1)
			g.must(g.Store.SetLimited(g.ctx, s.author.ID, &at))
			unlisted := with(map[string]string{"public feed": "", "feed of alltag": "", "tags": "", "search of captions": ""})
			for path, got := range s.everywhere(nil) {
				if got != "" && got != "not found" {
					t.Errorf("a visitor still finds %q by %s", got, path)
				}
			}
			for _, viewer := range []*store.Account{s.stranger, s.admin} {
				for path, got := range s.everywhere(viewer) {
					if got != unlisted[path] {
						t.Errorf("%s, %s: got %q, want %q", viewer.Username, path, got, unlisted[path])
					}
				}
			}
			for _, tt := range tests {
				if tt.viewer != s.follower && tt.viewer != s.author {
					continue
				}
				for path, got := range s.everywhere(tt.viewer) {
					if want, ok := tt.want[path]; ok && got != want {
						t.Errorf("%s, %s: got %q, want %q", tt.name, path, got, want)
					}
				}
			}
			g.must(g.Store.SetLimited(g.ctx, s.author.ID, nil))
			check(t)
		})

		t.Run("members only", func(t *testing.T) {
			s.setDefaults(func(s *Site) { s.Visitors = VisitorsNone })
			defer s.setDefaults(func(s *Site) { s.Visitors = VisitorsRead })
			_, err := s.PublicFeed(g.ctx, nil, Cursor{})
			_, err2 := s.PostByID(g.ctx, nil, s.id("public"))
			_, err3 := s.Tag(g.ctx, nil, "alltag")
			_, _, err4 := s.Context(g.ctx, nil, s.id("public"))
			_, err5 := s.AccountFeed(g.ctx, nil, s.author.ID, AccountFeedOptions{}, Cursor{})
			_, _, _, err6 := s.LikedBy(g.ctx, nil, s.id("public"), Cursor{})
			_, _, err7 := s.PostWithComments(g.ctx, nil, s.id("public"), Cursor{})
			_, err8 := s.SearchTags(g.ctx, nil, "a", 5)
			_, err9 := s.PostsByID(g.ctx, nil, []int64{s.id("public")})
			_, err10 := s.TagFeed(g.ctx, nil, "alltag", Cursor{})
			for i, err := range []error{err, err2, err3, err4, err5, err6, err7, err8, err9, err10} {
				if !errors.Is(err, ErrUnauthenticated) {
					t.Errorf("path %d lets a visitor in: %v", i, err)
				}
			}
			if got := s.listed(s.PublicFeed(g.ctx, s.stranger, Cursor{})); got != open["public feed"] {
				t.Errorf("a member sees %q", got)
			}
		})

		t.Run("writes", func(t *testing.T) {
			for name, viewer := range map[string]*store.Account{"stranger": s.stranger, "blocked": s.blocked, "admin": s.admin} {
				_, lerr := g.Like(g.ctx, viewer, s.id("followers"))
				_, uerr := g.Unlike(g.ctx, viewer, s.id("followers"))
				_, cerr := g.Publish(g.ctx, viewer, NewPost{Caption: "x", InReplyTo: s.id("followers/comment")})
				_, eerr := g.EditPost(g.ctx, viewer, s.id("followers"), PostChange{})
				for _, err := range []error{lerr, uerr, cerr, eerr} {
					if !errors.Is(err, ErrNotFound) {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
			if _, err := g.DeletePost(g.ctx, s.stranger, s.id("followers")); !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
			if _, err := g.DeletePost(g.ctx, s.stranger, s.id("public")); !errors.Is(err, ErrForbidden) {
				t.Error(err)
			}
			if _, err := g.EditPost(g.ctx, s.stranger, s.id("public"), PostChange{}); !errors.Is(err, ErrForbidden) {
				t.Error(err)
			}
			if _, err := g.Like(g.ctx, nil, s.id("public")); !errors.Is(err, ErrUnauthenticated) {
				t.Error(err)
			}
			// Whose post it is may remove a comment, even of somebody blocked; an administrator anything.
			if _, err := g.DeletePost(g.ctx, s.author, s.id("public/blocked")); err != nil {
				t.Error(err)
			}
			if p, err := g.DeletePost(g.ctx, s.admin, s.id("followers")); err != nil || p.Caption == "" || p.Author == nil {
				t.Error(p, err)
			}
		})
	})
}
