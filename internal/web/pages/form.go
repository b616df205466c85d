package pages

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/templates"
)

// localPath is s if it is a path on this site, else fallback: a form or a link must not lead anywhere else. Nobody comes
// back to a page of logging in: what that would lead on to is taken instead, however deep it is.
func localPath(s, fallback string) string {
	for {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(s, "/") ||
			strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") {
			return fallback
		}
		if !slices.Contains(logInPages, strings.TrimRight(u.Path, "/")) {
			return s
		}
		s = u.Query().Get("return")
	}
}

var logInPages = []string{"/login", "/logout", "/signup", "/forgot-password"}

// returnTo is where an act was started.
func returnTo(c *gin.Context, fallback string) string {
	return localPath(c.PostForm("return"), fallback)
}

// redirect answers a successful form. The browser loads the page again, and a reload sends nothing twice.
func redirect(c *gin.Context, to string) error {
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

// fieldErrors returns the mistakes in an error that a form can show. ok is false for every other error. names maps
// field names of the use case to those of the form where they differ.
func (p *Pages) fieldErrors(c *gin.Context, err error, names map[string]string) (templates.FieldErrors, bool) {
	var invalid *community.Invalid
	if !errors.As(err, &invalid) {
		return nil, false
	}
	var out templates.FieldErrors
	for _, f := range invalid.Fields {
		name := f.Field
		if n, ok := names[name]; ok {
			name = n
		}
		out = append(out, templates.FieldError{Field: name, Message: f.Say(p.lang(c))})
	}
	return out, true
}

// newKey makes an idempotency key for a form. The form makes one post even if it is sent twice.
func newKey() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}

// idParam reads an id from the path. A text that is not a number is ErrNotFound, and so is a number in another spelling,
// such as +7: each page has one address.
func idParam(c *gin.Context, name string) (int64, error) {
	id, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || id <= 0 || c.Param(name) != idText(id) {
		return 0, community.ErrNotFound
	}
	return id, nil
}

func formID(s string) int64 {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 0 {
		return 0
	}
	return id
}

// spelt has no cache keep a page whose address spells a name otherwise than its owner does: people type such addresses,
// and a name has thousands of them.
func spelt(c *gin.Context, name, own string) {
	if name != own {
		c.Header("Cache-Control", "no-store")
	}
}

func idText(id int64) string { return strconv.FormatInt(id, 10) }

// pageOf reads the cursors of a list from the query.
func pageOf(c *gin.Context, limit int) community.Cursor {
	return community.Cursor{MaxID: formID(c.Query("max_id")), MinID: formID(c.Query("min_id")), Limit: limit}
}

// pager makes the links to a list's next and previous pages. full reports that the page was filled, so that there may
// be more.
func pager(c *gin.Context, page community.Cursor, first, last int64, n int) templates.Pager {
	if n == 0 {
		return past(c)
	}
	return pagerOf(c.Request.URL, page, first, last, n)
}

// pagerOf is pager for a list that is not empty and has another address than the form that shows it again.
func pagerOf(at *url.URL, page community.Cursor, first, last int64, n int) templates.Pager {
	var out templates.Pager
	link := func(name string, id int64) string {
		q := at.Query()
		q.Del("max_id")
		q.Del("min_id")
		q.Del("show")
		q.Set(name, idText(id))
		return at.Path + "?" + q.Encode()
	}
	if n >= page.Limit || page.MinID != 0 {
		out.OlderURL = link("max_id", last)
	}
	if page.MaxID != 0 || page.MinID != 0 && n >= page.Limit {
		out.NewerURL = link("min_id", first)
	}
	return out
}

// past is the pager of an empty page, which leads back to the beginning where the request asked for another place.
func past(c *gin.Context) templates.Pager {
	page := pageOf(c, 0)
	if page.MaxID == 0 && page.MinID == 0 && skipped(c) == 0 {
		return templates.Pager{}
	}
	q := c.Request.URL.Query()
	for _, name := range []string{"max_id", "min_id", "after", "show"} {
		q.Del(name)
	}
	first := c.Request.URL.Path
	if len(q) > 0 {
		first += "?" + q.Encode()
	}
	return templates.Pager{FirstURL: first, Before: page.MinID != 0}
}

// cursorPager is pager for lists of n rows that know their cursors; 0 is none.
func cursorPager(c *gin.Context, n int, next, prev int64) templates.Pager {
	if n == 0 {
		return past(c)
	}
	var out templates.Pager
	if next != 0 {
		out.OlderURL = c.Request.URL.Path + "?max_id=" + idText(next)
	}
	if prev != 0 && (c.Query("max_id") != "" || c.Query("min_id") != "") {
		out.NewerURL = c.Request.URL.Path + "?min_id=" + idText(prev)
	}
	return out
}

