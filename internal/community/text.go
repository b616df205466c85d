package community

import (
	"html"
	"html/template"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"tintype/internal/hostname"
	"tintype/internal/store"
)

// Bounds of texts, in characters. Handlers tell them to clients.
const (
	MaxCaption     = 5000
	MaxComment     = 2000
	MaxWarning     = 500
	MaxDescription = 1500
	MaxPhotos      = 10
	MaxTags        = 30
	MaxMentions    = 20

	maxTagRunes   = 100
	maxNameBytes  = 30
	maxRenderSize = 64 << 10 // bytes; what is longer is cut, whoever stored it
)

// A token is a stretch of a text: plain words, or what becomes a link.
type token struct {
	kind tokenKind
	text string // as it stands in the text, with its sign
	name string // of a tag or mention, without its sign
}

type tokenKind int

const (
	words tokenKind = iota
	tagToken
	mentionToken
	urlToken
)

// tokens cuts a text into words, #tags, @mentions and http addresses. Joined again, they are the text. Mentions may have
// the site's own host behind them.
func (c *Community) tokens(text string) iter.Seq[token] {
	return func(yield func(token) bool) { cut(text, c.BaseURL, yield) }
}

func cut(text, origin string, yield func(token) bool) {
	if strings.IndexByte(text, '#') < 0 && strings.IndexByte(text, '@') < 0 && !strings.Contains(text, "://") {
		if text != "" {
			yield(token{kind: words, text: text})
		}
		return
	}
	start := 0 // of the words not yet cut off
	for i := 0; i < len(text); {
		b := text[i]
		if b != '#' && b != '@' && b|0x20 != 'h' { // nothing begins here
			i++
			continue
		}
		before := ' '
		if i > 0 {
			before, _ = utf8.DecodeLastRuneInString(text[:i])
		}
		var t token
		switch {
		case b == '#' && !joins(before) && before != ')':
			if name := tagAt(text[i+1:]); name != "" {
				t = token{tagToken, text[i : i+1+len(name)], name}
			}
		case b == '@' && !joins(before):
			if name, size := mentionAt(text[i+1:], origin); name != "" {
				t = token{mentionToken, text[i : i+1+size], name}
			}
		case b|0x20 == 'h' && !joins(before):
			if address := addressAt(text[i:]); address != "" {
				t = token{kind: urlToken, text: address}
			}
		}
		if t.kind == words {
			i++
			continue
		}
		if i > start && !yield(token{kind: words, text: text[start:i]}) || !yield(t) {
			return
		}
		i += len(t.text)
		start = i
	}
	if start < len(text) {
		yield(token{kind: words, text: text[start:]})
	}
}

// joins reports whether a sign right after r belongs to the same word as r: an address, a path, an entity.
func joins(r rune) bool {
	return r == '/' || r == '=' || r == '&' || r == '#' || r == '@' || wordRune(r)
}

func wordRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// tagAt is the tag's name that the text begins with, "" if it is none.
func tagAt(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !wordRune(r) })
	if end < 0 {
		end = len(text)
	}
	if name := text[:end]; ValidTag(name) {
		return name
	}
	return ""
}

// ValidTag reports whether the name can be a tag's: letters, digits and underscores of any script, not digits or
// underscores alone, at most 100 characters.
func ValidTag(name string) bool {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxTagRunes || utf8.RuneCountInString(store.Fold(name)) > maxTagRunes {
		return false
	}
	digits, underscores, others := 0, 0, 0
	for _, r := range name {
		switch {
		case !wordRune(r):
			return false
		case r == '_':
			underscores++
		case unicode.IsNumber(r):
			digits++
		case unicode.IsLetter(r):
			others++
		}
	}
	return others > 0 || digits > 0 && underscores > 0
}

// mentionAt is the username that the text begins with, and how many bytes the mention takes, a host of the site's own
// included. A name that goes on with another host is one of another site, or a mailbox.
func mentionAt(text, origin string) (name string, size int) {
	end := 0
	for end < len(text) && (text[end] == '_' || text[end] >= '0' && text[end] <= '9' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
		end++
	}
	if end == 0 || end > maxNameBytes {
		return "", 0
	}
	r, _ := utf8.DecodeRuneInString(text[end:])
	switch {
	case end == len(text) || r != '@' && !wordRune(r):
		return text[:end], end
	case r != '@':
		return "", 0
	}
	host := text[end+1:]
	if i := strings.IndexFunc(host, func(r rune) bool { return r != '.' && r != '-' && r != ':' && !wordRune(r) }); i >= 0 {
		if host[i] == '@' {
			return "", 0
		}
		host = host[:i]
	}
	host = strings.TrimRight(host, ".-:")
	scheme, own, _ := strings.Cut(origin, "://")
	if !hostname.Same(host, own, scheme) {
		return "", 0
	}
	return text[:end], end + 1 + len(host)
}

