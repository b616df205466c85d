package community

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/lang"
	"tintype/internal/live"
	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// siteInstance is a process of a site whose environment says SITE_NAME and nothing else.
func siteInstance(t *testing.T, s *store.Store) *Community {
	t.Helper()
	c := New(Options{
		Store: s, BaseURL: "https://photos.example", Live: live.NewHub(live.Options{Reader: EventReader(s)}), Processor: media.NewProcessor(media.Options{}),
		SiteDefaults: Site{Name: "Of the environment", Description: "By default.", Language: lang.Find(lang.English), Registration: RegistrationInvitation, Visitors: VisitorsRead, PostLimit: Limit{3, time.Hour}},
		SiteLocks:    map[string]string{"name": "SITE_NAME"},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { c.Live.Follow(ctx); done <- struct{}{} }()
	go func() { c.FollowSite(ctx); done <- struct{}{} }()
	t.Cleanup(func() { cancel(); <-done; <-done })
	return c
}

func changesOf(pairs ...string) map[string]*string {
	m := map[string]*string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &pairs[i+1]
	}
	return m
}

// What one process changes, the others show: the environment goes before the row, and the row before the default.
func TestSiteIsEditedWhileItRuns(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		here, there := siteInstance(t, s), siteInstance(t, s)
		ctx := t.Context()
		by := ByCommand("a new board")
		if got := there.Site(ctx); got.Name != "Of the environment" || got.Description != "By default." || len(got.RulesIn(got.Language)) != len(DefaultRules) {
			t.Fatalf("%+v", got)
		}
		err := here.SetSite(ctx, by, changesOf("description", " Our  club ", "rules", "Be kind.\r\n\r\n No spam. ", "contact", "us@example.org", "language", "de",
			"registration", "open", "post_limit", "20/1h0m0s", "quota", "500"))
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]*Community{"here": here, "there": there} {
			servertest.Eventually(t, "the change "+name, func() bool {
				got := c.Site(ctx)
				return got.Description == "Our club" && slices.Equal(got.RulesIn(nil), []string{"Be kind.", "No spam."}) && got.Contact == "us@example.org" && got.Language.Code() == "de" &&
					got.Registration == RegistrationOpen && got.PostLimit == Limit{20, time.Hour} && got.QuotaMB == 500 && got.Name == "Of the environment"
			})
		}
		if got := here.Site(ctx); got.Description != "Our club" {
			t.Errorf("the process that made the change: %q", got.Description)
		}
		for _, list := range [][]SiteSetting{here.SiteSettings(ctx), there.SiteSettings(ctx)} {
			source := map[string]string{}
			for _, f := range list {
				source[f.Name] = f.Source + " " + f.Value
			}
			if source["name"] != "environment Of the environment" || source["description"] != "site Our club" || source["visitors"] != "default read" || source["post_limit"] != "site 20/1h" {
				t.Errorf("%v", source)
			}
		}
		logged, err := here.AdminLog(ctx, by, AdminLogSearch{}, Cursor{})
		if err != nil || len(logged) != 1 || logged[0].Act != "site.edit" || !strings.Contains(logged[0].Detail, "description: Our club; rules: changed; contact: us@example.org") {
			t.Errorf("%+v %v", logged, err)
		}

		// What says the same changes nothing, and what is wrong changes nothing of the rest.
		if err := here.SetSite(ctx, by, changesOf("description", "Our club")); err != nil {
			t.Error(err)
		}
		for name, change := range map[string]map[string]*string{
			"locked": changesOf("name", "Another"), "unknown": changesOf("colour", "red"), "blank contact": changesOf("contact", "nobody"),
			"a long text": changesOf("description", strings.Repeat("x", 501)), "another registration": changesOf("registration", "maybe"),
			"a language": changesOf("language", "tlh"), "a limit": changesOf("post_limit", "many"), "a quota": changesOf("quota", "-1"),
			"too many rules":           changesOf("rules", strings.Repeat("rule\n", MaxSiteRules+1)),
			"open and members-only":    changesOf("visitors", "none"),
			"one of two that is wrong": changesOf("description", "Half", "quota", "x"),
		} {
			var invalid *Invalid
			if err := here.SetSite(ctx, by, change); !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Back to the default, and to members only.
		change := changesOf("visitors", "none", "registration", "invitation")
		change["description"] = nil
		if err := there.SetSite(ctx, by, change); err != nil {
			t.Fatal(err)
		}
		servertest.Eventually(t, "the second change", func() bool {
			got := here.Site(ctx)
			return got.Description == "By default." && got.MembersOnly() && here.MembersOnly(ctx)
		})
		if logged, err = here.AdminLog(ctx, by, AdminLogSearch{}, Cursor{}); err != nil || len(logged) != 2 {
			t.Errorf("%d rows of the log, %v", len(logged), err)
		}
		// An environment that later lets everybody in does not open a members-only site.
		here.SiteDefaults.Registration, here.SiteLocks["registration"] = RegistrationOpen, "REGISTRATION"
		here.site.drop()
		if got := here.Site(ctx).Registration; got != RegistrationInvitation {
			t.Errorf("members-only, and registration %s", got)
		}
	})
}

