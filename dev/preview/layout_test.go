package main

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tintype/dev/preview/sample"
	"tintype/internal/servertest"
)

// sizes are a phone, a tablet and a desk.
var sizes = [][2]int64{{390, 844}, {768, 1024}, {1440, 900}}

func TestToastNeverLiesOverAControl(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		for _, path := range []string{"/post", "/home", "/draft"} {
			do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+path))
			until(t, ctx, `document.readyState === 'complete'`)
			for _, to := range []string{"0", "200", "document.body.scrollHeight"} {
				run(t, ctx, `scrollTo(0, `+to+`); import(performance.getEntriesByType('resource').map((e) => e.name).find((n) => n.includes('/dom.'))).then((m) => { window.say = m.say; })`)
				// Photographs give way where nothing else is left; the page's other controls never are under it. A busy
				// machine may look only after the sentence has gone again, so it is said until it was seen.
				until(t, ctx, `(() => {
					const box = document.getElementById('say');
					if (!box.textContent) { window.say?.('Your comment is posted.'); return false; }
					const s = box.getBoundingClientRect();
					return s.height > 0 && s.top >= 0 && s.bottom <= innerHeight && [...document.querySelectorAll('a[href],button,input,select,textarea,summary')]
						.filter((el) => !el.querySelector('img')).flatMap((el) => [...el.getClientRects()])
						.every((r) => r.width <= 1 || r.left >= s.right || r.right <= s.left || r.top >= s.bottom || r.bottom <= s.top);
				})()`)
				run(t, ctx, `document.getElementById('say').textContent = ''`)
			}
		}
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

// On a phone the last row goes across as the others do, unless more of the list is to come: then it waits for its end. On a wide
// screen it stays as high as the rest.
func TestTheLastRowOnAPhone(t *testing.T) {
	ctx, at := browser(t)
	width := `document.querySelector('.grid .tile').getBoundingClientRect().width`
	alone := `document.querySelectorAll('.grid .tile').forEach((el, i) => { if (i) el.remove(); else el.className = 'tile r68'; })`
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+"/explore"))
	until(t, ctx, `document.querySelectorAll('.tile').length >= 24 && document.querySelector('.pager [data-older]') !== null`)
	run(t, ctx, `window.fetch = () => new Promise(() => {}); `+alone) // no more comes
	until(t, ctx, width+` < 300`)
	run(t, ctx, `document.querySelector('.pager [data-older]').remove()`)
	until(t, ctx, width+` > 389`)
	do(t, ctx, chromedp.Navigate(at+"/profile-pinned"))
	until(t, ctx, `document.querySelectorAll('.pinned .tile').length > 0`)
	run(t, ctx, alone)
	until(t, ctx, width+` > 389`)
	do(t, ctx, chromedp.EmulateViewport(1440, 900))
	until(t, ctx, width+` < 800`)
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

func TestFrontSaysItsNameOnce(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/front"))
		until(t, ctx, `[...document.querySelectorAll('a[href="/login"], a[href^="/login?"]')].length === 1 && document.querySelectorAll('a[href="/signup"]').length === 1`)
		until(t, ctx, `(() => { const name = document.querySelector('h1').textContent; return document.body.innerText.split(name).length === 2; })()`)
	}
}

// The switch is remembered, for visitors by the page's script.
func TestThreeAcross(t *testing.T) {
	ctx, at := browser(t)
	for _, path := range []string{"/explore", "/explore-visitor"} {
		do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+path))
		until(t, ctx, `document.readyState === 'complete' && document.querySelector('form[data-three]').getClientRects().length === 1`)
		run(t, ctx, `document.querySelector('form[data-three] button').click()`)
		until(t, ctx, `[...document.querySelectorAll('.tile')].slice(0, 6).map((el) => el.getBoundingClientRect()).every((r, i, all) => Math.abs(r.width - r.height) < 1 && r.top === all[i - i % 3].top && r.width > 120)`)
		do(t, ctx, chromedp.Navigate(at+path))
		until(t, ctx, `document.documentElement.hasAttribute('data-three') && document.querySelector('form[data-three] button').getAttribute('aria-pressed') === 'true'`)
		run(t, ctx, `document.querySelector('form[data-three] button').click()`)
		until(t, ctx, `!document.cookie.includes('three') && !document.documentElement.hasAttribute('data-three')`)
	}
	do(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(at+"/explore"))
	until(t, ctx, `document.readyState === 'complete' && document.querySelector('form[data-three]').getClientRects().length === 0`)
}

// Work begins above the fold: a profile's header is low, and its text stands on one line with its numbers.
func TestProfileHeaderIsLow(t *testing.T) {
	ctx, at := browser(t)
	for i, most := range []string{"120", "160", "200"} {
		do(t, ctx, chromedp.EmulateViewport(sizes[i][0], sizes[i][1]), chromedp.Navigate(at+"/profile"))
		until(t, ctx, `document.querySelector('.profile-header').offsetHeight <= `+most+` && document.querySelector('.tile').getBoundingClientRect().top < innerHeight`)
	}
}

// The page for when the network is away has no navigation, nor the room of one.
func TestOfflineHasItsWidth(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/offline"))
		until(t, ctx, `document.querySelector('main')?.getBoundingClientRect().width >= Math.min(innerWidth, 480)`)
	}
}

