package community

import (
	"cmp"
	"fmt"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// Bounds of what the site says of itself, in characters.
const (
	MaxSiteName        = 60
	MaxSiteDescription = 500
	MaxSiteRules       = 20
	MaxSiteRule        = 500
	maxQuotaMB         = 100_000_000
)

// TwoFactorRoles are whom a site may ask for a second factor: nobody, or those of a role and above it.
var TwoFactorRoles = []string{"none", store.RoleOwner, store.RoleAdmin, store.RoleModerator, store.RoleMember}

// SiteField is a field of Site that is edited as text.
type SiteField struct {
	Name     string // by which commands, forms and the log know it
	Variable string // of the environment; "" where there is none
	get      func(*Site) string
	set      func(*Site, string) error // *Invalid
}

// SiteFields are all of them.
var SiteFields = []SiteField{
	{"name", "SITE_NAME", func(s *Site) string { return s.Name }, func(s *Site, text string) error {
		if s.Name = oneLine(text); s.Name == "" {
			return invalid("name", "blank", "A site needs a name.")
		}
		return shorter("name", s.Name, MaxSiteName)
	}},
	{"description", "SITE_DESCRIPTION", func(s *Site) string { return s.Description }, func(s *Site, text string) error {
		s.Description = oneLine(text)
		return shorter("description", s.Description, MaxSiteDescription)
	}},
	{"rules", "", func(s *Site) string { return strings.Join(s.Rules, "\n") }, setRules},
	{"contact", "CONTACT", func(s *Site) string { return s.Contact }, func(s *Site, text string) error {
		if s.Contact = strings.TrimSpace(text); s.Contact == "" || IsContact(s.Contact) {
			return nil
		}
		return invalid("contact", "invalid", "That is neither an e-mail address nor a web address.")
	}},
	{"registration", "REGISTRATION", func(s *Site) string { return string(s.Registration) }, func(s *Site, text string) error {
		s.Registration = Registration(text)
		return among("registration", s.Registration, Registrations)
	}},
	{"visitors", "VISITORS", func(s *Site) string { return string(s.Visitors) }, func(s *Site, text string) error {
		s.Visitors = Visitors(text)
		return among("visitors", s.Visitors, []Visitors{VisitorsRead, VisitorsNone})
	}},
	{"two_factors", "REQUIRE_TWO_FACTORS", func(s *Site) string { return cmp.Or(s.RequireTwoFactors, TwoFactorRoles[0]) }, func(s *Site, text string) error {
		s.RequireTwoFactors = text
		return among("two_factors", text, TwoFactorRoles)
	}},
	{"language", "SITE_LANGUAGE", func(s *Site) string { return s.Language.Code() }, func(s *Site, text string) error {
		if s.Language = lang.Find(text); s.Language == nil || !slices.Contains(lang.Codes(), text) {
			return invalid("language", "invalid", "Choose one of: %s.", strings.Join(lang.Codes(), ", "))
		}
		return nil
	}},
	limitField("sign_up_limit", "SIGNUP_LIMIT", func(s *Site) *Limit { return &s.SignUpLimit }),
	limitField("login_limit", "LOGIN_LIMIT", func(s *Site) *Limit { return &s.LoginLimit }),
	limitField("upload_limit", "UPLOAD_LIMIT", func(s *Site) *Limit { return &s.UploadLimit }),
	limitField("post_limit", "POST_LIMIT", func(s *Site) *Limit { return &s.PostLimit }),
	limitField("report_limit", "REPORT_LIMIT", func(s *Site) *Limit { return &s.ReportLimit }),
	{"hold_first", "", func(s *Site) string { return strconv.Itoa(s.HoldFirst) }, func(s *Site, text string) error {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 0 || n > MaxHoldFirst {
			return invalid("hold_first", "invalid", "That is not a number from 0 to %d.", MaxHoldFirst)
		}
		s.HoldFirst = n
		return nil
	}},
	{"quota", "QUOTA_MB", func(s *Site) string { return strconv.Itoa(s.QuotaMB) }, func(s *Site, text string) error {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 0 || n > maxQuotaMB {
			return invalid("quota", "invalid", "That is not a whole number of megabytes.")
		}
		s.QuotaMB = n
		return nil
	}},
}

func fieldOf(name string) *SiteField {
	i := slices.IndexFunc(SiteFields, func(f SiteField) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &SiteFields[i]
}

func shorter(field, text string, most int) error {
	if n := utf8.RuneCountInString(text); n > most {
		return invalid(field, "too_long", "That has %d characters; the limit is %d.", n, most)
	}
	return nil
}

func among[T ~string](field string, value T, choices []T) error {
	if slices.Contains(choices, value) {
		return nil
	}
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = string(c)
	}
	return invalid(field, "invalid", "Choose one of: %s.", strings.Join(names, ", "))
}

// setRules reads one rule a line. No line is no rule.
func setRules(s *Site, text string) error {
	s.Rules = []string{}
	for line := range strings.Lines(text) {
		if line = oneLine(line); line == "" {
			continue
		}
		if n := utf8.RuneCountInString(line); n > MaxSiteRule {
			return invalid("rules", "too_long", "A rule has %d characters; the limit is %d.", n, MaxSiteRule)
		}
		s.Rules = append(s.Rules, line)
	}
	if len(s.Rules) > MaxSiteRules {
		return invalid("rules", "too_many", "There are %d rules; the limit is %d.", len(s.Rules), MaxSiteRules)
	}
	return nil
}

// IsContact reports whether a text is an e-mail address or a web address, alone.
func IsContact(text string) bool {
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		u, err := url.Parse(text)
		return err == nil && u.Host != ""
	}
	a, err := netmail.ParseAddress(text)
	return err == nil && a.Name == "" && a.Address == text
}

func limitField(name, variable string, field func(*Site) *Limit) SiteField {
	return SiteField{name, variable, func(s *Site) string { return field(s).String() }, func(s *Site, text string) error {
		l, err := ParseLimit(text)
		if err != nil {
			return invalid(name, "invalid", "That is not a number in a window, such as 10/15m.")
		}
		*field(s) = l
		return nil
	}}
}

// ParseLimit reads a number in a window, such as 10/15m.
func ParseLimit(text string) (Limit, error) {
	number, window, ok := strings.Cut(text, "/")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	d, errWindow := time.ParseDuration(strings.TrimSpace(window))
	if !ok || err != nil || errWindow != nil || n < 1 || n > 1_000_000_000 || d < time.Second || d > 31*24*time.Hour {
		return Limit{}, fmt.Errorf("%q is not a number in a window, such as 10/15m", text)
	}
	return Limit{Count: n, Window: d}, nil
}

// String is the limit as ParseLimit reads it; "" for none.
func (l Limit) String() string {
	if l.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%s", l.Count, ShortDuration(l.Window))
}

// ShortDuration formats 15m0s as 15m.
func ShortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
