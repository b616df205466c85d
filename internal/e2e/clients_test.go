package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-mastodon"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A client that nobody here wrote registers, logs in, posts photos, reads them back and pages to the end.
func goMastodon(t *testing.T, site stage) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// login has a new member allow the client.
	login := func(name string) (*servertest.Client, *mastodon.Client) {
		t.Helper()
		m := site.join(t, name)
		app, err := mastodon.RegisterApp(ctx, &mastodon.AppConfig{Server: site.URL, ClientName: "go-mastodon", Scopes: "read write follow", Website: "https://example.org"})
		must(err)
		ask, err := url.Parse(app.AuthURI)
		must(err)
		c := mastodon.NewClient(&mastodon.Config{Server: site.URL, ClientID: app.ClientID, ClientSecret: app.ClientSecret})
		must(c.GetUserAccessToken(ctx, m.Allow(ask.Query()), app.RedirectURI))
		return m, c
	}
	gil, c := login("gil")
	_, other := login("gus")
	me, err := c.GetAccountCurrentUser(ctx)
	must(err)
	if me.Acct != "gil" || me.Source == nil || me.CreatedAt.IsZero() {
		t.Errorf("me: %+v", me)
	}

	instance, err := c.GetInstance(ctx)
	must(err)
	if host := strings.TrimPrefix(site.URL, "http://"); instance.URI != host || instance.URLs["streaming_api"] != "ws://"+host {
		t.Errorf("instance: %+v", instance)
	}

	var posted []mastodon.ID
	for i := range 5 {
		photo, err := c.UploadMediaFromMedia(ctx, &mastodon.Media{
			File: bytes.NewReader(phototest.JPEG(phototest.Options{Width: 800, Height: 600, Seed: int64(i)})), Description: "a hill", Focus: "0.5,0.5",
		})
		must(err)
		if photo.URL == "" || photo.PreviewURL == "" || photo.Description != "a hill" || photo.Meta.Original.Width != 800 || photo.Meta.Focus.X != 0.5 {
			t.Errorf("photo: %+v", photo)
		}
		status, err := c.PostStatus(ctx, &mastodon.Toot{Status: fmt.Sprintf("Hill %d #gilshills", i), MediaIDs: []mastodon.ID{photo.ID}, Visibility: mastodon.VisibilityPublic})
		must(err)
		if len(status.MediaAttachments) != 1 || status.MediaAttachments[0].ID != photo.ID || status.Account.Acct != "gil" {
			t.Errorf("status: %+v", status)
		}
		gil.Get(status.MediaAttachments[0].URL).Want(http.StatusOK)
		posted = append([]mastodon.ID{status.ID}, posted...)
	}
	if _, err := c.PostStatus(ctx, &mastodon.Toot{Status: "no photo"}); err == nil || !strings.Contains(err.Error(), "A post needs a photo") {
		t.Errorf("a post without a photo: %v", err)
	}

	for name, list := range map[string]func(*mastodon.Pagination) ([]*mastodon.Status, error){
		"home":   func(pg *mastodon.Pagination) ([]*mastodon.Status, error) { return c.GetTimelineHome(ctx, pg) },
		"public": func(pg *mastodon.Pagination) ([]*mastodon.Status, error) { return c.GetTimelinePublic(ctx, true, pg) },
		"tag": func(pg *mastodon.Pagination) ([]*mastodon.Status, error) {
			return c.GetTimelineHashtag(ctx, "gilshills", true, pg)
		},
		"account": func(pg *mastodon.Pagination) ([]*mastodon.Status, error) { return c.GetAccountStatuses(ctx, me.ID, pg) },
	} {
		var got []mastodon.ID
		pg := &mastodon.Pagination{Limit: 2}
		for requests := 0; ; requests++ {
			page, err := list(pg)
			must(err)
			for _, status := range page {
				if status.Account.ID == me.ID {
					got = append(got, status.ID)
				}
			}
			if pg.MaxID == "" {
				break
			}
			if requests > 100 {
				t.Fatalf("%s does not end", name)
			}
			pg.Limit = 2
		}
		if !slices.Equal(got, posted) {
			t.Errorf("%s: %v, want %v", name, got, posted)
		}
	}

	relation, err := other.AccountFollow(ctx, me.ID)
	must(err)
	if !relation.Following {
		t.Errorf("follow: %+v", relation)
	}
	liked, err := other.Favourite(ctx, posted[0])
	must(err)
	if liked.FavouritesCount != 1 || liked.Favourited != true {
		t.Errorf("favourite: %+v", liked)
	}
	comment, err := other.PostStatus(ctx, &mastodon.Toot{Status: "Fine hill", InReplyToID: posted[0]})
	must(err)

	// From here on gil reads what gus did.
	soon := func(what string, right func() bool) {
		t.Helper()
		if !site.late() && !right() {
			t.Errorf("%s: not at once", what)
		}
		servertest.Eventually(t, what, right)
	}
	soon("the comment is there", func() bool {
		around, err := c.GetStatusContext(ctx, posted[0])
		must(err)
		return len(around.Ancestors) == 0 && len(around.Descendants) == 1 && around.Descendants[0].ID == comment.ID
	})
	soon("gil is notified", func() bool {
		notifications, err := c.GetNotifications(ctx, nil)
		must(err)
		var kinds []string
		for _, n := range notifications {
			kinds = append(kinds, n.Type)
		}
		return fmt.Sprint(kinds) == "[mention favourite follow]"
	})
	soon("gus is found", func() bool {
		found, err := c.Search(ctx, "gus", true)
		must(err)
		return len(found.Accounts) == 1 && found.Accounts[0].Acct == "gus"
	})
	soon("gus is a follower", func() bool {
		followers, err := c.GetAccountFollowers(ctx, me.ID, nil)
		must(err)
		return len(followers) == 1 && followers[0].Acct == "gus"
	})
	goMastodonActs(t, c, me, posted[0])
	goMastodonRequests(t, soon, c, other, me, posted)
	must(c.DeleteStatus(ctx, posted[0]))
	if _, err := c.GetStatus(ctx, posted[0]); err == nil {
		t.Error("a deleted status is still there")
	}
	must(c.RevokeToken(ctx))
	if _, err := c.GetAccountCurrentUser(ctx); err == nil {
		t.Error("a revoked token still works")
	}
}

