package community

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tintype/internal/lang"
	"tintype/internal/live"
	"tintype/internal/store"
)

// Registration is who may sign up.
type Registration string

const (
	// RegistrationClosed lets nobody in but whom `tintype account create` gives a link.
	RegistrationClosed Registration = "closed"
	// RegistrationInvitation lets in who has an invitation.
	RegistrationInvitation Registration = "invitation"
	// RegistrationApproval lets everybody ask, and in whom somebody has approved. Who has an invitation need not wait.
	RegistrationApproval Registration = "approval"
	// RegistrationOpen lets everybody in.
	RegistrationOpen Registration = "open"
)

// Registrations are all of them, from the one that lets in the fewest.
var Registrations = []Registration{RegistrationClosed, RegistrationInvitation, RegistrationApproval, RegistrationOpen}

// AnybodyMayAsk reports whether somebody without an invitation finds a form to sign up.
func (r Registration) AnybodyMayAsk() bool {
	return r == RegistrationOpen || r == RegistrationApproval
}

// Invites reports whether invitations work.
func (r Registration) Invites() bool { return r != RegistrationClosed && r != "" }

// Site is what the site says of itself, whom it lets in, and what it grants. A field that is unset has its zero value. A Site is
// never changed once others have it.
type Site struct {
	Name         string
	Description  string
	Contact      string   // an e-mail or a web address, "" for none
	Rules        []string // nil: DefaultRules
	Language     *lang.Language
	Registration Registration
	Visitors     Visitors
	Picture      SitePicture
	// replacedPictures are the sums of pictures that others replaced, and when.
	replacedPictures map[string]store.Millis

	LoginLimit  Limit // tries per account and per address
	SignUpLimit Limit // per address
	UploadLimit Limit // photos per account
	PostLimit   Limit // posts and comments per account
	ReportLimit Limit
	HoldFirst   int // so many of a new member's first posts and comments wait for a moderator; 0: none
	QuotaMB     int // what the originals of one member's photos may take, in megabytes; 0: no bound

	// RequireTwoFactors is the least role that needs a second factor; "" or "none": none does.
	RequireTwoFactors string
}

// MembersOnly reports whether the site shows nothing to people without an account.
func (s *Site) MembersOnly() bool { return s.Visitors.MembersOnly() }

// DefaultRules are the rules of a site that has written none. They are keys of package lang.
var DefaultRules = []string{
	lang.Key("Post photographs that you made, or that you may show."),
	lang.Key("Put a content warning on what somebody might not want to see unprepared."),
	lang.Key("Ask the people in your photographs if they can be recognised."),
	lang.Key("No harassment, no hate, nothing against the law."),
}

// RulesIn are the site's rules: its own as they were written, else DefaultRules in the language.
func (s *Site) RulesIn(l *lang.Language) []string {
	if s.Rules != nil {
		return s.Rules
	}
	said := make([]string, len(DefaultRules))
	for i, r := range DefaultRules {
		said[i] = l.T(r)
	}
	return said
}

// EventSiteChanged is of every change of the Site.
const EventSiteChanged = "site.changed"

const (
	// siteIdle is how long events are followed after the last use of the Site.
	siteIdle = 10 * time.Second
	// siteWait is how long the database may take to answer. After a failure the last Site is used for siteRetry.
	siteWait  = time.Second
	siteRetry = 5 * time.Second
)

// siteState keeps the Site as it is in the database, and what the site keeps out. Events of other processes drop them, and so
// does a change by this one, before anybody hears that it was made.
type siteState struct {
	watch      *live.Watch // nil where there are no events
	following  atomic.Bool
	generation atomic.Uint64 // raised by each drop
	known      atomic.Pointer[knownSite]

	mu    sync.Mutex // held to read the rows
	retry time.Time

	blocks blockState
}

type knownSite struct {
	site       *Site
	rows       map[string]string
	generation uint64 // before its rows were read
}

func (s *siteState) drop() { s.generation.Add(1) }

func newSiteState(hub *live.Hub) *siteState {
	s := &siteState{}
	if hub != nil {
		s.watch = live.NewWatch(live.WatchOptions{
			Hub: hub, Kinds: []string{EventSiteChanged, EventBlocksChanged}, Depth: eventsAhead, Idle: siteIdle,
			OnStart: s.dropAll,
			OnEvent: func(e live.Event) {
				if e.Kind == EventBlocksChanged {
					s.blocks.drop()
				} else {
					s.drop()
				}
			},
			OnStop: func(bool) { s.dropAll() },
		})
	}
	return s
}

