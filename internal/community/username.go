package community

import (
	"net/mail"
	"regexp"
	"strings"

	"tintype/internal/store"
)

var validUsername = regexp.MustCompile(`^[A-Za-z0-9_]{1,30}$`)

// reservedUsernames are names that a route has or may get, and those under which people expect whoever runs the
// site. They are compared folded and without underscores at the ends, so that Admin_ is no way around.
var reservedUsernames = func() map[string]bool {
	names := map[string]bool{}
	for _, n := range strings.Fields(`
		about abuse access account accounts actor admin administration administrator all announcements anonymous api app
		application applications apps archive asset assets atom auth authorize block blocked blocks blog bookmark
		bookmarks bot callback cdn claim client code comment comments community compose config contact copyright css
		dashboard deepz delete deleted dev developer developers direct discover docs domain draft drafts edit email error
		errors everyone explore export faq favicon favorite favorites favourite favourites federation feed feeds file
		files filter filters follow follow_requests follower followers following forgot forgot_password friends guest
		hashtag healthz help home host host_meta hostmaster html http https icon icons image images img import imprint
		inbox index info instance internal invitation invitations invite invites item items job jobs join js json known
		legal library like likes link links list lists livez local localhost log_in log_out login logout mail manifest
		map maps mastodon me media member members mention mentions message messages metrics mod moderation moderator
		moderators mute muted mutes news nobody nodeinfo notification notifications null oauth official offline orig
		original originals outbox owner page pages password people photo photos picture pictures ping pinned plan policy
		pop post postmaster posts preferences press pricing priv privacy private profile profiles proxy pub public push
		random readyz register registration relationships remove report reports request requests reset robots root rss
		rules search security self service services session sessions set_password settings setup share shop sign_in
		sign_out sign_up signin signout signup site sitemap sitemaps smtp source ssl staff start static stats status
		statuses store stream streaming style styles subscribe suggestions support suspended sw sysadmin system tag tags
		team terms test theme timeline timelines tintype token tos trending trends undefined unfollow unknown unsubscribe
		update upload uploads url user username users v1 v2 verify version video videos webfinger webhook webhooks
		webmaster welcome well_known www xmlrpc`) {
		names[n] = true
	}
	return names
}()

// checkUsername checks a new username against the rules. The database decides whether it is free.
func (e *Invalid) checkUsername(username string) {
	switch {
	case username == "":
		e.add("username", "blank", "Choose a name.")
	case len(username) > 30 && validUsername.MatchString(username[:30]):
		e.add("username", "too_long", "The name may have at most 30 characters.")
	case !validUsername.MatchString(username):
		e.add("username", "invalid", "The name may have letters from a to z, digits and underscores only.")
	case reservedUsernames[strings.Trim(store.Fold(username), "_")]:
		e.add("username", "reserved", "The name %s is reserved for the site itself.", username)
	}
}

// cleanEmail trims and checks an address; display names and comments are not part of one.
func (e *Invalid) cleanEmail(field, email string) string {
	email = strings.TrimSpace(email)
	if email == "" {
		e.add(field, "blank", "Enter an e-mail address.")
		return ""
	}
	email = strings.TrimSuffix(email, ".") // which ends a host, but has no place in an address
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 254 || strings.HasPrefix(email, `"`) || len(store.EmailKey(email)) > 254 {
		e.add(field, "invalid", "That does not look like an e-mail address.")
		return ""
	}
	return email
}