// What a member does with a post and an account, by go-mastodon, and where it shows.
func goMastodonActs(t *testing.T, c *mastodon.Client, me *mastodon.Account, id mastodon.ID) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, act := range []struct {
		what     string
		do, undo func(context.Context, mastodon.ID) (*mastodon.Status, error)
		mark     func(*mastodon.Status) any
		list     func(context.Context, *mastodon.Pagination) ([]*mastodon.Status, error)
	}{
		{"a like", c.Favourite, c.Unfavourite, func(s *mastodon.Status) any { return s.Favourited }, c.GetFavourites},
		{"a bookmark", c.Bookmark, c.Unbookmark, func(s *mastodon.Status) any { return s.Bookmarked }, c.GetBookmarks},
		{"a boost", c.Reblog, c.Unreblog, func(s *mastodon.Status) any { return s.Reblogged }, nil},
	} {
		_, err := act.do(ctx, id)
		must(err)
		if now, err := c.GetStatus(ctx, id); err != nil || act.mark(now) != true {
			t.Errorf("%s: %+v, %v", act.what, now, err)
		}
		if act.list != nil {
			if list, err := act.list(ctx, nil); err != nil || len(list) != 1 || list[0].ID != id {
				t.Errorf("the list of %s: %v, %v", act.what, list, err)
			}
		} else if by, err := c.GetRebloggedBy(ctx, id, nil); err != nil || len(by) != 1 || by[0].ID != me.ID {
			t.Errorf("who boosted: %v, %v", by, err)
		}
		undone, err := act.undo(ctx, id)
		must(err)
		if act.mark(undone) != false {
			t.Errorf("%s taken back: %+v", act.what, undone)
		}
		if act.list != nil {
			if list, err := act.list(ctx, nil); err != nil || len(list) != 0 {
				t.Errorf("the list of %s afterwards: %v, %v", act.what, list, err)
			}
		}
	}

	edited, err := c.UpdateStatus(ctx, &mastodon.Toot{Status: "A mountain", SpoilerText: "heights"}, id)
	must(err)
	if edited.SpoilerText != "heights" || len(edited.MediaAttachments) != 1 {
		t.Errorf("an edit: %+v", edited)
	}
	if source, err := c.GetStatusSource(ctx, id); err != nil || source.Text != "A mountain" {
		t.Errorf("its source: %+v, %v", source, err)
	}
	if history, err := c.GetStatusHistory(ctx, id); err != nil || len(history) != 2 || history[0].SpoilerText != "" || history[1].SpoilerText != "heights" {
		t.Errorf("its history: %v, %v", history, err)
	}
	if pinned, err := c.GetAccountPinnedStatuses(ctx, me.ID); err != nil || len(pinned) != 0 { // go-mastodon pins nothing itself
		t.Errorf("pinned: %v, %v", pinned, err)
	}

	them, err := c.AccountLookup(ctx, "gus")
	must(err)
	for _, step := range []struct {
		what string
		do   func(context.Context, mastodon.ID) (*mastodon.Relationship, error)
		is   func(*mastodon.Relationship) bool
		list func(context.Context, *mastodon.Pagination) ([]*mastodon.Account, error)
		in   int
	}{
		{"follow", c.AccountFollow, func(r *mastodon.Relationship) bool { return r.Following }, nil, 0},
		{"mute", c.AccountMute, func(r *mastodon.Relationship) bool { return r.Muting && r.MutingNotifications }, c.GetMutes, 1},
		{"unmute", c.AccountUnmute, func(r *mastodon.Relationship) bool { return !r.Muting && r.Following }, c.GetMutes, 0},
		{"block", c.AccountBlock, func(r *mastodon.Relationship) bool { return r.Blocking && !r.Following }, c.GetBlocks, 1},
		{"unblock", c.AccountUnblock, func(r *mastodon.Relationship) bool { return !r.Blocking }, c.GetBlocks, 0},
	} {
		relation, err := step.do(ctx, them.ID)
		must(err)
		if !step.is(relation) {
			t.Errorf("%s: %+v", step.what, relation)
		}
		if step.list == nil {
			continue
		}
		if list, err := step.list(ctx, nil); err != nil || len(list) != step.in {
			t.Errorf("the list after %s: %v, %v", step.what, list, err)
		}
	}

	_, err = c.AccountFollow(ctx, them.ID) // whom a list is to have is followed
	must(err)
	list, err := c.CreateList(ctx, "Hill people")
	must(err)
	must(c.AddToList(ctx, list.ID, them.ID))
	if in, err := c.GetListAccounts(ctx, list.ID); err != nil || len(in) != 1 || in[0].ID != them.ID {
		t.Errorf("in the list: %v, %v", in, err)
	}
	list, err = c.RenameList(ctx, list.ID, "Valley people")
	must(err)
	if lists, err := c.GetLists(ctx); err != nil || len(lists) != 1 || lists[0].Title != "Valley people" {
		t.Errorf("lists: %v, %v", lists, err)
	}
	if feed, err := c.GetTimelineList(ctx, list.ID, nil); err != nil || len(feed) != 0 {
		t.Errorf("the list's feed: %v, %v", feed, err)
	}
	must(c.RemoveFromList(ctx, list.ID, them.ID))
	if in, err := c.GetListAccounts(ctx, list.ID); err != nil || len(in) != 0 {
		t.Errorf("in the list afterwards: %v, %v", in, err)
	}
	must(c.DeleteList(ctx, list.ID))
	if lists, err := c.GetLists(ctx); err != nil || len(lists) != 0 {
		t.Errorf("lists afterwards: %v, %v", lists, err)
	}

	tag, err := c.TagFollow(ctx, "gilshills")
	must(err)
	if !tag.Following {
		t.Errorf("a followed tag: %+v", tag)
	}
	if tags, err := c.TagsFollowed(ctx, nil); err != nil || len(tags) != 1 || tags[0].Name != "gilshills" {
		t.Errorf("followed tags: %v, %v", tags, err)
	}
	tag, err = c.TagUnfollow(ctx, "gilshills")
	must(err)
	if tag.Following {
		t.Errorf("a tag that is followed no more: %+v", tag)
	}
}

