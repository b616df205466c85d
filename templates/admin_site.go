package templates

import (
	"slices"

	"tintype/internal/lang"
)

// SiteField is one field of /admin/site.
type SiteField struct {
	Value  string
	Was    string // in force when the form was made: what was not changed is not sent
	Locked string // the variable of the environment that decides it, or ""
	// Own is of a field that was changed here, and Default what it would be otherwise; Reset is that it is to be so again.
	Own, Reset bool
	Default    string
}

// AdminSiteView is /admin/site. Its form posts the fields by their names, was_NAME, reset with the names of those that are to have
// their default again, reason and, to see a preview, preview;
// others post picture to /admin/site/picture and nothing to /admin/site/picture/remove.
type AdminSiteView struct {
	Fields        map[string]SiteField
	Sources       bool // what decides each field is shown
	Languages     []Option
	Reason        string
	PictureReason string
	Preview       *Site
	PreviewRules  []string
	Errors        FieldErrors
	Return        string // where the forms lead to once they are taken; "" for the page itself
}

var registrations = []Option{
	{Value: "closed", Label: lang.Key("Nobody"), Hint: lang.Key("The site takes no new members.")},
	{Value: "invitation", Label: lang.Key("Who is invited"), Hint: lang.Key("Administrators give out invitations.")},
	{Value: "approval", Label: lang.Key("Who asks and is let in"), Hint: lang.Key("Anybody may ask and say why; moderators decide.")},
	{Value: "open", Label: lang.Key("Everybody"), Hint: lang.Key("Whoever fills in the form becomes a member.")},
}

// joining says in a sentence who may join.
func joining(s Site) string {
	state := "open"
	switch {
	case s.Closed:
		state = "closed"
	case !s.RegistrationOpen:
		state = "invitation"
	case s.Approval:
		state = "approval"
	}
	return registrations[slices.IndexFunc(registrations, func(o Option) bool { return o.Value == state })].Hint
}

var twoFactorChoices = []Option{
	{Value: "none", Label: lang.Key("Nobody"), Hint: lang.Key("Each member chooses.")},
	{Value: "owner", Label: lang.Key("Owners")},
	{Value: "admin", Label: lang.Key("Administrators and owners")},
	{Value: "moderator", Label: lang.Key("Moderators, administrators and owners")},
	{Value: "member", Label: lang.Key("Everybody"), Hint: lang.Key("Whoever has none can do nothing but set one up.")},
}

var visitorChoices = []Option{
	{Value: "read", Label: lang.Key("Everybody"), Hint: lang.Key("Public photographs are seen without an account.")},
	{Value: "none", Label: lang.Key("Members only"), Hint: lang.Key("Without an account nobody sees a photograph, a name or a number.")},
}
