package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tintype/internal/servertest"
)

// chromium is the one browser of all tests, which takes seconds to start. Its end is the last of them.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

func startChromium(name string) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(name), chromedp.NoSandbox, chromedp.Flag("disable-quic", true),
		chromedp.WSURLReadTimeout(time.Minute)) // a busy machine starts it slowly
	ctx, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	chromium.ctx, _ = chromedp.NewContext(ctx)
	chromium.stop = stop
	chromium.err = chromedp.Do(chromium.ctx)
}

// browser opens a tab on the preview, where Chromium is installed. It shares no cookie and nothing kept with others.
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
	chromium.once.Do(func() { startChromium(name) })
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	patience := 5 * time.Minute
	if servertest.All() { // every page in all its looks
		patience = 30 * time.Minute
	}
	ctx, cancel := context.WithTimeout(chromium.ctx, patience)
	t.Cleanup(cancel)
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
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

// becomes waits so long for an expression to hold. Each time it is asked of the page that the tab shows then: a page that is
// left meanwhile is kept for the way back, and what waits in it never answers.
func becomes(ctx context.Context, patience time.Duration, expression string) error {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(30 * time.Millisecond)
	defer again.Stop()
	for {
		try, cancel := context.WithTimeout(wait, 5*time.Second)
		holds, err := chromedp.Run(try, chromedp.Evaluate[bool]("(async () => !!(await ("+expression+")))()", chromedp.EvalAwaitPromise))
		cancel()
		if err == nil && holds {
			return nil
		}
		select {
		case <-wait.Done():
			return errors.Join(wait.Err(), err)
		case <-again.C:
		}
	}
}

func run(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script+";true")); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

// hear keeps in window.said what the pages that the tab opens from now on say. A sentence is gone after six seconds, and a
// busy machine may look only then.
func hear(t *testing.T, ctx context.Context) {
	t.Helper()
	const script = `window.said = [];
		new MutationObserver((all) => { for (const { target } of all) if (target.id === 'say' && target.textContent) said.push(target.textContent); }).observe(document, { childList: true, subtree: true })`
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		t.Fatal(err)
	}
}

func TestLikeIsShownAtOnceAndRevertedWithASentence(t *testing.T) {
	ctx, at := browser(t)
	hear(t, ctx)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/home"))
	first := `document.querySelector('[data-act=like] button')`
	for range 2 {
		run(t, ctx, first+`.focus();`+first+`.click()`)
		until(t, ctx, `!document.querySelector('[data-busy]')`)
	}
	until(t, ctx, first+`.getAttribute('aria-pressed') === 'false' && document.activeElement === `+first)
	run(t, ctx, first+`.click()`)
	until(t, ctx, `said.includes('Too many tries. Wait 40 seconds.') && `+first+`.getAttribute('aria-pressed') === 'false'`)
}

