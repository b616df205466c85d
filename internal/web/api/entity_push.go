package api

// PushSubscription is what an app is told by Web Push.
type PushSubscription struct {
	// ID is a number, and one of 31 bits, because that is what the apps of Mastodon 4.2 read. It names nothing: an app has
	// one subscription for each token.
	ID        int64           `json:"id"`
	Endpoint  string          `json:"endpoint"`
	Standard  bool            `json:"standard"`
	Alerts    map[string]bool `json:"alerts"`
	Policy    string          `json:"policy"`
	ServerKey string          `json:"server_key"`
}
