package mail

import (
	"html/template"
	"strings"
	"unicode/utf8"

	"tintype/internal/lang"
)

// A Letter is what somebody reads. All letters have one design, in text and in HTML, without pictures from elsewhere and
// without anything that tells the site who has read it.
type Letter struct {
	Site    Site
	Subject string
	Hello   string   // "Hello Ada,"; "" for none
	Before  []string // paragraphs
	Button  Link     // the one thing to do; empty for none
	Items   []Item   // a list
	After   []string // paragraphs
	Why     string   // why this came
	Off     string   // the address that ends letters of this kind; "" where nobody can turn them off
}

// Site is who writes.
type Site struct {
	Name    string
	URL     string
	Contact string         // "" for none
	Lang    *lang.Language // what it writes in
}

// Link is words with an address.
type Link struct{ Words, URL string }

// An Item is a line of a list.
type Item struct {
	Words  string
	Detail string // further words, or ""
	URL    string // or ""
}

// width is where lines of the text end.
const width = 72

// Text is the letter without markup.
func (l Letter) Text() string {
	var b strings.Builder
	para := func(s string) {
		if s != "" {
			b.WriteString(wrap(s, "") + "\n\n")
		}
	}
	para(l.Hello)
	for _, p := range l.Before {
		para(p)
	}
	if l.Button.URL != "" {
		b.WriteString(l.Button.Words + ":\n" + l.Button.URL + "\n\n")
	}
	for _, i := range l.Items {
		b.WriteString("* " + wrap(i.Words, "  ") + "\n")
		if i.Detail != "" {
			b.WriteString("  " + wrap(i.Detail, "  ") + "\n")
		}
		if i.URL != "" {
			b.WriteString("  " + i.URL + "\n")
		}
		b.WriteString("\n")
	}
	for _, p := range l.After {
		para(p)
	}
	b.WriteString("-- \n" + l.Site.Name + ", " + l.Site.URL + "\n")
	if l.Site.Contact != "" {
		b.WriteString(l.contact() + "\n")
	}
	if l.Why != "" {
		b.WriteString(wrap(l.Why, "") + "\n")
	}
	if l.Off != "" {
		b.WriteString(l.off() + ": " + l.Off + "\n")
	}
	return b.String()
}

func (l Letter) contact() string { return l.Site.Lang.T("Questions: %s", l.Site.Contact) }

func (l Letter) off() string { return l.Site.Lang.T("No more of these") }

// wrap breaks lines at spaces; indent goes before all but the first.
func wrap(s, indent string) string {
	var b strings.Builder
	n := utf8.RuneCountInString(indent)
	for i, w := range strings.Fields(s) {
		length := utf8.RuneCountInString(w)
		switch {
		case i == 0:
		case n+1+length > width:
			b.WriteString("\n" + indent)
			n = utf8.RuneCountInString(indent)
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += length
	}
	return b.String()
}

// HTML is the letter as a document. Its colours are the site's (static/css/1-tokens.css), light or dark as the reader's, where the
// program that shows it knows them.
func (l Letter) HTML() (string, error) {
	var b strings.Builder
	err := document.Execute(&b, l)
	return b.String(), err
}

var document = template.Must(template.New("letter").Funcs(template.FuncMap{"contact": Letter.contact, "off": Letter.off}).Parse(`<!doctype html>
<html lang="{{.Site.Lang.Code}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"><title>{{.Subject}}</title>
<style>
:root{color-scheme:light dark}
@media (prefers-color-scheme:dark){.page{background:#121514!important}.sheet{background:#1C201E!important;border-color:#2D3330!important}.ink,.ink a{color:#ECEFED!important}.quiet,.quiet a{color:#A5ADA9!important}.act{background:#ECEFED!important;color:#121514!important}}
</style></head>
<body class="page" style="margin:0;padding:0;background:#F5F6F5">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="sheet" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px;background:#FFFFFF;border:1px solid #D2D6D4;border-radius:2px"><tr><td class="ink" style="padding:28px;font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;color:#181B1A;overflow-wrap:anywhere">
<p style="margin:0 0 20px;font-weight:700"><a href="{{.Site.URL}}" style="color:#181B1A;text-decoration:none">{{.Site.Name}}</a></p>
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3">{{.Subject}}</h1>
{{with .Hello}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}{{range .Before}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}{{if .Button.URL}}<p style="margin:0 0 16px"><a class="act" href="{{.Button.URL}}" style="display:inline-block;padding:12px 20px;border-radius:2px;background:#181B1A;color:#F5F6F5;font-weight:600;text-decoration:none">{{.Button.Words}}</a></p>
<p class="quiet" style="margin:0 0 16px;font-size:13px;color:#525957">{{.Button.URL}}</p>
{{end}}{{if .Items}}<ul style="margin:0 0 16px;padding:0 0 0 20px">
{{range .Items}}<li style="margin:0 0 10px">{{if .URL}}<a href="{{.URL}}" style="color:#181B1A">{{.Words}}</a>{{else}}{{.Words}}{{end}}{{with .Detail}}<br><span class="quiet" style="color:#525957">{{.}}</span>{{end}}</li>
{{end}}</ul>
{{end}}{{range .After}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}</td></tr></table>
<p class="quiet" style="max-width:560px;margin:16px auto 0;font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px;line-height:1.5;color:#525957">{{with .Why}}{{.}}<br>{{end}}{{if .Site.Contact}}{{contact .}}<br>{{end}}{{if .Off}}<a href="{{.Off}}" style="color:#525957">{{off .}}</a>{{end}}</p>
</td></tr></table>
</body></html>
`))
