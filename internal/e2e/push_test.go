package e2e

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"

	"tintype/internal/servertest"
)

// subscriptionOf is what a browser's push service gives to its page, as a form.
func subscriptionOf(t *testing.T, endpoint string) []string {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return []string{"endpoint", endpoint, "p256dh", encode(key.PublicKey().Bytes()), "auth", encode(make([]byte, 16))}
}

// In a browser, a button turns push on, and what is pushed is shown by the service worker under a strict policy.
func TestPushInABrowser(t *testing.T) {
	site := start(t)
	b := openBrowser(t)
	b.signUp(site.URL, "dora")
	_, err := chromedp.CallBrowser(b.ctx, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{
		Permission: &cdpbrowser.PermissionDescriptor{Name: "notifications"}, Setting: cdpbrowser.PermissionSettingGranted, Origin: site.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var registration serviceworker.RegistrationID
	err = chromedp.Listen(b.ctx, func(ev any) {
		if e, ok := ev.(*serviceworker.EventWorkerRegistrationUpdated); ok {
			mu.Lock()
			defer mu.Unlock()
			for _, r := range e.Registrations {
				if !r.IsDeleted && strings.HasPrefix(r.ScopeURL, site.URL) {
					registration = r.RegistrationID
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, serviceworker.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(site.URL + "/settings/notifications"))
	// There is no push service here. What one gives is the test's; what becomes of it is the site's.
	keys := subscriptionOf(t, "https://push.invalid/1")
	b.number(`PushManager.prototype.getSubscription = async () => null;
		Notification.requestPermission = async () => 'granted';
		PushManager.prototype.subscribe = async (options) => {
			if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error('a bad wish');
			return { toJSON: () => ({ endpoint: '` + keys[1] + `', keys: { p256dh: '` + keys[3] + `', auth: '` + keys[5] + `' } }), unsubscribe: async () => true };
		}; 1`)
	b.click(`[data-on]`, `form[data-off]`)
	b.shot("push-on")

	servertest.Eventually(t, "the service worker is registered", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return registration != ""
	})
	const payload = `{"web_push":8030,"title":"x","notification":{"title":"ada liked your post","body":"A hill","navigate":"/posts/1","tag":"favourite-1","lang":"en"}}`
	deliver := func() {
		t.Helper()
		if _, err := chromedp.Call(b.ctx, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: site.URL, RegistrationID: registration, Data: payload}); err != nil {
			t.Fatal(err)
		}
	}
	const shown = `(async () => {
		const all = await (await navigator.serviceWorker.ready).getNotifications();
		if (all.length === 0) return 0;
		return all.length === 1 && all[0].title === 'ada liked your post' && all[0].body === 'A hill' && all[0].data === '/posts/1' && all[0].tag === 'favourite-1' ? 1 : -1;
	})()`
	// Whoever asks Chromium for its notifications while one is put on show has it forget that one. So each is asked for after a
	// while. The same thing again takes the first one's place.
	for range 2 {
		for pause, n := time.Second, 0.0; n == 0; pause *= 2 {
			if pause > 20*time.Second {
				b.fail(errors.New("what was pushed is not shown"))
			}
			deliver()
			b.run(chromedp.Sleep(pause))
			if n = b.number(shown); n < 0 {
				t.Fatal("another notification is shown")
			}
		}
	}
}

// A click on what was pushed closes it and opens the page that it names: the one that is open already, else a new one, and
// never another site's. A browser lets no program click on a notification, so the worker's own script is run with an
// eye on what it does.
func TestAClickOnAPush(t *testing.T) {
	site := start(t)
	worker := servertest.NewClient(t, site.URL).Get("/sw.js").Want(http.StatusOK).Body
	b := openBrowser(t)
	b.run(chromedp.Navigate(site.URL + "/explore"))
	did, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(async () => {
		const heard = {}, did = [];
		const self = { addEventListener: (name, hear) => { heard[name] = hear; } };
		const clients = {
			matchAll: async ({ type }) => type === 'window' ? [{ url: location.href + '#here', focus: async () => did.push('focus') }] : [],
			openWindow: async (url) => did.push(url.replace(location.origin, '')),
		};
		`+worker+`
		for (const data of ['/@ada/1', location.pathname, 'https://elsewhere.example/', '//elsewhere.example/', '/notifications']) {
			let over;
			heard.notificationclick({ notification: { data, close: () => did.push('close') }, waitUntil: (p) => { over = p; } });
			await over;
		}
		return did.join(' ');
	})()`, chromedp.EvalAwaitPromise))
	if want := "close /@ada/1 close focus close close close /notifications"; err != nil || did != want {
		t.Errorf("the clicks did %q, want %q: %v", did, want, err)
	}
}

// A browser that gives up a subscription tells the site of the next one: of the one that it names, else of one that is made by the
// wishes of the old. The worker's own script is run, as no push service is there to end one.
func TestABrowserGivesUpASubscription(t *testing.T) {
	site := start(t)
	worker := servertest.NewClient(t, site.URL).Get("/sw.js").Want(http.StatusOK).Body
	b := openBrowser(t)
	b.signUp(site.URL, "ada")
	b.run(chromedp.Navigate(site.URL + "/settings/notifications"))
	made := func(address string) string {
		k := subscriptionOf(t, address)
		return "{ toJSON: () => ({ endpoint: '" + k[1] + "', keys: { p256dh: '" + k[3] + "', auth: '" + k[5] + "' } }) }"
	}
	did, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(async () => {
		const heard = {}, did = [], ask = window.fetch;
		const self = { addEventListener: (name, hear) => { heard[name] = hear; }, registration: { pushManager: {
			subscribe: async (options) => { did.push('subscribe', options.wish); return `+made("https://push.invalid/made")+`; } } } };
		const fetch = async (at, o) => { const answer = await ask(at, o); did.push(at, o.body.get('endpoint'), answer.status); return answer; };
		`+worker+`
		for (const event of [{ newSubscription: `+made("https://push.invalid/named")+` }, { oldSubscription: { options: { wish: 'as before' } } }, {}]) {
			let over;
			heard.pushsubscriptionchange({ ...event, waitUntil: (p) => { over = p; } });
			await over;
		}
		return did.join(' ');
	})()`, chromedp.EvalAwaitPromise))
	const to = "/settings/notifications/push https://push.invalid/"
	if want := to + "named 200 subscribe as before " + to + "made 200"; err != nil || did != want {
		t.Errorf("it did %q, want %q: %v", did, want, err)
	}
}
