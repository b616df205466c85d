package api

import "slices"

// The kinds of parameters. A name has one kind in the whole API. A parameter that is more than a text stands in one of
// the lists below, which requests are checked against, and from which kindOf tells the API's description its kind.
const (
	kindText     = "text"
	kindBoolean  = "boolean"
	kindNumber   = "number"
	kindID       = "id"
	kindList     = "list"
	kindFields   = "fields"
	kindFile     = "file"
	kindLanguage = "language"
	kindFocus    = "focus"
	kindMarker   = "marker" // a timeline's position
)

// single are the parameters that have one value, which a list or an object is not: a caption that came as a list would
// be published as none. Booleans are single, too.
var single = []string{
	"account_id", "acct", "by_domain", "category", "client_id", "client_name", "client_secret", "code", "code_verifier", "comment", "description",
	"display_name", "duration", "email", "expires_in", "filter_action", "focus", "grant_type", "in_reply_to_id", "invited_by", "ip", "keyword", "language", "limit", "locale", "max_id", "min_id", "note", "offset", "order", "origin",
	"password", "permissions", "policy", "q", "reason", "redirect_uri", "replies_policy", "report_id", "scheduled_at", "scope", "scopes", "since_id", "source[language]", "source[privacy]", "spoiler_text", "status", "status_id",
	"data[policy]", "subscription[endpoint]", "subscription[keys][auth]", "subscription[keys][p256dh]", "tagged", "target_account_id", "text", "title", "token", "type", "username", "visibility", "website",
}

// booleans are the parameters that are true or false. Any other word would be taken for true.
var booleans = []string{
	"active", "agreement", "bot", "delete_media", "disabled", "discoverable", "exclude_reblogs", "exclude_replies", "exclude_unreviewed", "exclusive", "following", "forward",
	"hide_collections", "indexable", "local", "locked", "notify", "only_media", "pending", "pinned", "reblogs", "remote", "resolve", "resolved", "sensitive", "sensitized", "silenced",
	"source[sensitive]", "staff", "subscription[standard]", "suspended", "whole_word", "with_dismissed", "with_suspended",
}

// listed are the parameters that are lists of texts or ids.
var listed = []string{
	"account_ids", "all", "any", "context", "exclude_types", "id", "languages", "media_ids", "none", "redirect_uris", "role_ids", "rule_ids", "status_ids", "timeline", "types",
}

// structured are the parameters that have fields, which a text is not.
var structured = []string{"data", "fields_attributes", "keywords_attributes", "media_attributes", "source", "subscription", "subscription[keys]"}

// rowed are those of structured that are lists of objects, whose fields have one value each.
var rowed = []string{"fields_attributes", "keywords_attributes", "media_attributes"}

// fileParams are the parameters that are files.
var fileParams = []string{"avatar", "file", "header", "thumbnail"}

// numeric are the parameters of lists that are whole numbers. One that is none would lead to the first page again, and
// a client that follows pages would never come to an end.
var numeric = []string{"account_id", "duration", "expires_in", "limit", "max_id", "min_id", "offset", "report_id", "since_id", "target_account_id"}

// spoken are the parameters that name a language.
var spoken = []string{"language", "locale", "source[language]"}

// kindOf is the kind of the parameter of a name.
func kindOf(name string) string {
	switch {
	case slices.Contains(fileParams, name):
		return kindFile
	case slices.Contains(booleans, name):
		return kindBoolean
	case slices.Contains(listed, name):
		return kindList
	case slices.Contains(structured, name), name == "poll":
		return kindFields
	case slices.Contains(spoken, name):
		return kindLanguage
	case name == "focus":
		return kindFocus
	case name == "status_id", name == "max_id", name == "since_id", name == "min_id", name == "account_id", name == "in_reply_to_id", name == "report_id", name == "target_account_id":
		return kindID
	case slices.Contains(numeric, name):
		return kindNumber
	}
	return kindText
}
