package api

import (
	"net/url"
	"strconv"
	"strings"

	"tintype/internal/community"
)

// mastodonVersion is the release of Mastodon whose API this is. Clients derive features from it.
const mastodonVersion = "4.2.1"

// maxPinned is a limit for clients. Other limits are the community's.
const maxPinned = 5

// imageTypes are the media types that are taken.
var imageTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// InstanceV1 is the site as v1 describes it. URI is the bare host.
type InstanceV1 struct {
	URI              string          `json:"uri"`
	Title            string          `json:"title"`
	ShortDescription string          `json:"short_description"`
	Description      string          `json:"description"`
	Email            string          `json:"email"`
	Version          string          `json:"version"`
	URLs             InstanceURLs    `json:"urls"`
	Stats            InstanceStats   `json:"stats"`
	Thumbnail        *string         `json:"thumbnail"`
	Languages        []string        `json:"languages"`
	Registrations    bool            `json:"registrations"`
	ApprovalRequired bool            `json:"approval_required"`
	InvitesEnabled   bool            `json:"invites_enabled"`
	Configuration    ConfigurationV1 `json:"configuration"`
	ContactAccount   *Account        `json:"contact_account"`
	Rules            []Rule          `json:"rules"`
}

// InstanceURLs holds where streams begin, "wss://…" or "ws://…".
type InstanceURLs struct {
	StreamingAPI string `json:"streaming_api"`
}

// InstanceStats are the site's counts, 0 on a site that shows them to members only.
type InstanceStats struct {
	UserCount   int64 `json:"user_count"`
	StatusCount int64 `json:"status_count"`
	DomainCount int64 `json:"domain_count"`
}

// ConfigurationV1 is what a client may send.
type ConfigurationV1 struct {
	Accounts         AccountLimits `json:"accounts"`
	Statuses         StatusLimits  `json:"statuses"`
	MediaAttachments MediaLimits   `json:"media_attachments"`
	Polls            PollLimits    `json:"polls"`
}

// AccountLimits hold for profiles.
type AccountLimits struct {
	MaxFeaturedTags   int `json:"max_featured_tags"`
	MaxPinnedStatuses int `json:"max_pinned_statuses"`
}

// StatusLimits hold for posts.
type StatusLimits struct {
	MaxCharacters            int `json:"max_characters"`
	MaxMediaAttachments      int `json:"max_media_attachments"`
	CharactersReservedPerURL int `json:"characters_reserved_per_url"`
}

// MediaLimits hold for photos. There are no videos, but some clients read their limits unconditionally.
type MediaLimits struct {
	SupportedMimeTypes  []string `json:"supported_mime_types"`
	DescriptionLimit    int      `json:"description_limit"`
	ImageSizeLimit      int64    `json:"image_size_limit"`
	ImageMatrixLimit    int64    `json:"image_matrix_limit"`
	VideoSizeLimit      int64    `json:"video_size_limit"`
	VideoFrameRateLimit int64    `json:"video_frame_rate_limit"`
	VideoMatrixLimit    int64    `json:"video_matrix_limit"`
}

// PollLimits are all zero: there are no polls.
type PollLimits struct {
	MaxOptions             int `json:"max_options"`
	MaxCharactersPerOption int `json:"max_characters_per_option"`
	MinExpiration          int `json:"min_expiration"`
	MaxExpiration          int `json:"max_expiration"`
}

// InstanceV2 is the site as v2 describes it.
type InstanceV2 struct {
	Domain        string                `json:"domain"`
	Title         string                `json:"title"`
	Version       string                `json:"version"`
	SourceURL     string                `json:"source_url"`
	Description   string                `json:"description"`
	Usage         InstanceUsage         `json:"usage"`
	Thumbnail     InstanceThumbnail     `json:"thumbnail"`
	Icon          []nothing             `json:"icon"`
	Languages     []string              `json:"languages"`
	Configuration ConfigurationV2       `json:"configuration"`
	Registrations InstanceRegistrations `json:"registrations"`
	APIVersions   APIVersions           `json:"api_versions"`
	Contact       InstanceContact       `json:"contact"`
	Rules         []Rule                `json:"rules"`
}

// InstanceUsage counts who posted in the last month.
type InstanceUsage struct {
	Users struct {
		ActiveMonth int64 `json:"active_month"`
	} `json:"users"`
}

// InstanceThumbnail is the site's picture.
type InstanceThumbnail struct {
	URL      string            `json:"url"`
	Blurhash *string           `json:"blurhash"`
	Versions map[string]string `json:"versions"` // by their density, "@1x"
}

// ConfigurationV2 is what a client may send, and where.
type ConfigurationV2 struct {
	URLs struct {
		Streaming string  `json:"streaming"`
		Status    *string `json:"status"` // a page about outages; there is none
	} `json:"urls"`
	Vapid struct {
		PublicKey string `json:"public_key"`
	} `json:"vapid"`
	Accounts         AccountLimits `json:"accounts"`
	Statuses         StatusLimits  `json:"statuses"`
	MediaAttachments MediaLimits   `json:"media_attachments"`
	Polls            PollLimits    `json:"polls"`
	Translation      struct {
		Enabled bool `json:"enabled"`
	} `json:"translation"`
}

