package archive_test

import (
	"strings"
	"testing"
	"time"

	"tintype/internal/archive"
	"tintype/internal/lang"
)

// An export's pages speak the member's language, and no other.
func TestPagesSpeakALanguage(t *testing.T) {
	at := time.Date(2026, time.March, 5, 18, 30, 0, 0, time.UTC)
	profile := &archive.Profile{Username: "ann", DisplayName: "Ann", SiteName: "Harbour", Site: "https://harbour.example", CreatedAt: at, ExportedAt: at}
	post := &archive.Post{ID: "1", CreatedAt: at, Caption: "Boote", Visibility: "followers", Likes: 2, Comments: 1}
	page := archive.Page{Year: 2026, Part: 2, Posts: 1}
	write := func(code string) string {
		t.Helper()
		in, err := archive.In(lang.Find(code))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, err := range []error{
			in.WriteIndex(&b, profile, []archive.Page{page}, []archive.Latest{{Photo: archive.Photo{Small: "a.jpg"}, Page: "p"}}, 1, 12345),
			in.WriteIndex(&b, profile, nil, nil, 0, 0),
			in.StartPage(&b, profile, page), in.WritePost(&b, post), in.EndPage(&b, "posts/2025.html"),
			in.StartComments(&b, profile), in.WriteComment(&b, &archive.Comment{CreatedAt: at, Text: "Ja", Warning: "Nebel", Photos: []archive.Photo{{Small: "small/c.jpg", Description: "Steg"}}, InReplyTo: "https://harbour.example/posts/1"}), in.EndPage(&b, ""),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	english := []string{`lang="en"`, "Member since 5 March 2026.", "Exported on", "Latest photographs", "Everything", "2026, page 2", "1 post<", "12\u202f345 comments", "for programs", "There are no posts.", "Followers only", "2 likes", "1 comment<", "Older", "on https:", "5 March 2026, 18:30"}
	german := []string{`lang="de"`, "5. März 2026", "Neueste Fotos", "2026, Seite 2", "1 Beitrag<", "12.345 Kommentare", "Nur Follower", "1 Kommentar<", "Ältere"}
	for _, code := range []string{"en", "de"} {
		said, other := english, german
		if code == "de" {
			said, other = german, english
		}
		text := write(code)
		if !strings.Contains(text, `src="small/c.jpg" alt="Steg"`) || !strings.Contains(text, `class="warning">Nebel<`) {
			t.Errorf("a comment lacks its photograph or its warning in %s", text)
		}
		for _, want := range said {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing in %s", code, want, text)
			}
		}
		for _, not := range other {
			if strings.Contains(text, not) {
				t.Errorf("%s: %q is there", code, not)
			}
		}
	}
}