func TestFeedGrowsFollowsTheAddressAndComesBack(t *testing.T) {
	ctx, at := browser(t)
	hear(t, ctx)
	do(t, ctx, chromedp.EmulateViewport(800, 700), chromedp.Navigate(at+"/explore"))
	until(t, ctx, `document.querySelectorAll('.tile').length >= 24`)
	run(t, ctx, `document.querySelector('.pager')?.scrollIntoView()`)
	until(t, ctx, `document.querySelectorAll('.tile').length === 37 && !document.querySelector('[data-older]') && !!document.querySelector('[data-end]')`)
	until(t, ctx, `said.includes('13 more')`)
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

// The slideshow of an album turns by keys and by swipes. The pages themselves lead on without either.
func TestAlbumSlides(t *testing.T) {
	ctx, at := browser(t)
	for turn, to := range map[string]string{
		`document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))`: "/album/slide?3",
		`document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true}))`:  "/album/slide?1",
		`document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))`:     "/album",
		`swipe(300, 100, 0)`: "/album/slide?3",
		`swipe(100, 300, 0)`: "/album/slide?1",
		`swipe(300, 280, 0); swipe(300, 100, 300); swipe(100, 300, 0)`: "/album/slide?1", // neither a touch nor a scroll turns
	} {
		do(t, ctx, chromedp.EmulateViewport(390, 800), chromedp.Navigate(at+"/album/slide?2"))
		until(t, ctx, `document.readyState === 'complete' && performance.getEntriesByType('resource').some((r) => r.name.includes('/plates.') && r.responseEnd > 0)`)
		run(t, ctx, `window.swipe = (from, to, down) => {
			const page = document.querySelector('[data-plate]');
			const touch = (x, y) => new Touch({ identifier: 1, target: page, clientX: x, clientY: y });
			page.dispatchEvent(new TouchEvent('touchstart', { bubbles: true, touches: [touch(from, 100)], changedTouches: [touch(from, 100)] }));
			page.dispatchEvent(new TouchEvent('touchend', { bubbles: true, touches: [], changedTouches: [touch(to, 100 + down)] }));
		}`)
		run(t, ctx, "setTimeout(() => { "+turn+" }, 50)") // once the module of plates.js has run, too
		until(t, ctx, `location.pathname + location.search === '`+to+`'`)
	}
}

// The slideshow plays, pauses, and turns where it stands while it plays.
func TestTheSlideshowPlays(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(390, 800), chromedp.Navigate(at+"/album/slide?2"))
	until(t, ctx, `document.querySelector('[data-slides]:not([hidden])') && document.querySelector('[data-play]').textContent === 'Play'`)
	run(t, ctx, `window.same = true; document.querySelector('[data-slides] select').append(new Option('at once', '0.05', true, true)); document.querySelector('[data-play]').focus(); document.querySelector('[data-play]').click()`)
	until(t, ctx, `document.querySelector('[data-play]').textContent === 'Pause' && location.search === '?3'`)
	until(t, ctx, `document.activeElement.matches('[data-play]')`)
	run(t, ctx, `document.querySelector('[data-play]').click(); window.there = document.querySelector('.plate figure')`)
	until(t, ctx, `document.querySelector('[data-play]').textContent === 'Play'`)
	run(t, ctx, `document.querySelector('[data-slides] select').value = '20'; document.activeElement.blur(); document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true, cancelable: true }))`)
	until(t, ctx, `document.querySelector('[data-play]').textContent === 'Pause'`)
	// The step that was under way when the show was paused may not have ended: a key waits for no step.
	until(t, ctx, `location.search === '?1' || document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true })) && false`)
	until(t, ctx, `window.same && document.querySelector('[data-play]').textContent === 'Pause'`)
	// A key that is held turns once, and everything is there afterwards.
	run(t, ctx, `window.there = document.querySelector('.plate figure'); for (let i = 0; i < 3; i++) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }))`)
	until(t, ctx, `location.search === '?3' && document.querySelector('.plate figure') !== window.there`)
	run(t, ctx, `setTimeout(() => { window.waited = true }, 500)`) // nothing more is to happen
	until(t, ctx, `window.waited && document.querySelector('.plate figure img') && document.querySelector('.plate-nav') && document.querySelector('[data-close]') && document.querySelector('h1') && ![...document.querySelector('.plate').childNodes].some((n) => n.data?.includes('null'))`)
	// In the list of paces the arrows choose, and Escape closes it.
	run(t, ctx, `for (const key of ['ArrowLeft', 'Escape']) document.querySelector('[data-slides] select').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })); window.waited = false; setTimeout(() => { window.waited = true }, 500)`)
	until(t, ctx, `window.waited && window.same && location.search === '?3'`)
	run(t, ctx, `document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }))`)
	until(t, ctx, `location.search === '?1' && window.same`)
	run(t, ctx, `document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true })); document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }))`)
	until(t, ctx, `!window.same && location.search === '?1' && document.readyState === 'complete'`) // a page of its own again
}

