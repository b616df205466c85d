package app

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

func idOf(id int64) string { return strconv.FormatInt(id, 10) }

func object(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// object is what stands for the parameters of an address: one of that kind that is there, or a fresh one.
func (r *roleSite) object(kind string, fresh bool) map[string]string {
	r.t.Helper()
	if o, ok := r.objects[kind]; ok && !fresh {
		return o
	}
	maker, ok := r.makers[kind]
	if !ok {
		r.t.Fatalf("nobody makes a %s", kind)
	}
	o := maker(r)
	r.objects[kind] = o
	return o
}

// objectMakers make what the table of routes names. What they make is Anna's, or about her.
func objectMakers() map[string]func(*roleSite) map[string]string {
	return map[string]func(*roleSite) map[string]string{
		"-": func(*roleSite) map[string]string { return nil },
		"nothing": func(*roleSite) map[string]string {
			return object("id", "1", "token", "nothing", "file", "nothing", "random", "nothing", "variant", "320")
		},
		"tag": func(*roleSite) map[string]string { return object("tag", "harbour", "name", "harbour") },
		"anna": func(r *roleSite) map[string]string {
			return object("name", "anna_1", "id", idOf(r.accounts["anna"].ID))
		},
		// A suspended member, whose account an administrator may delete.
		"outcast": func(r *roleSite) map[string]string {
			a := r.account(false)
			_, err := r.c.SuspendMember(r.ctx, community.ByCommand(""), a.Username, community.Sanction{})
			r.must(err)
			return object("name", a.Username, "id", idOf(a.ID))
		},
		"client": func(r *roleSite) map[string]string { return object("id", r.app.ClientID) },
		// Somebody new, who has blocked whom Anna has blocked.
		"person": func(r *roleSite) map[string]string {
			a := r.account(false)
			_, err := r.c.Block(r.ctx, a, r.accounts["blocked"].ID)
			r.must(err)
			return object("name", a.Username, "id", idOf(a.ID))
		},
		"waiting": func(r *roleSite) map[string]string {
			a := r.account(true)
			return object("name", a.Username, "id", idOf(a.ID))
		},
		// Somebody who asks to follow Anna.
		"follower": func(r *roleSite) map[string]string {
			a := r.account(false)
			_, err := r.c.Follow(r.ctx, a, r.accounts["anna"].ID)
			r.must(err)
			return object("name", a.Username, "id", idOf(a.ID))
		},
		"post": func(r *roleSite) map[string]string { return r.postObject("public", "A harbour #harbour") },
		// A comment of Anna's on a post.
		"comment": func(r *roleSite) map[string]string {
			c := r.answers("POST", "/api/v1/statuses", "status", "Well seen.", "in_reply_to_id", r.object("post", true)["id"])
			return object("id", c["id"].(string))
		},
		"followers": func(r *roleSite) map[string]string {
			o := r.postObject("private", secretOfAnna+" orchard #harbour")
			r.answers("POST", "/api/v1/statuses/"+o["id"]+"/bookmark")
			r.answers("POST", "/api/v1/statuses/"+o["id"]+"/favourite")
			return o
		},
		"photo": func(r *roleSite) map[string]string {
			return object("id", r.object("followers", false)["photo"])
		},
		"draftphoto": func(r *roleSite) map[string]string { return object("id", r.photo(secretOfAnna)) },
		"albums":     func(r *roleSite) map[string]string { return r.albumObject(store.Followers, secretOfAnna, "followers") },
		"album":      func(r *roleSite) map[string]string { return r.albumObject(store.Public, "By the sea", "post") },
		"list": func(r *roleSite) map[string]string {
			title := secretOfAnna
			l, err := r.c.CreateList(r.ctx, r.accounts["anna"], community.ListOptions{Title: &title})
			r.must(err)
			return object("id", idOf(l.ID))
		},
		"filter": func(r *roleSite) map[string]string {
			f := r.answers("POST", "/api/v2/filters", "title", secretOfAnna, "context[]", "home", "keywords_attributes[][keyword]", secretOfAnna)
			return object("id", f["id"].(string), "keyword", f["keywords"].([]any)[0].(map[string]any)["id"].(string))
		},
		"keyword": func(r *roleSite) map[string]string { return object("id", r.makers["filter"](r)["keyword"]) },
		"filtered": func(r *roleSite) map[string]string {
			f := r.makers["filter"](r)
			return object("id", r.answers("POST", "/api/v2/filters/"+f["id"]+"/statuses", "status_id", r.object("post", false)["id"])["id"].(string))
		},
		"notification": func(r *roleSite) map[string]string {
			post, err := strconv.ParseInt(r.object("post", true)["id"], 10, 64)
			r.must(err)
			_, err = r.c.Like(r.ctx, r.accounts["moderator"], post)
			r.must(err)
			var list []struct{ ID string }
			r.must(json.Unmarshal(r.asks("anna", "GET", "/api/v1/notifications?limit=1", "", "").Body.Bytes(), &list))
			return object("id", list[0].ID)
		},
		// Anna's session in another browser.
		"session": func(r *roleSite) map[string]string {
			b := &browser{r.testSite, "192.0.2.99", map[string]string{}}
			b.send("POST", "/login", "name", "anna_1", "password", password)
			ids := regexp.MustCompile(`/settings/sessions/([^/"]+)/end"`).FindAllStringSubmatch(r.browsers["anna"].send("GET", "/settings/sessions").Body.String(), -1)
			return object("id", ids[0][1])
		},
		// An application that Anna alone uses.
		"application": func(r *roleSite) map[string]string {
			app, _, err := r.c.CreateApp(r.ctx, community.NewApp{Name: "Another", RedirectURIs: []string{community.OutOfBand}, Scopes: "read"})
			r.must(err)
			_, _, err = r.c.TokenFor(r.ctx, app, r.accounts["anna"], "read")
			r.must(err)
			return object("id", idOf(app.ID))
		},
		// A second factor that nobody is asked for.
		"factor": func(r *roleSite) map[string]string {
			f := &store.Factor{ID: r.c.Store.NewID(), AccountID: r.accounts["anna"].ID, Kind: store.FactorTOTP, Name: secretOfAnna, Secret: "x"}
			r.must(r.c.Store.Tx(r.ctx, func(ctx context.Context, tx *store.Store) error { return tx.AddFactor(ctx, f) }))
			return object("id", idOf(f.ID))
		},
		"decision": func(r *roleSite) map[string]string {
			_, err := r.c.WarnMember(r.ctx, community.ByCommand(secretOfModerators), "anna_1", community.Sanction{Words: "Be kind."})
			r.must(err)
			list, err := r.c.OwnDecisions(r.ctx, r.accounts["anna"])
			r.must(err)
			return object("id", idOf(list[0].ID), "name", "anna_1")
		},
		"appeal": func(r *roleSite) map[string]string {
			o := r.object("decision", true)
			id, err := strconv.ParseInt(o["id"], 10, 64)
			r.must(err)
			r.must(r.c.AppealDecision(r.ctx, r.accounts["anna"], id, "It was a joke."))
			return o
		},
		"suspension": func(r *roleSite) map[string]string {
			list, err := r.c.OwnDecisions(r.ctx, r.accounts["suspended"])
			r.must(err)
			return object("id", idOf(list[0].ID))
		},
		"report": func(r *roleSite) map[string]string {
			filed, err := r.c.Report(r.ctx, r.accounts["owner"], community.Report{TargetID: r.accounts["anna"].ID, Comment: secretOfModerators})
			r.must(err)
			return object("id", idOf(filed.ID))
		},
		"note": func(r *roleSite) map[string]string {
			id, err := r.c.Store.AddModeratorNote(r.ctx, store.ModeratorNote{AccountID: r.accounts["anna"].ID, Words: secretOfModerators, CreatedAt: 1})
			r.must(err)
			return object("id", idOf(id), "name", "anna_1")
		},
		"invitation": func(r *roleSite) map[string]string {
			inv, err := r.c.Invite(r.ctx, community.ByCommand(secretOfModerators), community.NewInvitation{Note: secretOfModerators, MaxUses: 1})
			r.must(err)
			return object("id", idOf(inv.ID))
		},
		"banned": func(r *roleSite) map[string]string {
			b, err := r.c.AddBlock(r.ctx, community.ByCommand(""), community.NewBlock{Kind: store.BlockDomain, Value: r.name("domain") + ".example", Note: secretOfModerators})
			r.must(err)
			return object("id", idOf(b.ID))
		},
		// A comment of Anna's that waits for a moderator.
		"held": func(r *roleSite) map[string]string {
			_, err := r.c.AddBlock(r.ctx, community.ByCommand(""), community.NewBlock{Kind: store.BlockWord, Value: "quarantine"})
			r.must(err)
			on, err := strconv.ParseInt(r.object("post", false)["id"], 10, 64)
			r.must(err)
			held, err := r.c.Publish(r.ctx, r.accounts["anna"], community.NewPost{Caption: "In quarantine.", InReplyTo: on})
			r.must(err)
			return object("id", idOf(held.ID))
		},
		"announcement": func(r *roleSite) map[string]string {
			a, err := r.c.Announce(r.ctx, community.ByCommand(secretOfModerators), community.NewAnnouncement{Text: "We meet at nine."})
			r.must(err)
			return object("id", idOf(a.ID), "name", "👍")
		},
		// A comment of Anna's.
		"remark": func(r *roleSite) map[string]string {
			o := r.object("announcement", false)
			id, err := strconv.ParseInt(o["id"], 10, 64)
			r.must(err)
			comment, err := r.c.CommentOnAnnouncement(r.ctx, r.accounts["anna"], id, "At the weir.", "")
			r.must(err)
			return object("id", o["id"], "comment", idOf(comment))
		},
		"job": func(r *roleSite) map[string]string {
			r.must(r.c.Store.Tx(r.ctx, func(ctx context.Context, tx *store.Store) error { return tx.AddJob(ctx, "test.kind", nil, 0) }))
			jobs, err := r.c.Store.ClaimJobs(r.ctx, []string{"test.kind"}, 1, "token", time.Hour)
			r.must(err)
			_, err = r.c.Store.BuryJob(r.ctx, jobs[0].ID, "token", secretOfModerators)
			r.must(err)
			return object("id", idOf(jobs[0].ID))
		},
		"export": func(r *roleSite) map[string]string {
			r.must(r.c.StartExport(r.ctx, r.accounts["anna"], community.Confirmation{Password: password}))
			var e *store.Export
			servertest.Eventually(r.t, "the export is made", func() bool {
				var err error
				e, err = r.c.ExportOf(r.ctx, r.accounts["anna"])
				r.must(err)
				return e.State == store.ExportReady
			})
			return object("id", idOf(e.ID), "part", "1")
		},
		"download": func(r *roleSite) map[string]string {
			id, err := strconv.ParseInt(r.object("albums", false)["id"], 10, 64)
			r.must(err)
			r.must(r.c.StartAlbumDownload(r.ctx, r.accounts["anna"], id, false))
			var d *store.AlbumDownload
			servertest.Eventually(r.t, "the archive is made", func() bool {
				d, err = r.c.AlbumDownload(r.ctx, r.accounts["anna"])
				r.must(err)
				return d.State == store.DownloadReady
			})
			return object("random", d.Random)
		},
		"pubmedia":  func(r *roleSite) map[string]string { return r.mediaObject("post") },
		"privmedia": func(r *roleSite) map[string]string { return r.mediaObject("followers") },
	}
}

func (r *roleSite) postObject(visibility, text string) map[string]string {
	photo := r.photo(text)
	p := r.answers("POST", "/api/v1/statuses", "status", text, "visibility", visibility, "media_ids[]", photo)
	return object("name", "anna_1", "id", p["id"].(string), "n", "1", "photo", photo)
}

func (r *roleSite) albumObject(v store.Visibility, title, of string) map[string]string {
	r.t.Helper()
	photo := r.object(of, true)["photo"]
	al, err := r.c.CreateAlbum(r.ctx, r.accounts["anna"], community.AlbumForm{Title: title, Visibility: v, Adders: "owner", Ordering: store.OrderNewest})
	r.must(err)
	id, err := strconv.ParseInt(photo, 10, 64)
	r.must(err)
	_, err = r.c.AddToAlbum(r.ctx, r.accounts["anna"], al.ID, []int64{id}, false)
	r.must(err)
	return object("id", idOf(al.ID), "photo", photo, "name", "anna_1")
}

// mediaObject is the address of a file, as the API tells Anna.
func (r *roleSite) mediaObject(of string) map[string]string {
	r.t.Helper()
	p := r.answers("GET", "/api/v1/statuses/"+r.object(of, false)["id"])
	u, err := url.Parse(p["media_attachments"].([]any)[0].(map[string]any)["url"].(string))
	r.must(err)
	parts := strings.Split(u.Path, "/")
	return object("random", parts[3], "variant", parts[4], "?", u.RawQuery)
}
