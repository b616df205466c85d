package community

import (
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"tintype/internal/store"
)

func TestExtract(t *testing.T) {
	c := New(Options{BaseURL: "https://xn--bcher-kva.example"})
	for _, tt := range []struct {
		text           string
		tags, mentions []string
	}{
		{"", nil, nil},
		{"Morning #fog, #Fog again and #FÔG", []string{"fog"}, nil},
		{"#東京 #straße_2 #2024 #_ #2024_01 #a#b", []string{"東京", "straße_2", "2024_01", "a"}, nil},
		{"with @ann and @Ann, (@bob) not a@b.org, @carl@other.example or /@dan", nil, []string{"ann", "bob"}},
		{"https://example.org/#top https://example.org/@eve x&#39; #ok", []string{"ok"}, nil},
		{"#" + strings.Repeat("a", 100) + " #" + strings.Repeat("b", 101), []string{strings.Repeat("a", 100)}, nil},
		{"@" + strings.Repeat("a", 31), nil, nil},
		{"@ann@xn--bcher-kva.example, @bob@BÜCHER.example. (@carl@bücher.example.:443)", nil, []string{"ann", "bob", "carl"}},
		{"@dan@bücher.example:8443 @eve@bucher.example @fay@bücher.example.evil.example @gil@bücher.example@x @hal@", nil, nil},
		{"line\n#one\n@two", []string{"one"}, []string{"two"}},
	} {
		tags, mentions := c.Extract(tt.text)
		if !reflect.DeepEqual(tags, tt.tags) || !reflect.DeepEqual(mentions, tt.mentions) {
			t.Errorf("%q: tags %q, mentions %q; want %q, %q", tt.text, tags, mentions, tt.tags, tt.mentions)
		}
	}
}

