package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"tintype/internal/servertest"
)

// check looks every post up when all is over: in SQL, and by its author on every instance; the photos, too. And it asks
// every instance who everybody is.
func (l *load) check(ctx context.Context, primary *servertest.DatabaseServer, instances []*servertest.Instance) error {
	rows, err := l.inSQL(primary)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	work := make(chan func())
	for range 8 {
		wg.Go(func() {
			for f := range work {
				f()
			}
		})
	}
	for _, m := range l.made {
		ids := rows[m.words]
		if len(ids) > 1 {
			l.record.incident(doubled, "%s by %s is there %d times: %v", m.words, m.by.Name, len(ids), ids)
		}
		if !m.acknowledged {
			continue
		}
		if len(ids) == 0 {
			l.record.incident(lost, "%s by %s was acknowledged as %q and is not in the database", m.words, m.by.Name, m.id)
			continue
		}
		for _, i := range instances {
			work <- func() { l.lookUp(ctx, m, ids[0], i) }
		}
	}
	for _, c := range append(append([]*client{}, l.cookies...), l.tokens...) {
		for _, i := range instances {
			work <- func() { l.stillIn(ctx, c, i) }
		}
	}
	close(work)
	wg.Wait()
	return nil
}

// at is the same person, on one instance. The balancer's port and the instance's share their cookies.
func (c *client) at(i *servertest.Instance) *client {
	there := *c.Client
	there.Site = fmt.Sprintf("http://localhost:%d", i.Port)
	return &client{&there, c.record}
}

// eventually asks until the instance is not too busy.
func (c *client) eventually(ctx context.Context, path string) servertest.Answer {
	for end := time.Now().Add(patience); ; {
		a := c.Send(ctx, servertest.Read(path))
		if a.Err == nil && a.Status < 500 || time.Now().After(end) {
			return a
		}
		time.Sleep(again)
	}
}

var photoAddress = regexp.MustCompile(`"preview_url":"([^"]+)"`)

func (l *load) lookUp(ctx context.Context, m *made, id string, i *servertest.Instance) {
	visitor := newClient(l.record, l.site, 0).at(i)
	a := visitor.eventually(ctx, "/api/v1/statuses/"+id)
	if a.Status != http.StatusOK || !strings.Contains(a.Body, m.words) {
		l.record.incident(lost, "%s by %s, %s, is not on %s: %d %v", m.words, m.by.Name, id, i.URL, a.Status, a.Err)
		return
	}
	if !m.photo {
		return
	}
	found := photoAddress.FindStringSubmatch(a.Body)
	if found == nil {
		l.record.incident(lost, "%s by %s, %s, has no photo on %s", m.words, m.by.Name, id, i.URL)
		return
	}
	address, err := url.Parse(found[1])
	if err != nil {
		l.record.incident(lost, "%s by %s, %s: %v", m.words, m.by.Name, id, err)
		return
	}
	if a := visitor.eventually(ctx, address.RequestURI()); a.Status != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "image/") {
		l.record.incident(lost, "the photo of %s by %s, %s, is not on %s: %d %v", m.words, m.by.Name, address.Path, i.URL, a.Status, a.Err)
	}
}

// stillIn checks that the cookie or token of the start of the load is still valid.
func (l *load) stillIn(ctx context.Context, c *client, i *servertest.Instance) {
	path := "/settings"
	if c.Token != "" {
		path = "/api/v1/accounts/verify_credentials"
	}
	c = c.at(i)
	if a := c.eventually(ctx, path); a.Status != http.StatusOK || c.loggedOut(a) {
		l.record.incident(logout, "at the end %s is not logged in on %s: %d %v", c.Name, i.URL, a.Status, a.Err)
	}
}

// inSQL are the ids of this run's posts, by their words.
func (l *load) inSQL(primary *servertest.DatabaseServer) (map[string][]string, error) {
	database, err := primary.Value("SELECT table_schema FROM information_schema.tables WHERE table_name = 'posts'")
	if err != nil {
		return nil, err
	}
	found := map[string][]string{}
	own := regexp.MustCompile(l.run + `\d{6}z`)
	for after := "0"; ; {
		text, err := primary.Value("SELECT COALESCE(GROUP_CONCAT(id, ' ', caption ORDER BY id SEPARATOR '\n'), '') FROM " +
			"(SELECT id, caption FROM " + database + ".posts WHERE deleted_at IS NULL AND id > " + after + " ORDER BY id LIMIT 1000) page")
		if err != nil || text == "" {
			return found, err
		}
		for line := range strings.Lines(text) {
			id, caption, _ := strings.Cut(strings.TrimSpace(line), " ")
			if words := own.FindString(caption); words != "" {
				found[words] = append(found[words], id)
			}
			after = id
		}
	}
}