// What is uncovered while the slideshow plays does not end it.
func TestTheSlideshowUncovers(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(390, 800), chromedp.Navigate(at+"/album/slide/covered"))
	until(t, ctx, `document.querySelector('[data-slides]:not([hidden])') && !document.querySelector('.plate img')`)
	run(t, ctx, `window.same = true; document.querySelector('[data-slides] select').value = '20'; document.querySelector('[data-play]').click(); document.querySelector('[data-show]').click()`)
	until(t, ctx, `document.querySelector('.plate img')`)
	run(t, ctx, `window.there = document.querySelector('.plate figure'); document.querySelector('.plate-nav a[rel=next]').click()`)
	until(t, ctx, `location.search === '?3' && window.same && document.querySelector('.plate figure') !== window.there && document.querySelector('[data-slides]:not([hidden]) [data-play]').textContent === 'Pause'`)
}

// A tile that is dragged goes before the one that it is dropped on, or behind it where it came from above, and the site is
// told the same.
func TestArrangingAnAlbum(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/album/arrange"))
	until(t, ctx, `document.readyState === 'complete' && document.querySelector('[data-photo]').draggable`)
	run(t, ctx, `window.fetch = (url, o) => { (window.sent ??= []).push(url + ' ' + o.body); return Promise.resolve(new Response('<p>')); };
		window.tiles = () => [...document.querySelectorAll('[data-photo]')].map((tile) => tile.dataset.photo);
		window.first = tiles();
		window.drag = (from, to) => {
			const list = document.querySelectorAll('[data-photo]');
			const event = (name) => new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() });
			list[from].dispatchEvent(event('dragstart'));
			list[to].dispatchEvent(event('drop'));
		}`)
	run(t, ctx, `drag(3, 1)`)
	until(t, ctx, `tiles().slice(0, 4).join() === [0, 3, 1, 2].map((i) => first[i]).join() && sent.join() === '/albums/900/order to=before&photo=' + first[3] + '&before=' + first[1]`)
	run(t, ctx, `sent = []; drag(0, 2)`)
	until(t, ctx, `tiles().slice(0, 4).join() === [3, 1, 0, 2].map((i) => first[i]).join() && sent.join() === '/albums/900/order to=before&photo=' + first[0] + '&before=' + first[2]`)
	run(t, ctx, `sent = []; drag(0, 8)`)
	until(t, ctx, `tiles()[8] === first[3] && sent.length === 2 && sent[1] === '/albums/900/order to=later&photo=' + first[3]`)
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
	until(t, ctx, `document.querySelectorAll('.comment').length === 8 && document.querySelector('#c-3').nextElementSibling.textContent.includes('Received')`)
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
	until(t, ctx, `document.querySelectorAll('.comment').length === 8 && document.querySelector('#f-text').value === ''`)
	until(t, ctx, `document.querySelector('[data-comment] .n').textContent.trim() === '5' && document.querySelector('#comments-head').textContent === '5 comments'`)
}

func TestFollowCountsAtOnce(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.Navigate(at+"/profile"))
	until(t, ctx, `document.readyState === 'complete' && document.querySelector('.counts').textContent.includes('1 follower')`)
	run(t, ctx, `document.querySelector('.follow form').requestSubmit()`)
	until(t, ctx, `document.querySelector('.counts').textContent.includes('0 followers') && document.querySelector('.follow button').getAttribute('aria-pressed') === 'false'`)
}