// masto.js, which is what web clients are made of.
func mastoJS(t *testing.T, site stage) {
	node := servertest.Tool(t, "node", "Node.js")
	library := servertest.NodeFile(t, "masto/dist/esm/index.js")
	photo := filepath.Join(t.TempDir(), "hill.jpg")
	if err := os.WriteFile(photo, phototest.JPEG(phototest.Options{}), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	misty, mabel := site.join(t, "misty"), site.join(t, "mabel") // whom misty follows, mutes, blocks and reports
	mabel.Post("/@misty/follow").Want(http.StatusOK)
	cmd := exec.CommandContext(ctx, node, "testdata/masto.mjs", library, site.URL, photo, "misty", "mabel")
	cmd.Env = append(os.Environ(), "NO_PROXY=*")
	if said := converse(t, cmd, misty, ""); !strings.HasSuffix(said, "done\n") {
		t.Fatalf("masto.js:\n%s", said)
	}
}

// Administrators and moderators use the API, too, and everybody reads announcements. Streams come over a WebSocket.
func mastoStaff(t *testing.T, site stage) {
	node := servertest.Tool(t, "node", "Node.js")
	library := servertest.NodeFile(t, "masto/dist/esm/index.js")
	photo := filepath.Join(t.TempDir(), "hill.jpg")
	if err := os.WriteFile(photo, phototest.JPEG(phototest.Options{}), 0o600); err != nil {
		t.Fatal(err)
	}
	staff, member := site.join(t, "stanislav"), site.join(t, "mildred")
	site.join(t, "reginald") // who is reported
	if out, stderr, err := site.Command("account", "role", "stanislav", "admin"); err != nil {
		t.Fatal(out, stderr, err)
	}
	member.Post("/@stanislav/follow").Want(http.StatusOK)
	servertest.Eventually(t, "the new role holds", func() bool { return staff.Get("/admin/announcements").Status == http.StatusOK })
	staff.Post("/admin/announcements", "text", "Walk on Sunday").Want(http.StatusOK)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "testdata/masto_staff.mjs", library, site.URL, photo,
		staff.NewTokenFor("read write admin:read admin:write"), member.NewToken(), "reginald")
	cmd.Env = append(os.Environ(), "NO_PROXY=*")
	if said, err := cmd.CombinedOutput(); err != nil || !bytes.HasSuffix(said, []byte("done\n")) {
		t.Fatalf("masto.js: %v\n%s", err, said)
	}
	m := regexp.MustCompile(`/admin/announcements/\d+`).FindString(staff.Get("/admin/announcements").Body)
	staff.Post(m + "/delete").Want(http.StatusOK) // others' scenarios have none
}