// The site's picture is a JPEG without metadata, and goes with its row.
func TestSitePicture(t *testing.T) {
	c := siteInstance(t, storetest.SQLite(t))
	ctx, by := t.Context(), ByCommand("")
	if err := c.SetSitePicture(ctx, by, phototest.JPEG(phototest.Options{Width: 3000, Height: 1000, Seed: 1})); err != nil {
		t.Fatal(err)
	}
	first := c.Site(ctx).Picture
	file, err := c.SitePictureFile(ctx, strings.TrimPrefix(first.Path(), "/site-picture/"))
	if err != nil || first.Width != sitePictureWidth || first.Blurhash == "" || !strings.HasPrefix(string(file), "\xff\xd8") {
		t.Fatalf("%+v, %d bytes, %v", first, len(file), err)
	}
	if err := c.SetSitePicture(ctx, by, phototest.JPEG(phototest.Options{Width: 300, Height: 200, Seed: 2})); err != nil {
		t.Fatal(err)
	}
	second := c.Site(ctx).Picture
	if second.Width != 300 || second.Sum == first.Sum {
		t.Errorf("%+v", second)
	}
	// Clients hold the address of the one before for a day.
	served := func(p SitePicture) bool {
		t.Helper()
		_, err := c.SitePictureFile(ctx, strings.TrimPrefix(p.Path(), "/site-picture/"))
		if err != nil && !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	forget := func() {
		t.Helper()
		if err := c.Forget(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if forget(); !served(first) || !served(second) {
		t.Error("a picture that was replaced is gone at once")
	}
	row, err := c.Store.SiteInfo(ctx, siteRow+replacedPictures)
	if err != nil {
		t.Fatal(err)
	}
	at := replacedOf(row)
	at[first.Sum] -= store.Millis(keepRetired.Milliseconds())
	old, _ := json.Marshal(at)
	if err := c.Store.SetSiteInfo(ctx, siteRow+replacedPictures, string(old)); err != nil {
		t.Fatal(err)
	}
	c.site.drop()
	if served(first) {
		t.Error("a picture that was replaced is there after a day")
	}
	forget()
	if rows, err := c.Store.SiteInfos(ctx, sitePictureRow); err != nil || len(rows) != 1 {
		t.Errorf("%d pictures are kept after a day, %v", len(rows), err)
	}
	for i := range 2 * maxReplacedPictures {
		if err := c.SetSitePicture(ctx, by, phototest.JPEG(phototest.Options{Width: 300, Height: 200, Seed: int64(3 + i)})); err != nil {
			t.Fatal(err)
		}
	}
	if rows, err := c.Store.SiteInfos(ctx, sitePictureRow); err != nil || len(rows) != 1+maxReplacedPictures {
		t.Errorf("%d pictures are kept, %v", len(rows), err)
	}
	var invalid *Invalid
	for what, file := range map[string][]byte{"no photograph": []byte("no photo"), "HEIC": phototest.HEIC(), "damaged": phototest.JPEG(phototest.Options{Seed: 1})[:2000]} {
		if err := c.SetSitePicture(ctx, by, file); !errors.As(err, &invalid) || lang.Find("de").Retell(invalid.Fields[0].Message, media.Sentences) == invalid.Fields[0].Message {
			t.Errorf("%s: %v", what, err) // what it is, and what to do
		}
	}
	if err := c.RemoveSitePicture(ctx, by); err != nil || c.Site(ctx).Picture.Path() != "" {
		t.Errorf("%v %q", err, c.Site(ctx).Picture.Path())
	}
	for _, p := range []SitePicture{first, second, {Sum: "../../etc"}} {
		if _, err := c.SitePictureFile(ctx, strings.TrimPrefix(p.Path(), "/site-picture/")); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", p.Sum, err)
		}
	}
	if rows, err := c.Store.SiteInfos(ctx, sitePictureRow); err != nil || len(rows) != 0 {
		t.Errorf("%d rows are left, %v", len(rows), err)
	}
}