// addressAt is the http or https address that the text begins with, without the punctuation that ends a sentence.
func addressAt(text string) string {
	scheme := len("http://")
	if len(text) > scheme && strings.EqualFold(text[:scheme+1], "https://") {
		scheme++
	} else if len(text) < scheme || !strings.EqualFold(text[:scheme], "http://") {
		return ""
	}
	end := scheme
	open := 0 // parentheses: one that closes what was opened outside ends the address
loop:
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Cf, r) || strings.ContainsRune("<>\"`{}|\\^", r):
			break loop
		case r == '(':
			open++
		case r == ')':
			if open--; open < 0 {
				break loop
			}
		}
		end += size
	}
	address := strings.TrimRight(text[:end], ".,;:!?'…")
	if len(address) <= scheme {
		return ""
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	return address
}

// What is read out of texts is the same every time, and pages show the same texts again and again.
const (
	textsKept    = 4 << 20 // bytes, of tags and as much of HTML
	textsKeptFor = 10 * time.Minute
)

// A renderedText is a text without mentions as HTML, with these tags as links.
type renderedText struct {
	tags []store.Tag
	html template.HTML
}

// tagsOf are the tags that a caption shows, which are those that publishing it wrote into post_tags. They are read from
// the words because a page of posts would pay a tenth of its time for asking the database.
func (c *Community) tagsOf(caption string) []store.Tag {
	if !strings.ContainsRune(caption, '#') {
		return nil
	}
	tags, ok := c.tags.Get(caption)
	if ok {
		return tags
	}
	caption = strings.Clone(caption) // it is part of a row that need not be kept
	for t := range c.tokens(caption) {
		if t.kind != tagToken {
			continue
		}
		if key := store.Fold(t.name); !slices.ContainsFunc(tags, func(other store.Tag) bool { return other.NameKey == key }) {
			tags = append(tags, store.Tag{Name: t.name, NameKey: key})
		}
	}
	tags = slices.Clip(tags)
	c.tags.Put(caption, tags, len(caption)+len(tags)*int(unsafe.Sizeof(store.Tag{})))
	return tags
}

// Extract finds the names of the #tags and @mentions in a text, each once, as first written.
func (c *Community) Extract(text string) (tags, mentions []string) {
	seen := map[string]bool{}
	for t := range c.tokens(text) {
		key := string(rune('0'+t.kind)) + store.Fold(t.name)
		if t.name == "" || seen[key] {
			continue
		}
		seen[key] = true
		if t.kind == tagToken {
			tags = append(tags, t.name)
		} else {
			mentions = append(mentions, t.name)
		}
	}
	return tags, mentions
}

// CharactersPerURL is what a web address counts in a text, whatever its length.
const CharactersPerURL = 23

// Characters measures a caption or comment as Mastodon does, and as count.js does on pages: a web address counts
// CharactersPerURL, and of a mention with the site's own host the name alone.
func (c *Community) Characters(text string) int {
	n := 0
	for t := range c.tokens(text) {
		switch t.kind {
		case urlToken:
			n += CharactersPerURL
		case mentionToken:
			n += len("@") + len(t.name)
		default:
			n += utf8.RuneCountInString(t.text)
		}
	}
	return n
}

// Render writes a text as HTML of p, br, a and span alone, as Mastodon does: paragraphs at blank lines, links for
// addresses and for the given tags and mentions. Everything else is escaped.
func (c *Community) Render(text string, mentions []*store.Account, tags []store.Tag) template.HTML {
	if len(mentions) > 0 {
		return c.render(text, mentions, tags)
	}
	known, ok := c.rendered.Get(text)
	if !ok || !slices.Equal(known.tags, tags) {
		known = renderedText{tags, c.render(text, nil, tags)}
		c.rendered.Put(strings.Clone(text), known, len(text)+len(known.html)+len(tags)*int(unsafe.Sizeof(store.Tag{})))
	}
	return known.html
}

