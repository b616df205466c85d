package main

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tintype/internal/servertest"
)

// browser opens a tab on the preview, where Chromium is installed.
func browser(t *testing.T) (ctx context.Context, at string) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is slow")
	}
	name := servertest.Chromium(t)
	handler, err := newPreview()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(name), chromedp.NoSandbox, chromedp.Flag("disable-quic", true),
		chromedp.WSURLReadTimeout(time.Minute)) // a busy machine starts it slowly
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	heard := make(chan struct{})
	t.Cleanup(func() { closeTab(); <-heard })
	messages := chromedp.Console(ctx)
	go func() {
		defer close(heard)
		for m, err := range messages {
			if err != nil {
				return
			}
			// What a server refuses is logged by the browser, and is what some of these tests want; and a busy one gives up
			// showing how one page becomes the next.
			if (m.Type == "error" || m.Type == chromedp.ConsoleException) && !strings.Contains(m.Text, "Failed to load resource") && !strings.Contains(m.Text, "Transition was ") {
				t.Errorf("console: %s", m.Text)
			}
		}
	}()
	return ctx, server.URL
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// until waits for an expression to hold.
func until(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	if err := becomes(ctx, time.Minute, expression); err != nil {
		body, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + ' ' + (document.activeElement?.outerHTML || '').slice(0, 300) + ' say: ' + document.getElementById('say')?.textContent`))
		t.Fatalf("%s: %v; at %s", expression, err, body)
	}
}

// becomes waits so long for an expression to hold.
func becomes(ctx context.Context, patience time.Duration, expression string) error {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := chromedp.Run(wait, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience)))
	for err != nil && wait.Err() == nil { // the page was left while it was asked
		_, err = chromedp.Run(wait, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience)))
	}
	return err
}

func run(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script+";true")); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

func TestLikeIsShownAtOnceAndRevertedWithASentence(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/home"))
	first := `document.querySelector('[data-act=like] button')`
	for range 2 {
		run(t, ctx, first+`.focus();`+first+`.click()`)
		until(t, ctx, `!document.querySelector('[data-busy]')`)
	}
	until(t, ctx, first+`.getAttribute('aria-pressed') === 'false' && document.activeElement === `+first)
	run(t, ctx, first+`.click()`)
	until(t, ctx, `document.getElementById('say').textContent === 'Too many tries. Wait 40 seconds.' && `+first+`.getAttribute('aria-pressed') === 'false'`)
}

func TestFeedGrowsFollowsTheAddressAndComesBack(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(800, 700), chromedp.Navigate(at+"/explore"))
	until(t, ctx, `document.querySelectorAll('.tile').length >= 24`)
	run(t, ctx, `document.querySelector('.pager')?.scrollIntoView()`)
	until(t, ctx, `document.querySelectorAll('.tile').length === 37 && !document.querySelector('[data-older]') && !!document.querySelector('[data-end]')`)
	until(t, ctx, `document.getElementById('say').textContent === '13 more'`)
	run(t, ctx, `scrollTo(0, document.body.scrollHeight)`)
	until(t, ctx, `location.pathname === '/older-grid'`)
	run(t, ctx, `scrollTo(0, 0)`)
	until(t, ctx, `location.pathname === '/explore'`)
	run(t, ctx, `location.assign('/about')`)
	until(t, ctx, `document.title.length > 0 && location.pathname === '/about'`)
	run(t, ctx, `history.back()`)
	until(t, ctx, `location.pathname === '/explore' && document.querySelectorAll('.tile').length >= 24`)
}

func TestShowUncoversOnlyWhatWasAskedFor(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.Navigate(at+"/post-covered"))
	until(t, ctx, `!document.querySelector('.mat img')`)
	run(t, ctx, `document.querySelector('[data-show]').click()`)
	until(t, ctx, `location.pathname === '/post-covered' && document.querySelectorAll('.mat img').length === 3`)
}

func TestLightbox(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/post-ten"))
	until(t, ctx, `document.readyState === 'complete'`)
	run(t, ctx, `document.querySelectorAll('a[data-lightbox]')[1].focus(); document.activeElement.click()`)
	until(t, ctx, `!!document.querySelector('dialog.plates[open]') && location.pathname.endsWith('/2')`)
	until(t, ctx, `document.querySelector('.plates [role=status]').textContent === '2 of 10'`)
	do(t, ctx, chromedp.KeyEvent(kb.ArrowRight))
	until(t, ctx, `location.pathname.endsWith('/3') && Math.round(document.querySelector('.reel').scrollLeft / innerWidth) === 2`)
	do(t, ctx, chromedp.KeyEvent(kb.End))
	until(t, ctx, `location.pathname.endsWith('/10') && document.querySelector('[data-do=next]').disabled`)
	do(t, ctx, chromedp.KeyEvent("z"))
	until(t, ctx, `document.querySelector('[data-do=zoom]').getAttribute('aria-pressed') === 'true'`)
	do(t, ctx, chromedp.KeyEvent("i"))
	until(t, ctx, `document.querySelector('.plates .words').hidden`)
	do(t, ctx, chromedp.KeyEvent(kb.Escape))
	until(t, ctx, `!document.querySelector('dialog') && location.pathname === '/post-ten' && document.activeElement === document.querySelectorAll('a[data-lightbox]')[1]`)
}

func TestKeyboard(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/home"))
	do(t, ctx, chromedp.KeyEvent("j"))
	until(t, ctx, `document.activeElement.id === 'p-115000'`)
	do(t, ctx, chromedp.KeyEvent("j"))
	until(t, ctx, `document.activeElement.id === 'p-115001'`)
	do(t, ctx, chromedp.KeyEvent("l"))
	until(t, ctx, `document.querySelector('#a-115001 button').getAttribute('aria-pressed') === 'false'`) // it was liked
	do(t, ctx, chromedp.KeyEvent("?"))
	until(t, ctx, `!!document.querySelector('dialog.keys[open]')`)
	do(t, ctx, chromedp.KeyEvent(kb.Escape))
	until(t, ctx, `!document.querySelector('dialog')`)
	// Two letters, of which the second comes too late where the machine is busy.
	for try := 0; ; try++ {
		do(t, ctx, chromedp.KeyEvent("g"), chromedp.KeyEvent("e"))
		if try == 10 || becomes(ctx, 10*time.Second, `location.pathname === '/explore'`) == nil {
			break
		}
	}
	until(t, ctx, `location.pathname === '/explore'`)
	do(t, ctx, chromedp.Navigate(at+"/post"))
	run(t, ctx, `document.querySelector('#f-text').focus()`)
	do(t, ctx, chromedp.KeyEvent("n"))
	until(t, ctx, `location.pathname === '/post' && document.querySelector('#f-text').value === 'n'`)
}

func TestComment(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.Navigate(at+"/post"))
	until(t, ctx, `document.readyState === 'complete'`)
	run(t, ctx, `window.before = document.querySelector('[name=idempotency_key]').value; document.querySelector('[data-reply="1"]').click()`)
	until(t, ctx, `document.activeElement.id === 'f-text' && document.querySelector('#h-text').textContent === 'In reply to @jo'`)
	run(t, ctx, `document.querySelector('#f-text').value = 'Yes.'; document.querySelector('#comment').requestSubmit()`)
	until(t, ctx, `document.querySelectorAll('.comment').length === 5 && document.querySelector('#c-3').nextElementSibling.textContent.includes('Received')`)
	until(t, ctx, `document.querySelector('[name=idempotency_key]').value !== window.before && document.querySelector('#comments-head').textContent === '5 comments' && document.querySelector('[name=in_reply_to]').value === ''`)
	run(t, ctx, `document.querySelector('#f-text').value = 'bad'; document.querySelector('#comment').requestSubmit()`)
	until(t, ctx, `document.activeElement.id === 'f-text' && document.activeElement.getAttribute('aria-invalid') === 'true' && document.activeElement.value === 'bad'`)
}

// The live stream may tell of a member's own comment before the answer to it comes.
func TestOwnCommentCountsOnce(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.Navigate(at+"/post"))
	until(t, ctx, `document.readyState === 'complete'`)
	run(t, ctx, `window.plain = window.fetch; window.fetch = async (...a) => {
		const answer = await plain(...a);
		document.querySelector('[data-comment] .n').textContent = '5';
		document.querySelector('#comments-head').textContent = '5 comments';
		return answer;
	}; document.querySelector('#f-text').value = 'Yes.'; document.querySelector('#comment').requestSubmit()`)
	until(t, ctx, `document.querySelectorAll('.comment').length === 5 && document.querySelector('#f-text').value === ''`)
	until(t, ctx, `document.querySelector('[data-comment] .n').textContent.trim() === '5' && document.querySelector('#comments-head').textContent === '5 comments'`)
}

func TestFollowCountsAtOnce(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.Navigate(at+"/profile"))
	until(t, ctx, `document.readyState === 'complete' && document.querySelector('.counts').textContent.includes('1 follower')`)
	run(t, ctx, `document.querySelector('.follow form').requestSubmit()`)
	until(t, ctx, `document.querySelector('.counts').textContent.includes('0 followers') && document.querySelector('.follow button').getAttribute('aria-pressed') === 'false'`)
}

// sizes are a phone, a tablet and a desk.
var sizes = [][2]int64{{390, 844}, {768, 1024}, {1440, 900}}

func TestToastNeverLiesOverAControl(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		for _, path := range []string{"/post", "/home", "/draft"} {
			do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+path))
			until(t, ctx, `document.readyState === 'complete'`)
			for _, to := range []string{"0", "200", "document.body.scrollHeight"} {
				run(t, ctx, `scrollTo(0, `+to+`); import(performance.getEntriesByType('resource').map((e) => e.name).find((n) => n.includes('/dom.'))).then((m) => m.say('Your comment is posted.'))`)
				// Photographs give way where nothing else is left; the page's other controls never are under it.
				until(t, ctx, `(() => {
					const s = document.getElementById('say').getBoundingClientRect();
					return s.height > 0 && s.top >= 0 && s.bottom <= innerHeight && [...document.querySelectorAll('a[href],button,input,select,textarea,summary')]
						.filter((el) => !el.querySelector('img')).flatMap((el) => [...el.getClientRects()])
						.every((r) => r.width <= 1 || r.left >= s.right || r.right <= s.left || r.top >= s.bottom || r.bottom <= s.top);
				})()`)
				run(t, ctx, `document.getElementById('say').textContent = ''`)
			}
		}
	}
}

func TestTwoPhotographsNeverShareATransitionName(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/post-ten"))
	until(t, ctx, `document.readyState === 'complete'`)
	for _, to := range []string{".byline .avatar", ".mat figure:nth-child(2) a", ".mat figure:first-child a", ".brand"} {
		run(t, ctx, `dispatchEvent(Object.assign(new Event('pageswap'), { activation: { entry: { url: document.querySelector('`+to+`').href } }, viewTransition: { finished: new Promise((done) => { window.end = done; }) } }))`)
		until(t, ctx, `[...document.querySelectorAll('*')].filter((el) => getComputedStyle(el).viewTransitionName === 'photo').length === 1`)
		until(t, ctx, `!document.querySelector('.avatar img').style.viewTransitionName`)
		run(t, ctx, `end()`)
		until(t, ctx, `![...document.querySelectorAll('*')].some((el) => getComputedStyle(el).viewTransitionName === 'photo')`)
	}
}

func TestPostStaysOnScreen(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/draft"))
		until(t, ctx, `document.readyState === 'complete'`)
		for _, open := range []string{"false", "true"} {
			for _, to := range []string{"0", "300", "document.body.scrollHeight"} {
				run(t, ctx, `document.querySelector('.options').open = `+open+`; scrollTo(0, `+to+`)`)
				until(t, ctx, `(() => { const r = document.getElementById('publish').getBoundingClientRect(); const el = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
					return r.top >= 0 && r.bottom <= innerHeight && el?.id === 'publish'; })()`)
			}
		}
	}
}

func TestNoHoleBesideASquare(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+"/explore"))
	until(t, ctx, `document.querySelectorAll('.tile').length >= 24`)
	// r46 is a square, r98 a panorama that finds no room beside it.
	run(t, ctx, `const [a, b] = document.querySelectorAll('.tile'); a.className = 'tile r46'; b.className = 'tile r98'`)
	until(t, ctx, `(() => { const [a, b] = [...document.querySelectorAll('.tile')].map((el) => el.getBoundingClientRect());
		return Math.abs(a.width - 390) < 1 && Math.abs(a.height - a.width) < 8 && b.top > a.top; })()`)
}

func TestTargetsInTextAre24High(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]))
		for _, path := range []string{"/post", "/home", "/profile"} {
			do(t, ctx, chromedp.Navigate(at+path))
			until(t, ctx, `document.querySelectorAll('.people a').length > 0 && [...document.querySelectorAll('.people a')].every((a) => [...a.getClientRects()].every((r) => r.height >= 24))`)
		}
	}
}

func TestSearchKeepsItsName(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/front"))
		until(t, ctx, `(() => { const words = document.querySelector('.nav-search span'); return words.textContent === 'Search' && getComputedStyle(words).display !== 'none' && getComputedStyle(words).visibility === 'visible'; })()`)
	}
}

func TestFrontSaysItsNameOnce(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/front"))
		until(t, ctx, `[...document.querySelectorAll('a[href="/login"], a[href^="/login?"]')].length === 1 && document.querySelectorAll('a[href="/signup"]').length === 1`)
		until(t, ctx, `(() => { const name = document.querySelector('h1').textContent; return document.body.innerText.split(name).length === 2; })()`)
	}
}

func TestCompose(t *testing.T) {
	ctx, at := browser(t)
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"one.jpg", "bad.jpg", "slow.jpg", "two.jpg", "pic.heic"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(strings.Repeat("x", 5000)), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/compose"))
	// What state each row has ever had: the one that is slow may be ready before the last is sent.
	run(t, ctx, `window.was = []; new MutationObserver(() => document.querySelectorAll('.draft-photo').forEach((r, i) => (was[i] ||= new Set()).add(r.dataset.state)))
		.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] })`)
	do(t, ctx, chromedp.SetUploadFiles("#f-photos", files))
	until(t, ctx, `document.querySelectorAll('.draft-photo').length === 5`)
	until(t, ctx, `document.querySelector('.draft-photo:last-child .state').textContent.includes('This site cannot read HEIC')`)
	until(t, ctx, `[...document.querySelectorAll('.draft-photo')].map((r) => r.dataset.state).join() === 'ready,refused,ready,ready,refused'`)
	until(t, ctx, `was[2].has('preparing') && performance.getEntriesByType('resource').some((e) => /\/compose\/photos\/\d+$/.test(e.name))`) // it was asked for
	until(t, ctx, `!document.querySelector('#publish').disabled && document.querySelector('#left-out').textContent === '2 photographs are not ready and will be left out.'`)
	until(t, ctx, `document.querySelector('#reminder').textContent.startsWith('3 of 3 photographs have no description')`)
	until(t, ctx, `!document.querySelector('#photos').innerHTML.includes('__ID__') && document.querySelector('[name^="description-100"]') !== null`)
	run(t, ctx, `window.row = document.querySelector('.draft-photo'); row.querySelector('[data-move="1"]').focus(); document.activeElement.click()`)
	until(t, ctx, `document.querySelectorAll('.draft-photo')[1] === row && row.contains(document.activeElement)`)
	// Every control says which photo it belongs to, as they stand now.
	until(t, ctx, `[...document.querySelectorAll('.draft-photo')].every((r, i) => [...r.querySelectorAll('label[for^="f-description-"],[data-move],.focus summary')]
		.every((el) => el.textContent.replace(/\s+/g, ' ').includes('photograph ' + (i + 1))))`)
	run(t, ctx, `row.querySelector('[data-remove]').click()`)
	until(t, ctx, `row.dataset.state === 'removed' && document.activeElement.textContent === 'Undo'`)
	run(t, ctx, `document.activeElement.click()`)
	until(t, ctx, `row.dataset.state === 'ready' && document.activeElement === row`)
}
