package api

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tintype/internal/store"
)

// A refusal is a parameter that an endpoint of Mastodon takes and this site cannot act on. An answer as if it had would
// mislead the client: somebody would believe a follow to be silent that is not. The value that says what is so anyway is
// taken.
type refusal struct {
	method, path string
	name         string
	why          string
	asked        func(p *params, name string) bool
}

const (
	getMethod, postMethod, putMethod, patchMethod = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch
	updateCredentials                             = "/api/v1/accounts/update_credentials"
)

var refusals = []refusal{
	{postMethod, "/api/v1/accounts/:id/follow", "languages", "posts are not chosen by their language", isListed},
	{patchMethod, updateCredentials, "hide_collections", "followers and followed accounts are open", (*params).isTrue},
	{patchMethod, updateCredentials, "indexable", "members find all public posts", isFalse},
	{postMethod, "/api/v1/accounts", "agreement", "whoever signs up agrees to the rules", isFalse},
	{postMethod, "/api/v1/statuses", "poll", "Polls do not exist here", isObject},
	{putMethod, "/api/v1/statuses/:id", "poll", "Polls do not exist here", isObject},
	{postMethod, "/api/v1/statuses", "scheduled_at", "Posts cannot be scheduled here", isText},
	{postMethod, "/api/v1/statuses/:id/reblog", "visibility", "a boost is seen by whoever sees the post", isNarrow},
	{postMethod, "/api/v1/media", "thumbnail", "thumbnails are made of the photo", isText},
	{postMethod, "/api/v2/media", "thumbnail", "thumbnails are made of the photo", isText},
	{putMethod, "/api/v1/media/:id", "thumbnail", "thumbnails are made of the photo", isText},
	// By these Mastodon finds accounts and this site does not: another list would be an answer to another question.
	{getMethod, "/api/v1/admin/accounts", "ip", notFoundBy, isText},
	{getMethod, "/api/v1/admin/accounts", "by_domain", notFoundBy, isText},
	{getMethod, "/api/v2/admin/accounts", "ip", notFoundBy, isText},
	{getMethod, "/api/v2/admin/accounts", "by_domain", notFoundBy, isText},
	{getMethod, "/api/v2/admin/accounts", "role_ids", notFoundBy, isListed},
	{getMethod, "/api/v2/admin/accounts", "invited_by", notFoundBy, isText},
}

const notFoundBy = "members are not looked for by it"

func isFalse(p *params, name string) bool {
	b := p.boolean(name)
	return b != nil && !*b
}

// isNarrow reports whether a visibility is another than those of what can be boosted.
func isNarrow(p *params, name string) bool {
	switch store.Visibility(p.text(name)) {
	case "", store.Public, store.Unlisted:
		return false
	}
	return true
}

func isText(p *params, name string) bool { return p.text(name) != "" }

func isListed(p *params, name string) bool {
	for _, value := range p.list(name) {
		if value != "" {
			return true
		}
	}
	return false
}

// isObject reports whether a parameter has a value, or fields in brackets with one.
func isObject(p *params, name string) bool {
	for key, values := range p.values {
		if key != name && !strings.HasPrefix(key, name+"[") {
			continue
		}
		for _, value := range values {
			if value != "" {
				return true
			}
		}
	}
	return false
}

// isBooleanWord reports whether the text is one that clients write for true, false or nothing.
func isBooleanWord(text string) bool {
	switch strings.ToLower(text) {
	case "", "true", "t", "1", "on", "yes", "false", "f", "0", "off", "no", "none", "null", "undefined":
		return true
	}
	return false
}

// plainBoolean is the check of booleans for a parameter whose name means something else elsewhere.
func (p *params) plainBoolean(name string) error {
	for key := range p.values {
		if strings.HasPrefix(key, name+"[") {
			return invalid(name + ": has one value, not a list and not an object")
		}
	}
	if !isBooleanWord(p.text(name)) {
		return invalid(name + ": is not true or false")
	}
	return nil
}

// isLanguage reports whether the text begins with the code of a language, as in de, pt-BR or zh_TW.
func isLanguage(text string) bool {
	code, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), "_", "-"), "-")
	return len(code) >= 2 && len(code) <= 3 && strings.Trim(strings.ToLower(code), "abcdefghijklmnopqrstuvwxyz") == ""
}

// misshapen returns an error that names a parameter whose value is of another kind than all its values are.
func (p *params) misshapen() error {
	for key := range p.values {
		if err := misplaced(key); err != nil {
			return err
		}
	}
	for _, name := range structured {
		if p.text(name) != "" || isListed(p, name) {
			return invalid(name + ": has fields")
		}
	}
	for _, name := range booleans {
		if !isBooleanWord(p.text(name)) {
			return invalid(name + ": is true or false")
		}
	}
	for _, name := range spoken {
		if p.boolean(name) != nil && !isLanguage(p.text(name)) { // also how Python and JavaScript write nothing
			return invalid(name + ": is not the code of a language, such as en or pt-BR")
		}
	}
	for _, name := range fileParams {
		if p.text(name) != "" {
			return invalid(name + ": is a file, or a picture in a data: address")
		}
	}
	for _, name := range numeric {
		text := strings.TrimSpace(p.text(name))
		if p.boolean(name) == nil { // also how Python and JavaScript write nothing
			continue
		}
		if _, err := strconv.Atoi(text); err != nil && !errors.Is(err, strconv.ErrRange) {
			return invalid(name + ": is not a whole number")
		}
	}
	return nil
}

// misplaced returns an error for the name of a value that stands in a list or an object where its parameter has none.
func misplaced(key string) error {
	for _, names := range [][]string{single, booleans, fileParams} {
		for _, name := range names {
			if rest, ok := strings.CutPrefix(key, name); ok && strings.HasPrefix(rest, "[") {
				return invalid(name + ": has one value, not a list and not an object")
			}
		}
	}
	name, rest, nested := strings.Cut(key, "[")
	index, after, _ := strings.Cut(rest, "]")
	counted := strings.Trim(index, "0123456789") == ""
	switch {
	case !nested:
	case slices.Contains(listed, name) && (after != "" || !counted):
		return invalid(name + ": is a list of single values")
	case slices.Contains(rowed, name) && (!counted || after != "" && !isField(after)):
		return invalid(name + ": is a list of objects with fields of one value each")
	}
	return nil
}

// isField reports whether the end of a name is that of one field, as [name].
func isField(end string) bool {
	field, rest, closed := strings.Cut(strings.TrimPrefix(end, "["), "]")
	return closed && rest == "" && field != ""
}

// takesNoFile returns an error where a file came for a parameter that is none.
func takesNoFile(key string) error {
	name, _, _ := strings.Cut(key, "[")
	for _, names := range [][]string{single, booleans, listed, structured, fileParams} {
		if slices.Contains(names, name) || slices.Contains(names, key) {
			return invalid(name + ": takes no file here")
		}
	}
	return nil
}

// refuse returns an error that names a parameter that cannot be acted on, nil if there is none. The whole request has
// been read.
func (q *call) refuse() error {
	if err := q.params.misshapen(); err != nil {
		return err
	}
	for _, r := range refusals {
		if r.method == q.endpoint.method && r.path == q.endpoint.path && r.asked(q.params, r.name) {
			return invalid(r.name + ": " + r.why)
		}
	}
	if q.api.onRead != nil { // what was looked at so far was for every endpoint
		q.params.onRead = q.api.onRead
	}
	return nil
}
