package community

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tintype/internal/push"
	"tintype/internal/store"
)

const (
	// MaxPushSubscriptions is how many devices of a member are told. A further one takes the place of the oldest.
	MaxPushSubscriptions = 20

	infoPushKey     = "push_key"      // the key that signs messages, sealed
	infoPushKeyLost = "push_key_lost" // since when no process could open it, in milliseconds; "" where it can
	// renewKeyAfter is how long a key must have been unreadable for all before another takes its place. A process that was
	// given a wrong SECRET_KEY must not end everybody's subscriptions.
	renewKeyAfter = 24 * time.Hour
	// pushKeyKept is for how long a process relies on the key that it has read.
	pushKeyKept = time.Minute

	sealsPushKey    = "push key"
	sealsPushDevice = "push subscription"
)

// PushAlerts are the kinds of notifications that an app can choose, as Mastodon 4.2 names them. There are no polls here.
var PushAlerts = []string{
	store.NotifyMention, store.NotifyPost, store.NotifyBoost, store.NotifyFollow, store.NotifyFollowRequest, store.NotifyLike, "poll", store.NotifyUpdate, store.NotifySignUp, store.NotifyReport,
}

// Policies say whose doings an app is told of.
const (
	PushFromAll       = "all"
	PushFromFollowed  = "followed" // by the member
	PushFromFollowers = "follower" // of the member
	PushFromNone      = "none"
)

// NewPush is a device's wish to be told of notifications.
type NewPush struct {
	Endpoint, P256dh, Auth string
	Standard               bool // it reads RFC 8291, not only the draft before it
	Alerts                 []string
	Policy                 string // "" is all
}

// pushSecrets are what a subscription seals.
type pushSecrets struct {
	Auth   string `json:"auth"`
	Bearer string `json:"bearer,omitempty"` // an app tells its accounts apart by it
}

// pushKeys is the key that a process has read.
type pushKeys struct {
	mu  sync.Mutex
	key push.Key
	at  time.Time
}

// PushKey is the key that signs messages. It is made once, and kept in the database, sealed.
func (c *Community) PushKey(ctx context.Context) (push.Key, error) {
	c.pushKeys.mu.Lock()
	defer c.pushKeys.mu.Unlock()
	if time.Since(c.pushKeys.at) < pushKeyKept {
		return c.pushKeys.key, nil
	}
	key, err := c.readPushKey(ctx)
	if err != nil {
		return push.Key{}, err
	}
	c.pushKeys.key, c.pushKeys.at = key, time.Now()
	return key, nil
}

func (c *Community) readPushKey(ctx context.Context) (push.Key, error) {
	sealed, err := c.Store.SiteInfo(ctx, infoPushKey)
	if errors.Is(err, store.ErrNotFound) {
		var fresh string
		if fresh, err = c.newPushKey(); err != nil {
			return push.Key{}, err
		}
		// Of several processes one succeeds, and all take that one's.
		if _, err := c.Store.AddSiteInfo(ctx, infoPushKey, fresh); err != nil {
			return push.Key{}, fromStore(err)
		}
		sealed, err = c.Store.SiteInfo(ctx, infoPushKey)
	}
	if err != nil {
		return push.Key{}, fromStore(err)
	}
	var key push.Key
	b, _, err := c.unseal(sealsPushKey, sealed)
	if err == nil {
		err = json.Unmarshal(b, &key)
	}
	if err != nil {
		return push.Key{}, &Unavailable{RetryAfter: time.Hour, Err: err}
	}
	return key, nil
}

// newPushKey makes a key, sealed.
func (c *Community) newPushKey() (string, error) {
	key, err := push.NewKey()
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(key)
	if err != nil {
		return "", err
	}
	return c.seal(sealsPushKey, b)
}

// PushPublicKey is what devices subscribe with, "" while it cannot be read or made.
func (c *Community) PushPublicKey(ctx context.Context) string {
	key, err := c.PushKey(ctx)
	if err != nil {
		c.Log.WarnContext(ctx, "the key of Web Push cannot be read", "error", err)
	}
	return key.Public
}

func (e *Invalid) checkPush(c *Community, n NewPush) {
	switch {
	case n.Endpoint == "":
		e.add("endpoint", "blank", "The address of the push service is missing.")
	case !push.IsEndpoint(n.Endpoint):
		e.add("endpoint", "invalid", "The address of the push service is not an https address of at most %d characters.", push.MaxEndpoint)
	case !c.Push.Reaches(n.Endpoint):
		e.add("endpoint", "invalid", "The address of the push service is not on the internet.")
	}
	if !push.IsPublicKey(n.P256dh) {
		e.add("p256dh", "invalid", "The device's public key is not on the curve P-256.")
	}
	if !push.IsAuth(n.Auth) {
		e.add("auth", "invalid", "The device's secret does not have 16 bytes in base64.")
	}
	e.checkPushChoice(n.Alerts, n.Policy)
}