// flashes are sentences that a page shows once after a redirect. The cookie holds only the name.
var flashes = map[string]templates.Flash{
	"saved":            {Text: lang.Key("Saved.")},
	"push-on":          {Text: lang.Key("Push is on in this browser.")},
	"push-off":         {Text: lang.Key("Push is off in that browser.")},
	"password-changed": {Text: lang.Key("Your password is changed. All other sessions and all applications were logged out.")},
	"email-changed":    {Text: lang.Key("Your e-mail address is changed.")},
	"email-asked":      {Text: lang.Key("A mail is on its way to the new address. It takes effect once you have confirmed it there.")},
	"mail-sent":        {Text: lang.Key("The mail is on its way.")},
	"test-mail":        {Text: lang.Key("The mail server has accepted the mail. Check that it arrives, and not in the spam folder.")},
	"test-mail-file":   {Text: lang.Key("This site sends no mail: the mail was written as a file to DATA_DIR/mail.")},
	"posted":           {Text: lang.Key("Posted.")},
	"held":             {Text: lang.Key("It is waiting for a moderator. Until then nobody else sees it.")},
	"deleted":          {Text: lang.Key("Deleted.")},
	"reported":         {Text: lang.Key("Thank you. An administrator will read your report.")},
	"blocked":          {Text: lang.Key("Blocked. Neither of you sees the other any more.")},
	"muted":            {Text: lang.Key("Muted. What they post is left out for you. They are not told.")},
	"unmuted":          {Text: lang.Key("No longer muted.")},
	"unblocked":        {Text: lang.Key("No longer blocked.")},
	"removed":          {Text: lang.Key("Removed.")},
	"session-ended":    {Text: lang.Key("That session is logged out.")},
	"others-ended":     {Text: lang.Key("All other sessions and all applications are logged out.")},
	"revoked":          {Text: lang.Key("That application may no longer act for you.")},
	"account-deleted":  {Text: lang.Key("Your account is deleted. Its photographs are being removed.")},
	"left":             {Text: lang.Key("Your account is closed. Log in within a week to come back.")},
	"back":             {Text: lang.Key("Welcome back. Everything is there again.")},
	"logged-out":       {Text: lang.Key("You are logged out.")},
	"let-in":           {Text: lang.Key("Let in. They are told by mail.")},
	"refused":          {Text: lang.Key("Refused. They are told by mail.")},
	"closed":           {Text: lang.Key("Closed.")},
	"decided":          {Text: lang.Key("Decided. The reporter is told that somebody looked at it.")},
	"done":             {Text: lang.Key("Done.")},
	"answered":         {Text: lang.Key("Your answer is sent.")},
	"member-deleted":   {Text: lang.Key("The account is deleted. What is in it is being removed.")},
	"album-changed":    {Text: lang.Key("The album has changed since that archive was made, so it is gone. Make it again.")},
	"announced":        {Text: lang.Key("Announced.")},
	"already-posted":   {Text: lang.Key("That has already been posted.")},
	"job-dropped":      {Text: lang.Key("The job is deleted.")},
	"job-again":        {Text: lang.Key("The job runs again, as soon as a worker is free.")},
}

const flashCookie = "flash"

func (p *Pages) setFlash(c *gin.Context, name string) {
	http.SetCookie(c.Writer, &http.Cookie{Name: flashCookie, Value: name, Path: "/", MaxAge: 60, HttpOnly: true, Secure: p.Secure, SameSite: http.SameSiteLaxMode})
}

func (p *Pages) takeFlash(c *gin.Context) *templates.Flash {
	ck, err := c.Request.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	p.dropFlash(c)
	if f, ok := flashes[ck.Value]; ok {
		f.Text = p.lang(c).T(f.Text)
		return &f
	}
	return nil
}

func (p *Pages) dropFlash(c *gin.Context) {
	http.SetCookie(c.Writer, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: p.Secure, SameSite: http.SameSiteLaxMode})
}

// interrupted is the answer to an upload whose body broke off on the client's side.
func interrupted(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", &community.Invalid{Fields: []community.FieldError{{Field: "photos", Code: "interrupted", Message: lang.Key("The upload was interrupted. Try again.")}}}, err)
}

// on reads a checkbox.
func on(c *gin.Context, name string) bool { return c.PostForm(name) == "on" }

// said are options in a language.
func said(l *lang.Language, options []templates.Option) []templates.Option {
	out := make([]templates.Option, len(options))
	for i, o := range options {
		out[i] = templates.Option{Value: o.Value, Label: l.T(o.Label)}
	}
	return out
}