// InstanceRegistrations says who may sign up.
type InstanceRegistrations struct {
	Enabled          bool    `json:"enabled"`
	ApprovalRequired bool    `json:"approval_required"`
	Message          *string `json:"message"`
	URL              *string `json:"url"`
}

// APIVersions stays at 1: a higher version promises features that are missing here.
type APIVersions struct {
	Mastodon int `json:"mastodon"`
}

// InstanceContact is how to reach those who run the site.
type InstanceContact struct {
	Email   string   `json:"email"`
	Account *Account `json:"account"`
}

func (a *API) version() string { return mastodonVersion + " (compatible; Tintype " + a.Version + ")" }

// host is the site's address without a scheme.
func (a *API) host() string {
	u, err := url.Parse(a.BaseURL)
	if err != nil {
		return a.BaseURL
	}
	return u.Host
}

// streaming is where WebSockets connect.
func (a *API) streaming() string { return "ws" + strings.TrimPrefix(a.BaseURL, "http") }

// email is the contact where that is an address for mail.
func email(site *community.Site) string {
	contact := strings.TrimPrefix(site.Contact, "mailto:")
	if strings.Contains(contact, "@") && !strings.Contains(contact, "/") {
		return contact
	}
	return ""
}

func (a *API) configuration() ConfigurationV1 {
	return ConfigurationV1{
		Accounts: AccountLimits{MaxPinnedStatuses: maxPinned},
		Statuses: StatusLimits{MaxCharacters: community.MaxCaption, MaxMediaAttachments: community.MaxPhotos, CharactersReservedPerURL: community.CharactersPerURL},
		MediaAttachments: MediaLimits{
			SupportedMimeTypes: imageTypes, DescriptionLimit: community.MaxDescription,
			ImageSizeLimit: a.MaxUploadBytes, ImageMatrixLimit: a.MaxPixels,
		},
	}
}

// Rule is one of the site's rules. Its id is its place in the list, from 1.
type Rule struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Hint string `json:"hint"`
}

// rulesOf are the site's rules, in its language.
func rulesOf(site *community.Site) []Rule {
	list := []Rule{}
	for i, text := range site.RulesIn(site.Language) {
		list = append(list, Rule{ID: strconv.Itoa(i + 1), Text: text})
	}
	return list
}

// picture is the address of the site's picture, and its blurhash where it has one of its own.
func (a *API) picture(site *community.Site) (address string, blurhash *string) {
	if path := site.Picture.Path(); path != "" {
		return a.BaseURL + path, &site.Picture.Blurhash
	}
	return a.DefaultHeader, nil
}

func languagesOf(site *community.Site) []string { return []string{site.Language.Code()} }

func (a *API) instanceV1(site *community.Site, s stats) InstanceV1 {
	thumbnail, _ := a.picture(site)
	return InstanceV1{
		URI: a.host(), Title: site.Name, ShortDescription: site.Description, Description: site.Description, Email: email(site),
		Version: a.version(), URLs: InstanceURLs{StreamingAPI: a.streaming()},
		Stats:     InstanceStats{UserCount: s.accounts, StatusCount: s.posts, DomainCount: 1},
		Thumbnail: &thumbnail, Languages: languagesOf(site),
		Registrations: site.Registration.AnybodyMayAsk(), ApprovalRequired: site.Registration == community.RegistrationApproval, InvitesEnabled: false,
		Configuration: a.configuration(), Rules: rulesOf(site),
	}
}

func (a *API) instanceV2(site *community.Site, s stats) InstanceV2 {
	limits := a.configuration()
	thumbnail, blurhash := a.picture(site)
	e := InstanceV2{
		Domain: a.host(), Title: site.Name, Version: a.version(), SourceURL: a.BaseURL, Description: site.Description,
		Thumbnail: InstanceThumbnail{URL: thumbnail, Blurhash: blurhash, Versions: map[string]string{"@1x": thumbnail}}, Icon: []nothing{}, Languages: languagesOf(site),
		Configuration: ConfigurationV2{
			Accounts: limits.Accounts, Statuses: limits.Statuses, MediaAttachments: limits.MediaAttachments, Polls: limits.Polls,
		},
		Registrations: InstanceRegistrations{Enabled: site.Registration.AnybodyMayAsk(), ApprovalRequired: site.Registration == community.RegistrationApproval},
		APIVersions:   APIVersions{Mastodon: 1},
		Contact:       InstanceContact{Email: email(site)}, Rules: rulesOf(site),
	}
	e.Usage.Users.ActiveMonth = s.activeMonth
	e.Configuration.URLs.Streaming = a.streaming()
	return e
}

// NodeInfoLinks lead to the descriptions of the node.
type NodeInfoLinks struct {
	Links []NodeInfoLink `json:"links"`
}

// NodeInfoLink leads to a NodeInfo document, and names its format.
type NodeInfoLink struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}