func (s *siteState) dropAll() {
	s.drop()
	s.blocks.drop()
}

// FollowSite keeps Site, and what the site keeps out, true until ctx ends, whatever other processes change. Without it, as in a command, a Site that was
// read once is kept, but for changes by this process.
func (c *Community) FollowSite(ctx context.Context) {
	if c.site.watch == nil {
		return
	}
	c.site.following.Store(true)
	c.site.dropAll()
	c.site.watch.Follow(ctx)
	c.site.following.Store(false)
}

// Site is the site as it is now: the environment, then the database, then the defaults. It reads the primary. While that
// does not answer it is the Site as it was last, and one that shows nothing to visitors where that is not known.
func (c *Community) Site(ctx context.Context) *Site { return c.siteNow(ctx).site }

func (c *Community) siteNow(ctx context.Context) *knownSite {
	s := c.site
	if s.following.Load() {
		s.watch.Use()
	}
	if k := s.known.Load(); k != nil && k.generation == s.generation.Load() {
		return k
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	generation, now := s.generation.Load(), time.Now()
	last := s.known.Load()
	if last != nil && (last.generation == generation || now.Before(s.retry)) {
		return last
	}
	if c.Store == nil { // tests of what needs no database
		return &knownSite{site: c.siteOf(nil), generation: generation}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), siteWait)
	defer cancel()
	rows, err := c.Store.SiteInfos(ctx, siteRow)
	if err != nil {
		c.Log.WarnContext(ctx, "what the site says of itself cannot be read", "error", err)
		s.retry = now.Add(siteRetry)
		if last == nil {
			unknown := *c.siteOf(nil)
			unknown.Visitors = VisitorsNone
			return &knownSite{site: &unknown}
		}
		return last
	}
	k := &knownSite{site: c.siteOf(rows), rows: rows, generation: generation}
	s.known.Store(k)
	return k
}

// siteRow is before the names of the rows in site_info.
const siteRow = "site."

// siteOf puts the Site together. What a row says wrongly, which another release may have written, is left out.
func (c *Community) siteOf(rows map[string]string) *Site {
	site := c.SiteDefaults
	for _, f := range SiteFields {
		text, ok := rows[siteRow+f.Name]
		if !ok || c.SiteLocks[f.Name] != "" {
			continue
		}
		changed := site
		if err := f.set(&changed, text); err == nil {
			site = changed
		}
	}
	if _, written := rows[siteRow+"registration"]; site.MembersOnly() && site.Registration == RegistrationOpen &&
		(written && c.SiteLocks["registration"] == "" || rows[siteRow+"visitors"] != "" && c.SiteLocks["visitors"] == "") {
		// Each is allowed without the other, and one of them came later, by the environment.
		site.Registration = RegistrationInvitation
	}
	site.Picture = pictureOf(rows[siteRow+sitePicture])
	site.replacedPictures = replacedOf(rows[siteRow+replacedPictures])
	return &site
}

// MembersOnly reports whether the site shows nothing to people without an account.
func (c *Community) MembersOnly(ctx context.Context) bool { return c.Site(ctx).MembersOnly() }

// SiteSetting is one field of the Site and where its value comes from.
type SiteSetting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"` // "environment", "site" or "default"
	// Default is the value that the field has where nothing decides it.
	Default string `json:"default"`
	// Variable is the variable of the environment that decides, or could; "" where there is none.
	Variable string `json:"variable,omitempty"`
}

// SiteSettings lists the fields as they are now, read anew from the database, in the order of SiteFields.
func (c *Community) SiteSettings(ctx context.Context) []SiteSetting {
	c.site.drop()
	k := c.siteNow(ctx)
	plain := c.siteOf(nil)
	list := make([]SiteSetting, len(SiteFields))
	for i, f := range SiteFields {
		list[i] = SiteSetting{Name: f.Name, Value: f.get(k.site), Source: "default", Default: f.get(plain), Variable: f.Variable}
		if _, ok := k.rows[siteRow+f.Name]; ok {
			list[i].Source = "site"
		}
		if c.SiteLocks[f.Name] != "" {
			list[i].Source = "environment"
		}
	}
	return list
}

// PreviewSite is the Site as it would be with the changes, which are those of SetSite. Nothing is written.
func (c *Community) PreviewSite(ctx context.Context, changes map[string]*string) (*Site, error) {
	k := c.siteNow(ctx)
	after, err := c.changedSite(k.rows, changes)
	if err != nil {
		return nil, err
	}
	return c.siteOf(after), nil
}

