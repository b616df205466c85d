package community

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// stripes is a photograph of stripes, wide ones of which one can tell how many there are.
func stripes(t testing.TB, n, width int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, width, width*3/4))
	for y := range m.Rect.Dy() {
		for x := range width {
			if x*n/width%2 == 0 != (y*n > width) {
				m.SetGray(x, y, color.Gray{Y: 220})
			}
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What looks like a photograph that a moderator removed waits, whoever posts it, by whatever instance. Other photographs do not,
// nor does anything once the site keeps it out no more.
func TestPhotosLikeARemovedOne(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		mod := d.account("moda")
		must(d.Store.SetRole(ctx, mod.ID, store.RoleModerator))
		mod, err := d.Store.AccountByID(ctx, mod.ID)
		must(err)
		by := By{Account: mod, Via: ViaPage}
		blocks := func() []*store.SiteBlock {
			t.Helper()
			list, err := d.SiteBlocks(ctx, ByCommand(""), store.BlockPhoto, Cursor{})
			must(err)
			return list
		}
		photo := func(acc *store.Account, n, width int) int64 {
			t.Helper()
			return d.wait(acc, d.upload(acc, stripes(t, n, width)).ID).ID
		}
		post := func(acc *store.Account, photos ...int64) *Post {
			t.Helper()
			p, err := d.Publish(ctx, acc, NewPost{Caption: "Look", PhotoIDs: photos})
			must(err)
			return p
		}
		first, second, third := post(d.ann, photo(d.ann, 3, 800)), post(d.ann, photo(d.ann, 8, 800)), post(d.ann, photo(d.ann, 12, 800), photo(d.ann, 17, 800))
		fourth := post(d.ann, photo(d.ann, 23, 800))
		if first.Held || second.Held || len(blocks()) != 0 {
			t.Fatal("a photograph waits on a site that keeps out none")
		}

		// One is removed by a decision that says so, one by a decision that does not, the third by a moderator who met it and said so,
		// another by one who did not.
		for _, r := range []struct {
			post  *Post
			alike bool
			kept  int
		}{{first, true, 1}, {second, false, 1}} {
			filed, err := d.Report(ctx, d.bob, Report{PostID: r.post.ID})
			must(err)
			_, err = d.DecideReport(ctx, by, filed.ID, store.DecideRemove, Sanction{Alike: r.alike})
			must(err)
			if n := len(blocks()); n != r.kept {
				t.Errorf("%d photographs are kept out, want %d", n, r.kept)
			}
		}
		_, err = d.RemovePost(ctx, by, third.ID, Sanction{Alike: true})
		must(err)
		_, err = d.DeletePost(ctx, mod, fourth.ID)
		must(err)
		if list := blocks(); len(list) != 3 || list[0].Creator != "moda" || list[0].Note != fmt.Sprintf("post %d", third.ID) {
			t.Errorf("%+v", list)
		}
		log, err := d.AdminLog(ctx, ByCommand(""), AdminLogSearch{}, Cursor{})
		must(err)
		var details []string
		for _, e := range log {
			if strings.Contains(e.Detail, "kept out") {
				details = append(details, string(e.Act)+" "+e.Detail)
			}
		}
		if got := strings.Join(details, ", "); got != "post.remove post; photographs alike are kept out (2), report.decide remove; photographs alike are kept out (1)" {
			t.Errorf("the log: %s", got)
		}

		// Another size of it waits, at this instance and another; what is like none of them does not.
		there := openPhotoSite(t, d.Store, d.dir, photoSiteOptions{})
		servertest.Eventually(t, "the other instance keeps them out", func() bool {
			l, err := there.blocks(ctx)
			return err == nil && len(l.looks) == 3
		})
		for name, c := range map[string]*photoSite{"here": d, "there": there} {
			for n, waits := range map[int]bool{3: true, 8: false, 12: true, 17: true, 5: false} {
				id := photo(d.bob, n, 500)
				p, err := c.Publish(ctx, d.bob, NewPost{Caption: "Look", PhotoIDs: []int64{photo(d.bob, 5, 640), id}})
				must(err)
				if p.Held != waits {
					t.Errorf("%s, %d stripes: held %v", name, n, p.Held)
				}
			}
		}
		held, err := d.HeldPosts(ctx, by, Cursor{})
		must(err)
		if len(held) != 6 || held[0].Why[0].Kind != HeldPhoto || len(held[0].Why) != 1 {
			t.Fatalf("%d wait: %+v", len(held), held[0].Why)
		}
		passed, err := d.ApproveHeld(ctx, by, held[0].ID)
		must(err)

		// An edit brings none in, and leaves those that a moderator let pass.
		words := "Look again"
		if _, err := d.EditPost(ctx, d.bob, passed.ID, PostChange{Caption: &words, Photos: []PostPhoto{{ID: passed.Photos[0].ID}, {ID: passed.Photos[1].ID}}}); err != nil {
			t.Errorf("an edit of what was let pass: %v", err)
		}
		change := PostChange{Photos: []PostPhoto{{ID: passed.Photos[0].ID}, {ID: photo(d.bob, 3, 700)}}}
		if _, err := d.EditPost(ctx, d.bob, passed.ID, change); codes(err) != "photos held" {
			t.Errorf("an edit that brings one in: %v", err)
		}
		if p := post(mod, photo(mod, 3, 600)); p.Held {
			t.Error("a moderator has to wait")
		}

		// No picture of a profile can wait: it is refused.
		for n, want := range map[int]string{3: "avatar blocked", 5: ""} {
			p, err := d.StartUpload(ctx, d.bob, Upload{FileName: "me.jpg", Purpose: store.PurposeAvatar, Body: bytes.NewReader(stripes(t, n, 400))})
			must(err)
			if _, err := d.UpdateProfile(ctx, d.bob, ProfileChange{AvatarPhotoID: d.wait(d.bob, p.ID).ID}); want == "" && err != nil || want != "" && codes(err) != want {
				t.Errorf("a picture of %d stripes: %v", n, err)
			}
		}

		for _, b := range blocks() {
			must(d.RemoveBlockOf(ctx, ByCommand("fine after all"), store.BlockPhoto, b.Value))
		}
		if p := post(d.bob, photo(d.bob, 3, 512)); p.Held {
			t.Error("it waits though the site keeps out none any more")
		}

		// By the address of a post, or by the digits of another site.
		b, err := d.KeepOut(ctx, ByCommand("seen elsewhere"), NewBlock{Kind: store.BlockPhoto, Value: "https://example.org/@bob/" + fmt.Sprint(passed.ID) + "/"})
		must(err)
		if len(b) != 2 {
			t.Errorf("%d photographs of a post with two", len(b))
		}
		b, err = d.KeepOut(ctx, ByCommand(""), NewBlock{Kind: store.BlockPhoto, Value: "00FF00ff00ff00FF", Note: "from a friend"})
		must(err)
		if len(b) != 1 || b[0].Value != "00ff00ff00ff00ff" || b[0].Note != "from a friend" {
			t.Errorf("%+v", b)
		}
		for value, want := range map[string]string{"https://example.org/@bob": "value invalid", "": "value invalid", "1": "value no_photo", "-1": "value no_photo"} {
			if _, err := d.KeepOut(ctx, ByCommand(""), NewBlock{Kind: store.BlockPhoto, Value: value}); codes(err) != want {
				t.Errorf("%q: %v", value, err)
			}
		}
		if _, err := d.KeepOut(ctx, by, NewBlock{Kind: store.BlockPhoto, Value: fmt.Sprint(passed.ID)}); !errors.Is(err, ErrForbidden) {
			t.Errorf("a moderator adds to what is kept out: %v", err)
		}
	})
}