func (c *Community) render(text string, mentions []*store.Account, tags []store.Tag) template.HTML {
	text = tidy(text)
	if len(text) > maxRenderSize {
		text = strings.ToValidUTF8(text[:maxRenderSize], "")
	}
	if text == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(len(text) + 64 + 128*(len(mentions)+len(tags)))
	b.WriteString("<p>")
	for t := range c.tokens(text) {
		switch t.kind {
		case tagToken:
			if i := tagIndex(tags, t.name); i >= 0 {
				write(&b, `<a href="`, html.EscapeString(c.TagURL(tags[i].Name)), `" class="mention hashtag" rel="tag">#<span>`, html.EscapeString(t.name), `</span></a>`)
				continue
			}
		case mentionToken:
			if i := slices.IndexFunc(mentions, func(a *store.Account) bool { return strings.EqualFold(a.Username, t.name) }); i >= 0 {
				write(&b, `<span class="h-card"><a href="`, html.EscapeString(c.AccountURL(mentions[i].Username)),
					`" class="u-url mention">@<span>`, html.EscapeString(mentions[i].Username), `</span></a></span>`)
				continue
			}
		case urlToken:
			write(&b, `<a href="`, html.EscapeString(t.text), `" rel="nofollow noopener">`, html.EscapeString(t.text), `</a>`)
			continue
		}
		writeLines(&b, t.text)
	}
	b.WriteString("</p>")
	return template.HTML(b.String())
}

// RenderLine is Render for a text of one line, without a paragraph around it.
func (c *Community) RenderLine(text string) template.HTML {
	s := string(c.Render(Plain(text), nil, nil))
	return template.HTML(strings.TrimSuffix(strings.TrimPrefix(s, "<p>"), "</p>"))
}

func write(b *strings.Builder, parts ...string) {
	for _, p := range parts {
		b.WriteString(p)
	}
}

// writeLines writes words: a line break becomes br, two a new paragraph.
func writeLines(b *strings.Builder, text string) {
	for text != "" {
		i := strings.IndexByte(text, '\n')
		if i < 0 {
			b.WriteString(html.EscapeString(text))
			return
		}
		b.WriteString(html.EscapeString(text[:i]))
		if text = text[i+1:]; strings.HasPrefix(text, "\n") {
			text = text[1:]
			b.WriteString("</p><p>")
		} else {
			b.WriteString("<br>")
		}
	}
}

func tagIndex(tags []store.Tag, name string) int {
	if len(tags) == 0 {
		return -1
	}
	key := store.Fold(name)
	return slices.IndexFunc(tags, func(t store.Tag) bool { return t.NameKey == key })
}

// TagURL and AccountURL are the pages' addresses.
func (c *Community) TagURL(name string) string { return c.BaseURL + "/tags/" + url.PathEscape(name) }

// AccountURL is the address of a profile.
func (c *Community) AccountURL(username string) string {
	return c.BaseURL + "/@" + url.PathEscape(username)
}

// Plain returns a text on one line, for names, titles and descriptions. It is not HTML. It drops characters that change
// the direction of writing, because they would reorder the words around the text. Letters keep their own direction.
func Plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, tidy(text))
	return strings.Join(strings.Fields(text), " ")
}

// tidy returns a text in the form in which it is stored: valid UTF-8, lines ended by \n, at most one blank line in a
// row, no space around it, no control characters. A text with nothing to see is "".
func tidy(text string) string {
	if isTidy(text) { // what is stored is, and is rendered often
		return text
	}
	return tidyUp(text)
}

func tidyUp(text string) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || r == '\uFEFF':
			return -1
		}
		return r
	}, text)
	lines := strings.Split(text, "\n")
	kept := lines[:0]
	for _, line := range lines {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	text = strings.TrimSpace(strings.Join(kept, "\n"))
	if !strings.ContainsFunc(text, visible) {
		return ""
	}
	return text
}

// visible reports whether a character shows something by itself. White space, joiners, direction marks and marks without
// a letter under them do not, nor do the blanks that Unicode counts among letters and symbols.
func visible(r rune) bool {
	switch r {
	case '\u2800', '\U0001D159': // a Braille cell without dots, a note without a head
		return false
	}
	return !unicode.IsSpace(r) && !unicode.IsControl(r) &&
		!unicode.In(r, unicode.Mark, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

// isTidy reports, for plain texts only, that tidy would not change them. False says nothing.
func isTidy(text string) bool {
	for i := range len(text) {
		if b := text[i]; b >= utf8.RuneSelf || b < ' ' && b != '\n' || b == 0x7F {
			return false
		}
	}
	return strings.TrimSpace(text) == text && !strings.Contains(text, " \n") && !strings.Contains(text, "\n\n\n")
}

// oneLine is tidy for a text of one line, such as a content warning.
func oneLine(text string) string { return Plain(text) }