// Longer languages fit into the smallest phone: no page is wider, and no two words stand without a space between them.
func TestPagesFitASmallPhone(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(320, 640))
	for _, p := range sample.Pages() {
		h := fnv.New32a()
		h.Write([]byte(os.Getenv("TEST_SEED") + p.Path))
		languages := []string{"de", "fr"}
		if !servertest.All() {
			languages = languages[h.Sum32()%2:][:1]
		}
		for _, l := range languages {
			do(t, ctx, chromedp.Navigate(at+p.Path+"?lang="+l))
			until(t, ctx, `document.readyState !== 'loading'`)
			found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](cramped))
			if err != nil {
				t.Fatalf("%s: %v", p.Path, err)
			}
			for _, f := range found {
				t.Errorf("%s at 320, %s: %s", p.Path, l, f)
			}
		}
	}
}

// cramped names what makes a page scroll sideways, and words that touch the words before them.
const cramped = `(() => {
	const found = [];
	if (document.documentElement.scrollWidth > innerWidth) {
		const wide = [...document.querySelectorAll('body *')].find((el) => el.getBoundingClientRect().right > innerWidth + 1 && !el.closest('.strip,.vh,.reel,.tabs'));
		found.push('it is ' + document.documentElement.scrollWidth + ' wide: ' + wide?.outerHTML.slice(0, 100));
	}
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let last; texts.nextNode();) {
		const text = texts.currentNode, parent = text.parentElement;
		if (!text.textContent.trim() || parent.closest('.vh,template,script,svg,dialog:not([open])')) continue;
		const range = document.createRange();
		range.selectNodeContents(text);
		const boxes = [...range.getClientRects()].filter((box) => box.width);
		if (!boxes.length) continue;
		// Spaces at the ends of what a flexible box holds are not drawn.
		const words = getComputedStyle(parent).display.includes('flex') ? text.textContent.trim() : text.textContent;
		const box = boxes[0], before = last?.box;
		if (before && Math.min(before.bottom, box.bottom) - Math.max(before.top, box.top) > 6 && box.left > before.left && Math.abs(box.left - before.right) < 2
			&& /[\p{L}\p{N}]$/u.test(last.words) && /^[\p{L}\p{N}]/u.test(words)) {
			found.push('"' + last.words.trim().slice(-20) + '" touches "' + words.slice(0, 20) + '"');
		}
		last = { box: boxes.at(-1), words };
	}
	return found;
})()`

// Each entry of the rail has its picture. What only the member sees is in the rail where there is one, else under You.
func TestTheRail(t *testing.T) {
	ctx, at := browser(t)
	shown := `window.shown = (el) => el.getClientRects().length > 0; window.entries = (within) => [...document.querySelectorAll(within + ' :is(a,button)')].filter(shown);
		window.leads = (within) => entries(within).map((el) => el.getAttribute('href') || el.closest('form').getAttribute('action'));`
	yours := []string{"/settings", "/admin", "/logout"}
	holds := func(within string) string {
		return fmt.Sprintf(`['%s'].every((to) => leads('%s').includes(to))`, strings.Join(yours, "','"), within)
	}
	pictured := func(within string) string {
		return fmt.Sprintf(`entries('%s').length > 3 && entries('%s').every((el) => el.querySelector('svg,img') && el.textContent.trim())`, within, within)
	}
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/profile-own"))
		run(t, ctx, shown)
		if size[0] < 1200 {
			until(t, ctx, holds(".yours")+` && `+pictured(".yours")+` && !leads('.top').some((to) => to === '/logout')`)
			continue
		}
		until(t, ctx, holds(".top")+` && `+pictured(".top")+` && entries('.yours').length === 0`)
	}
}

// The column of a narrow page, and the foot below it, are on one axis.
func TestColumnsAreOnOneAxis(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		for _, path := range []string{"/home", "/notifications", "/settings/profile", "/login", "/lists/1", "/profile-boosts"} {
			do(t, ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+path))
			until(t, ctx, `(() => { const middle = (el) => { const b = el.getBoundingClientRect(); return b.left + b.width / 2; };
				return document.querySelector('.foot ul') && Math.abs(middle(document.querySelector('main')) - middle(document.querySelector('.foot ul'))) < 1; })()`)
		}
	}
}

// Next and previous are where they were on the post before, so that a thumb or a pointer rests there.
func TestNextAndPreviousStay(t *testing.T) {
	ctx, at := browser(t)
	for _, size := range sizes {
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]))
		place := ""
		for _, path := range []string{"/post", "/post-ten", "/post-covered", "/post-three"} {
			do(t, ctx, chromedp.Navigate(at+path))
			until(t, ctx, `document.readyState === 'complete' && document.querySelectorAll('[data-way]').length === 2`)
			is, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll('[data-way]')].map((el) => el.getBoundingClientRect()).map((b) => [b.left, b.top].map(Math.round)).join(' ')`))
			if err != nil {
				t.Fatal(err)
			}
			if place == "" {
				place = is
			} else if is != place {
				t.Errorf("at %d they are at %s on %s, and at %s before", size[0], is, path, place)
			}
		}
	}
}