func (e *Invalid) checkPushChoice(alerts []string, policy string) {
	for _, kind := range alerts {
		if !slices.Contains(PushAlerts, kind) {
			e.add("alerts", "invalid", "There are no notifications of the kind %s.", kind)
			break
		}
	}
	if policy != "" {
		e.checkChoice("policy", &policy, PushFromAll, PushFromFollowed, PushFromFollowers, PushFromNone)
	}
}

// SubscribeApp sends the member's notifications to the device of an app. It replaces the subscription that the token had. The
// error is an *Invalid.
func (c *Community) SubscribeApp(ctx context.Context, acc *store.Account, token *store.AccessToken, bearer string, n NewPush) (*store.PushSubscription, error) {
	return c.subscribe(ctx, acc, n, bearer, func(p *store.PushSubscription) { p.TokenID = &token.ID })
}

// SubscribeBrowser has a browser told of the member's notifications for as long as its session holds. device is what it
// calls itself. *Invalid.
func (c *Community) SubscribeBrowser(ctx context.Context, acc *store.Account, session, device string, n NewPush) (*store.PushSubscription, error) {
	n.Standard, n.Alerts, n.Policy = true, nil, ""
	return c.subscribe(ctx, acc, n, "", func(p *store.PushSubscription) {
		p.SessionHash, p.SessionEpoch, p.Device = &session, acc.SessionEpoch, clipRunes(oneLine(device), 200)
	})
}

func (c *Community) subscribe(ctx context.Context, acc *store.Account, n NewPush, bearer string, of func(*store.PushSubscription)) (*store.PushSubscription, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	var bad Invalid
	bad.checkPush(c, n)
	if err := bad.err(); err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(pushSecrets{n.Auth, bearer})
	if err != nil {
		return nil, err
	}
	sealed, err := c.seal(sealsPushDevice, secrets)
	if err != nil {
		return nil, err
	}
	if _, err := c.PushKey(ctx); err != nil { // without it nothing could be sent
		return nil, err
	}
	hash := sha256.Sum256([]byte(n.Endpoint))
	p := &store.PushSubscription{
		AccountID: acc.ID, Endpoint: n.Endpoint, EndpointHash: hex.EncodeToString(hash[:]), P256dh: strings.TrimRight(n.P256dh, "="), Secrets: sealed, Standard: n.Standard,
		Alerts: store.JSON[[]string]{V: known(n.Alerts)}, Policy: orAll(n.Policy), CreatedAt: store.ToMillis(time.Now()),
	}
	of(p)
	_, err = c.Store.TxOnce(ctx, "push_subscriptions", func(ctx context.Context, tx *store.Store, id int64) error {
		p.ID = id
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if now := locked[acc.ID]; now == nil || !now.Active() {
			return ErrUnauthenticated
		}
		return tx.PutPushSubscription(ctx, p, MaxPushSubscriptions)
	})
	if err != nil {
		return nil, fromStore(err)
	}
	return p, nil
}

// known are the alerts in the order of PushAlerts, each once.
func known(alerts []string) []string {
	list := []string{}
	for _, kind := range PushAlerts {
		if slices.Contains(alerts, kind) {
			list = append(list, kind)
		}
	}
	return list
}

func orAll(policy string) string {
	if policy == "" {
		return PushFromAll
	}
	return policy
}

// PushOfToken is the subscription of an app, else ErrNotFound.
func (c *Community) PushOfToken(ctx context.Context, token *store.AccessToken) (*store.PushSubscription, error) {
	p, err := c.Store.PushSubscriptionByToken(store.Primary(ctx), token.ID)
	return p, fromStore(err)
}

// ChangePushOfToken changes of what an app is told. ErrNotFound where it has no subscription, *Invalid.
func (c *Community) ChangePushOfToken(ctx context.Context, token *store.AccessToken, alerts []string, policy string) (*store.PushSubscription, error) {
	var bad Invalid
	bad.checkPushChoice(alerts, policy)
	if err := bad.err(); err != nil {
		return nil, err
	}
	p, err := c.PushOfToken(ctx, token)
	if err != nil {
		return nil, err
	}
	p.Alerts.V, p.Policy = known(alerts), orAll(policy)
	return p, fromStore(c.Store.SetPushAlerts(ctx, p.ID, p.Alerts.V, p.Policy))
}

// EndPushOfToken ends the subscription of an app, if it has one.
func (c *Community) EndPushOfToken(ctx context.Context, token *store.AccessToken) error {
	return fromStore(c.Store.DeletePushOfToken(ctx, token.ID))
}

// EndPushOfSession ends the subscription of a browser, if it has one.
func (c *Community) EndPushOfSession(ctx context.Context, acc *store.Account, session string) error {
	return fromStore(c.Store.DeletePushOfSession(ctx, acc.ID, session))
}

// KeepPush moves the subscription of a browser to the session that replaced its own.
func (c *Community) KeepPush(ctx context.Context, acc *store.Account, from, to string) error {
	return fromStore(c.Store.MovePushSubscription(ctx, acc.ID, from, to, acc.SessionEpoch))
}

// A PushDevice is a device that is told of a member's notifications.
type PushDevice struct {
	*store.PushSubscription
	App     *store.App // nil for a browser
	Current bool       // the browser that asks
}

