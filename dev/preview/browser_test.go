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
	run(t, ctx, `row.querySelector('[data-remove]').click()`)
	until(t, ctx, `row.dataset.state === 'removed' && document.activeElement.textContent === 'Undo'`)
	run(t, ctx, `document.activeElement.click()`)
	until(t, ctx, `row.dataset.state === 'ready' && document.activeElement === row`)
}