// changedSite returns the rows after the changes: a nil value takes the field back to its default. *Invalid lists what is
// wrong.
func (c *Community) changedSite(rows map[string]string, changes map[string]*string) (map[string]string, error) {
	var bad Invalid
	after := make(map[string]string, len(rows)+len(changes))
	for name, text := range rows {
		after[name] = text
	}
	for name := range changes {
		if fieldOf(name) == nil {
			bad.add("", "unknown", "The site has no “%s”.", name)
		}
	}
	for _, f := range SiteFields {
		text, asked := changes[f.Name]
		if !asked {
			continue
		}
		if variable := c.SiteLocks[f.Name]; variable != "" {
			bad.add(f.Name, "locked", "This is set by %s in the environment.", variable)
			continue
		}
		if text == nil {
			delete(after, siteRow+f.Name)
			continue
		}
		var site Site
		if err := f.set(&site, *text); err != nil {
			var one *Invalid
			if !errors.As(err, &one) {
				return nil, err
			}
			bad.Fields = append(bad.Fields, one.Fields...)
			continue
		}
		after[siteRow+f.Name] = f.get(&site) // as it is shown
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	return after, c.checkSite(rows, after)
}

// checkSite refuses what the site as a whole must not become.
func (c *Community) checkSite(before, after map[string]string) error {
	was, will := c.siteOf(before), c.siteOf(after)
	_, registrationSet := after[siteRow+"registration"]
	if will.MembersOnly() && registrationSet && after[siteRow+"registration"] == string(RegistrationOpen) {
		return invalid("registration", "open", "A members-only site that anybody may join hides nothing. Choose another way to join.")
	}
	if will.MembersOnly() && !was.MembersOnly() && c.FetchedElsewhere {
		return invalid("visitors", "elsewhere", "Photographs are served from MEDIA_BASE_URL, where nobody is asked who they are. Set VISITORS=none in the environment instead.")
	}
	return nil
}

// guardFields say who comes in, and what keeps others out of the accounts of members, owners among them: whoever finds an open browser must
// not change them.
var guardFields = []string{"registration", "two_factors", "login_limit"}

// SetSite changes fields of the site, by name; nil takes one back to its default. *Invalid lists what is wrong, and what the
// environment has decided. All processes have the change within a second. Where somebody has to confirm acts, who changes a field that
// guards accounts confirms it.
func (c *Community) SetSite(ctx context.Context, by By, changes map[string]*string) error {
	ctx = store.Primary(ctx)
	if err := by.may(EditSite); err != nil {
		return err
	}
	for _, f := range guardFields {
		if _, changes := changes[f]; changes && by.Confirm != nil {
			if err := c.confirm(ctx, by.Account, "password", *by.Confirm); err != nil {
				return err
			}
			break
		}
	}
	return c.administration(ctx, by, EditSite, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		rows, err := tx.LockSiteInfos(ctx, siteRow)
		if err != nil {
			return false, err
		}
		after, err := c.changedSite(rows, changes)
		if err != nil {
			return false, err
		}
		changed := false
		for _, f := range SiteFields {
			name := siteRow + f.Name
			was, had := rows[name]
			text, has := after[name]
			if was == text && had == has {
				continue
			}
			changed = true
			said := f.get(c.siteOf(after))
			if f.Name == "rules" { // several lines, and long
				said = "changed"
			}
			noteDetail(e, f.Name, said)
			if has {
				err = tx.SetSiteInfo(ctx, name, text)
			} else {
				err = tx.DropSiteInfo(ctx, name)
			}
			if err != nil {
				return false, err
			}
		}
		return changed, c.tellSiteChanged(ctx, tx, changed)
	})
}

func (c *Community) tellSiteChanged(ctx context.Context, tx *store.Store, changed bool) error {
	if !changed {
		return nil
	}
	tx.AfterCommit(c.site.drop)
	return tx.AddEvent(ctx, EventSiteChanged, 0, 0, nil)
}

// maxDetail is how many characters the detail of an entry of the log has.
const maxDetail = 255

// noteDetail adds "name: value" to the entry's detail, as far as there is room.
func noteDetail(e *store.AdminEntry, name, value string) {
	if e.Detail != "" {
		e.Detail += "; "
	}
	e.Detail = cutText(e.Detail+name+": "+value, maxDetail)
}

// cutText returns the first most characters of a text, with an ellipsis where more follow.
func cutText(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}