func TestRender(t *testing.T) {
	c := New(Options{BaseURL: "https://photos.example"})
	ann := []*store.Account{{Username: "Ann"}}
	fog := []store.Tag{{Name: "Fog", NameKey: "fog"}}
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{" \n ", ""},
		{"a\nb\r\n\r\n\r\nc", "<p>a<br>b</p><p>c</p>"},
		{"<b>&\"'", "<p>&lt;b&gt;&amp;&#34;&#39;</p>"},
		{"#fog #rain", `<p><a href="https://photos.example/tags/Fog" class="mention hashtag" rel="tag">#<span>fog</span></a> #rain</p>`},
		{"@ann, @bob", `<p><span class="h-card"><a href="https://photos.example/@Ann" class="u-url mention">@<span>Ann</span></a></span>, @bob</p>`},
		{"(see https://x.example/a_(b)?q=1&r=\"2\").", `<p>(see <a href="https://x.example/a_(b)?q=1&amp;r=" rel="nofollow noopener">https://x.example/a_(b)?q=1&amp;r=</a>&#34;2&#34;).</p>`},
		{"javascript:alert(1) http:// https://user:pw@x.example/", "<p>javascript:alert(1) http:// https://user:pw@x.example/</p>"},
		{"HTTPS://X.example.", `<p><a href="HTTPS://X.example" rel="nofollow noopener">HTTPS://X.example</a>.</p>`},
		{"bad \xff utf\x00", "<p>bad  utf</p>"},
	} {
		if got := string(c.Render(tt.text, ann, fog)); got != tt.want {
			t.Errorf("%q\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestTheShortWayOfTidying(t *testing.T) {
	pieces := []string{"a", " ", "\n", "\t", "\r", "\x00", "\x7f", "é", "b c"}
	var try func(text string, depth int)
	try = func(text string, depth int) {
		if got, want := tidy(text), tidyUp(text); got != want {
			t.Errorf("tidy(%q) = %q, want %q", text, got, want)
		}
		for _, p := range pieces {
			if depth > 0 {
				try(text+p, depth-1)
			}
		}
	}
	try("", 5)
}

func TestPlain(t *testing.T) {
	if got := Plain("a\u202Egpj.\u2066exe \u05D0\u200F"); got != "agpj.exe \u05D0\u200F" {
		t.Errorf("%q still turns what stands around it", got)
	}
	if got := Plain(" a\r\n\n <b>\tc\x00 "); got != "a <b> c" {
		t.Errorf("%q", got)
	}
}

// What Render writes is p, br, a and span alone, with addresses of http and https, whatever is written.
// What was made of a text before is what is made of it now, whoever is mentioned and whatever is linked.
func TestRenderAgain(t *testing.T) {
	c := New(Options{BaseURL: "https://photos.example"})
	const text = "#fog with @bob"
	tags, bob := c.tagsOf(text), &store.Account{Username: "bob"}
	if len(tags) != 1 || tags[0].Name != "fog" || len(c.tagsOf(text)) != 1 {
		t.Fatalf("tags %v", tags)
	}
	for range 2 {
		for _, of := range []struct {
			mentions []*store.Account
			tags     []store.Tag
			links    int
		}{{nil, nil, 0}, {nil, tags, 1}, {[]*store.Account{bob}, tags, 2}, {[]*store.Account{bob}, nil, 1}} {
			got := c.Render(text, of.mentions, of.tags)
			if want := c.render(text, of.mentions, of.tags); got != want || strings.Count(string(got), "<a ") != of.links {
				t.Errorf("%d mentions, %d tags: %s", len(of.mentions), len(of.tags), got)
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"Plain", "a\n\nb\nc", "#fog @ann https://x.example/?a=b&c=<d>", "<script>alert(1)</script>", `https://x.example/"onmouseover="alert(1)`,
		"https://x.example/'><img src=x onerror=alert(1)>", "@ann<", "#fog\"", "&lt;script&gt;", "javascript:alert(1)//http://x", "http://\u202e.example", "\xff#fog", "</p></a>",
		"<!-- -->#fog", "<![CDATA[x]]>", "\x00<\x00script", "https://x.example/]]>&#x3c;", "http://[::1]/%zz",
	} {
		f.Add(s)
	}
	c := New(Options{BaseURL: "https://photos.example"})
	f.Fuzz(func(t *testing.T, text string) {
		tags, names := c.Extract(text)
		var mentions []*store.Account
		for _, n := range names {
			mentions = append(mentions, &store.Account{Username: n})
		}
		var known []store.Tag
		for _, n := range tags {
			known = append(known, store.Tag{Name: n, NameKey: store.Fold(n)})
		}
		out := string(c.Render(text, mentions, known))
		allowed := map[string]string{"p": "", "br": "", "a": "href class rel", "span": "class"}
		var open []string
		for z := html.NewTokenizer(strings.NewReader(out)); ; {
			kind := z.Next()
			if kind == html.ErrorToken {
				break
			}
			tok := z.Token()
			switch kind {
			case html.CommentToken, html.DoctypeToken, html.SelfClosingTagToken:
				t.Fatalf("%q gives %v", text, tok)
			case html.StartTagToken:
				attrs, ok := allowed[tok.Data]
				if !ok {
					t.Fatalf("%q gives the element %s", text, tok.Data)
				}
				for _, a := range tok.Attr {
					if !strings.Contains(attrs, a.Key) {
						t.Fatalf("%q gives %s an attribute %s", text, tok.Data, a.Key)
					}
					if a.Key == "href" && !strings.HasPrefix(strings.ToLower(a.Val), "http://") && !strings.HasPrefix(strings.ToLower(a.Val), "https://") {
						t.Fatalf("%q links to %s", text, a.Val)
					}
				}
				if tok.DataAtom != atom.Br {
					open = append(open, tok.Data)
				}
			case html.EndTagToken:
				if len(open) == 0 || open[len(open)-1] != tok.Data {
					t.Fatalf("%q closes %s, open are %v", text, tok.Data, open)
				}
				open = open[:len(open)-1]
			}
		}
		if len(open) > 0 {
			t.Fatalf("%q leaves %v open", text, open)
		}
		if len(out) > 64*(len(text)+64) {
			t.Fatalf("%d bytes became %d", len(text), len(out))
		}
	})
}

func TestTextsOfNothingVisibleAreEmpty(t *testing.T) {
	for name, text := range map[string]string{
		"zero width": "\u200B\u200C\u200D\u2060\uFEFF", "direction": "\u200E\u200F\u061C\u202E\u2067", "combining": "\u0301\u0489\u20DD\u0903",
		"white space": " \t\u00A0\u1680\u2003\u202F\u205F\u3000\u2028\u0085", "fillers": "\u115F\u1160\u3164\uFFA0\u034F", "Braille": "\u2800\u2800",
		"variation": "\uFE0F\U000E0100", "tags": "\U000E0041\U000E007F", "soft hyphen": "\u00AD", "Mongolian": "\u180E\u180B", "null notehead": "\U0001D159",
		"noncharacter": "\uFDD0", "all": " \u200B\u0301\n\u3164 \u2800",
	} {
		if got := tidy(text); got != "" {
			t.Errorf("%s: tidy is %q", name, got)
		}
		if got := Plain(text); got != "" {
			t.Errorf("%s: Plain is %q", name, got)
		}
	}
	for _, text := range []string{"e\u0301", "👨\u200D👩\u200D👧", "נ\u200F", "한", ".", "☕\uFE0F", "क\u094D\u200Dष", "\uE000"} {
		if got := tidy(text); got != text {
			t.Errorf("tidy(%q) is %q", text, got)
		}
	}
}