// Debian's toot logs in out of band, posts a photo, reads, answers and deletes.
func tootClient(t *testing.T, site stage) {
	toot := servertest.Tool(t, "toot", "Debian package toot")
	home := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, toot, args...)
		cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+home, "HOME="+home, "PYTHONUNBUFFERED=1", "NO_PROXY=*")
		return cmd
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := command(args...).CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("Traceback")) {
			t.Fatalf("toot %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	wants := func(out string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(out, text) {
				t.Errorf("no %q in\n%s", text, out)
			}
		}
	}

	host := strings.TrimPrefix(site.URL, "http://")
	tove := site.join(t, "tove")
	if said := converse(t, command("login", "--disable-https", "--instance", host), tove, "n\n"); !strings.Contains(said, "Successfully logged in") {
		t.Fatalf("toot login:\n%s", said)
	}
	wants(run("whoami"), "@tove", "Since:")
	photo := filepath.Join(home, "hill.jpg")
	if err := os.WriteFile(photo, phototest.JPEG(phototest.Options{Orientation: 6, GPS: true}), 0o600); err != nil {
		t.Fatal(err)
	}
	out := run("post", "--no-color", "A hill #alps", "--media", photo, "--description", "A hill in fog", "--spoiler-text", "heights")
	m := regexp.MustCompile(regexp.QuoteMeta(site.URL) + `/@tove/(\d+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("posted nowhere: %s", out)
	}
	wants(run("timeline", "--no-color"), "A hill #alps", "@tove", m[1])
	wants(run("timeline", "--no-color", "--public", "--local"), "A hill #alps", "/media/pub/")
	wants(run("timeline", "--no-color", "--tag", "Alps"), "A hill #alps")
	run("post", "Well said", "--reply-to", m[1])
	wants(run("thread", "--no-color", m[1]), "A hill #alps", "Well said")
	run("favourite", m[1])
	run("unfavourite", m[1])
	run("reblog", m[1])
	wants(run("reblogged_by", m[1]), "@tove")
	run("unreblog", m[1])
	run("bookmark", m[1])
	wants(run("bookmarks", "--no-color"), "A hill #alps")
	run("unbookmark", m[1])
	if out := run("bookmarks", "--no-color"); strings.Contains(out, "A hill") {
		t.Errorf("still bookmarked: %s", out)
	}
	run("pin", m[1])
	tove.Get("/@tove").Want(http.StatusOK).Has("Pinned")
	run("unpin", m[1])
	tove.Get("/@tove").Want(http.StatusOK).Lacks("Pinned")
	run("tags_follow", "alps")
	wants(run("tags_followed"), "alps")
	run("tags_unfollow", "alps")
	tui := command()
	tui.Path, tui.Args = python3(t), []string{"python3", "testdata/toot_tui.py", toot, "heights", site.URL, tove.NewToken(), m[1]}
	tui.Env = append(tui.Env, "TERM=xterm-256color")
	if out, err := tui.CombinedOutput(); err != nil || !bytes.HasSuffix(out, []byte("done\n")) {
		t.Errorf("toot tui: %v\n%s", err, out)
	}
	wants(run("search", "--no-color", "tove"), "@tove")
	wants(run("search", "--no-color", "#alps"), "alps")
	run("notifications")
	site.join(t, "tilda") // whom toot looks up by name, to unblock her too
	run("mute", "tilda")
	run("unmute", "tilda")
	run("block", "tilda")
	run("unblock", "tilda")
	run("follow", "tilda") // which a block would prevent
	wants(run("instance", "--no-color", "--disable-https"), "compatible; Tintype")
	run("delete", m[1])
	if out := run("timeline", "--no-color"); strings.Contains(out, "A hill") {
		t.Errorf("a deleted post is still there: %s", out)
	}
	run("logout", "tove@"+host)
}

// Mastodon.py takes ids for numbers and makes them out of dates, and parses every answer it gets.
func mastodonPy(t *testing.T, site stage) {
	python := python3(t)
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import mastodon").CombinedOutput(); err != nil {
		servertest.Tool(t, "python3-mastodon", "Debian package python3-mastodon")
		t.Fatalf("%v: %s", err, out)
	}
	photo := filepath.Join(t.TempDir(), "hill.jpg")
	if err := os.WriteFile(photo, phototest.JPEG(phototest.Options{}), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "testdata/client.py", site.URL, photo, "monty", "mona")
	site.join(t, "mona") // whom monty follows, mutes and blocks
	cmd.Env = append(os.Environ(), "PYTHONUNBUFFERED=1", "NO_PROXY=*")
	if said := converse(t, cmd, site.join(t, "monty"), ""); !strings.HasSuffix(said, "done\n") {
		t.Fatalf("Mastodon.py:\n%s", said)
	}
}

// python3 is Debian's, which has the packages.
func python3(t *testing.T) string {
	return servertest.Tool(t, "/usr/bin/python3", "Debian package python3-mastodon")
}

// converse runs a client that shows the address where a member allows it and reads the code, after before, from its
// standard input. It returns what the client said.
func converse(t *testing.T, cmd *exec.Cmd, m *servertest.Client, before string) string {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if address, ok := strings.CutPrefix(lines.Text(), m.Site+"/oauth/authorize"); ok {
			ask, err := url.ParseQuery(strings.TrimLeft(address, "/?"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(in, before+m.Allow(ask)+"\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, said.String())
	}
	return said.String()
}