func TestTwoPhotographsNeverShareATransitionName(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/post-ten"))
	until(t, ctx, `document.readyState === 'complete'`)
	for _, to := range []string{".byline .avatar", ".mat li:nth-child(2) .frame a", ".mat li:first-child .frame a", ".brand"} {
		run(t, ctx, `dispatchEvent(Object.assign(new Event('pageswap'), { activation: { entry: { url: document.querySelector('`+to+`').href } }, viewTransition: { finished: new Promise((done) => { window.end = done; }) } }))`)
		until(t, ctx, `[...document.querySelectorAll('*')].filter((el) => getComputedStyle(el).viewTransitionName === 'photo').length === 1`)
		until(t, ctx, `!document.querySelector('.avatar img').style.viewTransitionName`)
		run(t, ctx, `end()`)
		until(t, ctx, `![...document.querySelectorAll('*')].some((el) => getComputedStyle(el).viewTransitionName === 'photo')`)
	}
}

func TestSearchKeepsItsName(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/front"))
		until(t, ctx, `(() => { const words = document.querySelector('.nav-search span'); return words.textContent === 'Search' && getComputedStyle(words).display !== 'none' && getComputedStyle(words).visibility === 'visible'; })()`)
	}
}

// A file control is never seen as the browser draws it, and is as large as what is seen in its place.
func TestFileControlsAreNotSeen(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		for _, path := range []string{"/compose", "/draft", "/edit"} {
			do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+path))
			until(t, ctx, `(() => { const all = [...document.querySelectorAll('main input[type=file]')].filter((el) => el.getClientRects().length);
				return all.length > 0 && all.every((el) => getComputedStyle(el).opacity === '0' && el.offsetWidth >= 44 && el.offsetHeight >= 44 && el.labels[0].offsetWidth > 0); })()`)
		}
	}
}

// Photographs come by paste as well, and what is taken out of a post that is edited goes when the edit is saved.
func TestEditChangesPhotographs(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+"/edit"))
	until(t, ctx, `document.readyState === 'complete' && document.querySelectorAll('.draft-photo').length === 2`)
	run(t, ctx, `const files = new DataTransfer(); files.items.add(new File(['x'], 'pasted.jpg', { type: 'image/jpeg' }));
		document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: files }))`)
	until(t, ctx, `[...document.querySelectorAll('.draft-photo')].map((r) => r.dataset.state).join() === 'ready,ready,ready'`)
	until(t, ctx, `performance.getEntriesByType('resource').some((e) => new URL(e.name).pathname === '/posts/115000/photos')`)
	run(t, ctx, `document.querySelector('.draft-photo [data-move="1"]').click(); document.querySelectorAll('.draft-photo')[1].querySelector('[data-remove]').click()`)
	run(t, ctx, `window.sent = null; document.getElementById('draft').addEventListener('submit', (event) => {
		if (event.defaultPrevented) return;
		event.preventDefault();
		window.sent = new FormData(event.target).getAll('photo').join();
	}); document.getElementById('publish').click()`)
	until(t, ctx, `/^,11500001,10\d\d$/.test(window.sent)`)
	until(t, ctx, `!performance.getEntriesByType('resource').some((e) => /remove$/.test(e.name))`)
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
	until(t, ctx, `[...document.querySelectorAll('.draft-photo')].every((r, i) => [...r.querySelectorAll('label[for^="f-description-"],[data-move],.focus legend,.sheet h2,.thumb')]
		.every((el) => el.textContent.toLowerCase().replace(/\s+/g, ' ').includes('photograph ' + (i + 1))))`)
	// The sheet is a dialog; both crops and the tile follow the focus at once.
	run(t, ctx, `row.querySelector('.thumb').click()`)
	until(t, ctx, `row.querySelector('.sheet').matches(':modal') && document.activeElement.matches('[data-description]')`)
	run(t, ctx, `row.querySelector('.focus input[value="-1,1"]').click()`)
	until(t, ctx, `getComputedStyle(row).getPropertyValue('--fx') === '0%' && getComputedStyle(row).getPropertyValue('--fy') === '100%'`)
	run(t, ctx, `row.querySelector('.sheet [data-done]').click()`)
	until(t, ctx, `!row.querySelector('.sheet').open && document.activeElement === row.querySelector('.thumb')`)
	run(t, ctx, `row.querySelector('[data-remove]').click()`)
	until(t, ctx, `row.dataset.state === 'removed' && document.activeElement.textContent === 'Undo'`)
	run(t, ctx, `document.activeElement.click()`)
	until(t, ctx, `row.dataset.state === 'ready' && document.activeElement === row`)
}

