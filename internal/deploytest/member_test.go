package deploytest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A member of a site, by the client API.
type member struct {
	*servertest.Client
	t *testing.T
}

// join signs somebody up.
func join(t *testing.T, site, name string) *member {
	t.Helper()
	return &member{servertest.NewClient(t, site).SignUpByToken(name), t}
}

// postPhoto posts a photo and looks at it: the page, and the file itself.
func (m *member) postPhoto(caption string) servertest.Status {
	m.t.Helper()
	made := m.PostPhoto(phototest.JPEG(phototest.Options{Width: 640, Height: 480, Seed: 1}), caption)
	m.sees(made, caption)
	return made
}

// sees looks at a post as a visitor does, wherever the site says that it is.
func (m *member) sees(p servertest.Status, caption string) {
	m.t.Helper()
	if len(p.Media) != 1 {
		m.t.Fatalf("a post with %d photos", len(p.Media))
	}
	visitor := servertest.NewClient(m.t, m.Site)
	read := func(address string) servertest.Answer {
		m.t.Helper()
		u, err := url.Parse(address)
		if err != nil {
			m.t.Fatal(err)
		}
		return visitor.Get(u.RequestURI()).Want(http.StatusOK)
	}
	read(p.URL).Has(caption)
	if file := read(p.Media[0].URL); !strings.HasPrefix(file.Body, "\xff\xd8\xff") {
		m.t.Errorf("%s is no JPEG", p.Media[0].URL)
	}
}

// answers asks as a visitor. It returns an error unless the address answers with 200.
func answers(address string) error {
	_, err := servertest.NewClient(nil, address).Must(http.StatusOK, servertest.Read(address))
	return err
}
