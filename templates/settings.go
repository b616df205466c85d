package templates

// SettingsProfileView is /settings/profile: a multipart form with display_name, bio, avatar, header (files),
// remove_avatar, remove_header ("on"), and field_name_1…4, field_value_1…4.
type SettingsProfileView struct {
	DisplayName    string
	Bio            string
	BioMax         int
	AvatarURL      string // "" for the default
	HeaderURL      string
	HasAvatar      bool
	HasHeader      bool
	Fields         [4]ProfileFieldInput
	Discoverable   bool // in the directory, among suggestions, and for search engines
	MaxDisplayName int
	Errors         FieldErrors
}

// ProfileFieldInput is one of the four lines as entered.
type ProfileFieldInput struct{ Name, Value string }

// SettingsAccountView is /settings/account. Its two forms post what=email with email and current_password, or
// what=password with current_password and new_password. Field names of errors: email, email_password,
// current_password, new_password.
type SettingsAccountView struct {
	Name   string
	Email  string
	Errors FieldErrors
}

// SettingsPostingView is /settings/posting: visibility, licence, show_exif, comments_from, locked (checkboxes send "on").
type SettingsPostingView struct {
	Visibility   string
	Licence      string
	Licences     []Option
	ShowExif     bool
	CommentsFrom string
	Locked       bool
	Errors       FieldErrors
}

// SettingsViewingView is /settings/viewing: warnings (ask, show, hide), theme (system, light, dark), letters ("on"), language.
type SettingsViewingView struct {
	Warnings string
	Theme    string
	Letters  bool
	// Language is that of the pages, "" for the site's; Languages are those to choose from.
	Language  string
	Languages []Option
	Errors    FieldErrors
}

// NotificationChoiceView is a kind of notification with where the viewer learns of it.
type NotificationChoiceView struct {
	Kind, Label      string
	Page, Push, Mail bool
}

// PushDeviceView is a device that is told by push. Ending it posts to /settings/notifications/devices/ID/remove.
type PushDeviceView struct {
	ID      string
	Name    string // "Firefox on Linux", or an application's
	App     bool
	Current bool
	Created When
}

// SettingsNotificationsView is /settings/notifications: kind (each kind that the form has), page, push and mail (those that are
// chosen), by_mail ("on" where the form offers mail) and digest ("on"). A browser subscribes by a POST of endpoint, p256dh and auth to /settings/notifications/push.
type SettingsNotificationsView struct {
	Choices []NotificationChoiceView
	Key     string // what browsers subscribe with; "" while there is none
	On      bool   // this browser is told
	ByMail  bool   // mail reaches the viewer
	Confirm bool   // it would, if the viewer's address were confirmed
	Digest  bool   // the viewer gets one
	Devices []PushDeviceView
}

// SessionView is one session of the viewer. Ending it posts to /settings/sessions/ID/end.
type SessionView struct {
	ID      string
	Current bool
	Device  string // "Firefox on Linux"
	Address string // "203.0.113.7", or "" where it is not kept
	Created When
	Seen    When
}

// SettingsSessionsView is /settings/sessions; /settings/sessions/end-others ends all but the current session, and all applications.
type SettingsSessionsView struct {
	Sessions     []SessionView
	Applications []ApplicationView
}

// ApplicationView is an application that may act for the viewer. Revoking posts to /settings/applications/ID/revoke.
type ApplicationView struct {
	ID      string
	Name    string
	Website string
	Scopes  []string // in words
	Created When
	Used    When   // At zero where it never was
	Address string // from which it was used last, or ""
}

// SettingsBlocksView is /settings/blocks; its forms post to /@NAME/unblock.
type SettingsBlocksView struct {
	People []PersonView
	Pager  Pager
}

// SettingsDeleteView is /settings/delete: password, and confirm with the account's name typed out.
type SettingsDeleteView struct {
	Name   string
	Posts  int
	Photos int
	Errors FieldErrors
}