// PushDevices lists a member's devices, newest first.
func (c *Community) PushDevices(ctx context.Context, acc *store.Account, session string) ([]PushDevice, error) {
	ctx = store.Primary(ctx)
	subs, err := c.Store.PushSubscriptionsOf(ctx, acc.ID)
	if err != nil || len(subs) == 0 {
		return nil, fromStore(err)
	}
	tokens, err := c.Store.TokensOf(ctx, acc.ID)
	if err != nil {
		return nil, fromStore(err)
	}
	appOf := map[int64]int64{}
	var ids []int64
	for _, t := range tokens {
		appOf[t.ID] = t.AppID
		ids = append(ids, t.AppID)
	}
	apps, err := c.AppsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := map[int64]*store.App{}
	for _, a := range apps {
		byID[a.ID] = a
	}
	var list []PushDevice
	for _, p := range subs {
		d := PushDevice{PushSubscription: p, Current: p.SessionHash != nil && *p.SessionHash == session}
		if p.TokenID != nil {
			if d.App = byID[appOf[*p.TokenID]]; d.App == nil {
				continue // revoked a moment ago
			}
		}
		list = append(list, d)
	}
	return list, nil
}

// EndPush ends one of a member's subscriptions, else ErrNotFound.
func (c *Community) EndPush(ctx context.Context, acc *store.Account, id int64) error {
	p, err := c.Store.PushSubscriptionByID(store.Primary(ctx), id)
	if err == nil && p.AccountID != acc.ID {
		err = store.ErrNotFound
	}
	if err != nil {
		return fromStore(err)
	}
	return fromStore(c.Store.DeletePushSubscriptions(ctx, id))
}

// tendPush seals by the present SECRET_KEY what an earlier one has sealed, so that the earlier one can go. A key that no process
// could open for long gives way to another, and the subscriptions that were made with it end.
func (c *Community) tendPush(ctx context.Context, now store.Millis) error {
	s := c.Store
	sealed, err := s.SiteInfo(ctx, infoPushKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil // nobody has asked for it
	}
	if err != nil {
		return err
	}
	lost, err := s.SiteInfo(ctx, infoPushKeyLost)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	b, current, err := c.unseal(sealsPushKey, sealed)
	if errors.Is(err, errSealed) {
		return c.pushKeyLost(ctx, now, lost)
	}
	if err != nil {
		return err
	}
	if lost != "" {
		if err := s.SetSiteInfo(ctx, infoPushKeyLost, ""); err != nil {
			return err
		}
	}
	if !current {
		if sealed, err = c.seal(sealsPushKey, b); err != nil {
			return err
		}
		if err := s.SetSiteInfo(ctx, infoPushKey, sealed); err != nil {
			return err
		}
	}
	return c.resealPush(ctx)
}

func (c *Community) resealPush(ctx context.Context) error {
	keys, err := c.sealing(sealsPushDevice)
	if err != nil {
		return err
	}
	var after int64
	return inBatches(ctx, func(limit int) (int, error) {
		list, err := c.Store.PushSubscriptionsSealedOtherwise(ctx, keys[0].prefix, after, limit)
		if err != nil {
			return 0, err
		}
		for _, p := range list {
			after = p.ID
			b, _, err := c.unseal(sealsPushDevice, p.Secrets)
			if err != nil {
				continue // it fails when it is used, and is removed then
			}
			sealed, err := c.seal(sealsPushDevice, b)
			if err != nil {
				return 0, err
			}
			if err := c.Store.SetPushSecrets(ctx, p.ID, p.Secrets, sealed); err != nil {
				return 0, err
			}
		}
		return len(list), nil
	})
}

// pushKeyLost is called where the key cannot be opened. lost is since when.
func (c *Community) pushKeyLost(ctx context.Context, now store.Millis, lost string) error {
	since, err := strconv.ParseInt(lost, 10, 64)
	if err != nil {
		since = int64(now)
		if err := c.Store.SetSiteInfo(ctx, infoPushKeyLost, strconv.FormatInt(since, 10)); err != nil {
			return err
		}
	}
	if now-store.Millis(since) < store.Millis(renewKeyAfter.Milliseconds()) {
		c.Log.WarnContext(ctx, "the key of Web Push was sealed by another SECRET_KEY: nothing is pushed. With that one beside the present one all goes on; without it the key is made anew after a day, and members turn pushes on again",
			"since", store.Millis(since).Time())
		return nil
	}
	sealed, err := c.newPushKey()
	if err != nil {
		return err
	}
	err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := tx.SetSiteInfo(ctx, infoPushKey, sealed); err != nil {
			return err
		}
		return tx.SetSiteInfo(ctx, infoPushKeyLost, "")
	})
	if err != nil {
		return err
	}
	c.Log.WarnContext(ctx, "the key of Web Push was made anew: all subscriptions have ended")
	return inBatches(ctx, func(limit int) (int, error) { return c.Store.DeletePushBefore(ctx, now, limit) })
}