// A post with several photographs swipes, and its arrows, dots and keys lead the same way.
func TestReel(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+"/post-three"))
	shown := func(n string) {
		until(t, ctx, `(() => { const r = document.querySelector('[data-reel]'); return Math.round(r.scrollLeft / r.clientWidth) === `+n+` && [...document.querySelectorAll('.dots a')].findIndex((d) => d.getAttribute('aria-current') === 'true') === `+n+`; })()`)
	}
	shown("0")
	run(t, ctx, `document.querySelector('.turn.on').click()`)
	shown("1")
	run(t, ctx, `document.querySelectorAll('.dots a')[2].click()`)
	shown("2")
	run(t, ctx, `document.querySelector('[data-reel]').focus()`)
	do(t, ctx, chromedp.KeyEvent(kb.ArrowLeft))
	shown("1")
	until(t, ctx, `document.querySelector('.post-head').getBoundingClientRect().top < document.querySelector('.mat').getBoundingClientRect().top && document.documentElement.scrollWidth <= innerWidth`)
}

// Next and previous go through the list that a reader came from, and stay where they are on the page.
func TestNextGoesThroughTheListOneCameFrom(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+"/explore"))
	until(t, ctx, `document.querySelectorAll('.tile').length >= 24`)
	run(t, ctx, `sessionStorage.setItem('from', '[]'); dispatchEvent(new Event('pagehide'))`)
	until(t, ctx, `JSON.parse(sessionStorage.getItem('from')).length >= 24 && JSON.parse(sessionStorage.getItem('from'))[0] === '/@ada/115000' && new URL(sessionStorage.getItem('more')).pathname.length > 1`)
	run(t, ctx, `sessionStorage.removeItem('more')`)
	do(t, ctx, chromedp.Navigate(at+"/post"))
	until(t, ctx, `document.querySelector('[data-way=next]').getAttribute('href') === '/post-ten' && !document.querySelector('[data-way=prev]').hasAttribute('href')`)
	// At the end of what was loaded, the list goes on.
	run(t, ctx, `sessionStorage.setItem('from', JSON.stringify(['/before', '/post'])); sessionStorage.setItem('more', location.origin + '/explore')`)
	do(t, ctx, chromedp.Navigate(at+"/post"))
	until(t, ctx, `document.querySelector('[data-way=next]').getAttribute('href') === '/@ada/115000' && document.querySelector('[data-way=next]').rel === 'next' &&
		JSON.parse(sessionStorage.getItem('from')).length >= 26 && sessionStorage.getItem('more') !== location.origin + '/explore'`)
	run(t, ctx, `sessionStorage.setItem('from', JSON.stringify(['/before', '/post', '/after']))`)
	do(t, ctx, chromedp.Navigate(at+"/post"))
	until(t, ctx, `['prev', 'next'].map((rel) => document.querySelector('[data-way=' + rel + ']')).map((a) => a.getAttribute('href') + a.getAttribute('aria-label')).join() === '/beforePrevious,/afterNext'`)
}

// Without a sheet of the device's own, sharing copies the address.
func TestShareCopies(t *testing.T) {
	ctx, at := browser(t)
	hear(t, ctx)
	do(t, ctx, chromedp.Navigate(at+"/post"))
	until(t, ctx, `document.readyState === 'complete'`)
	run(t, ctx, `Object.defineProperty(navigator, 'share', { value: undefined, configurable: true });
		Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text; } }, configurable: true });
		document.querySelector('[data-share] summary').click()`)
	until(t, ctx, `window.copied === 'http://localhost/@ada/115000' && said.includes('The address is copied.') && !document.querySelector('[data-share]').open`)
}
