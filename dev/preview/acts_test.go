package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// An act is shown first and sent then: on a slow phone, to begin a request takes longer than to show what was tapped.
func TestAnActIsShownBeforeItIsSent(t *testing.T) {
	ctx, at := browser(t)
	for _, act := range []struct{ path, do, shown, done string }{
		{"/home", `document.querySelector('[data-act=like] button').click()`, `document.querySelector('[data-act=like] button').getAttribute('aria-pressed') !== was`, `!document.querySelector('[data-busy]')`},
		{"/post", `document.querySelector('#f-text').value = 'Yes.'; document.querySelector('#comment').requestSubmit()`, `document.querySelector('#comment button').disabled`, `document.querySelectorAll('.comment').length === had + 1`},
		{"/profile", `document.querySelector('.follow form').requestSubmit()`, `document.querySelector('.follow button').firstChild.textContent.trim() === 'Follow'`, `document.querySelector('.counts').textContent.includes('0 followers')`},
	} {
		do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+act.path))
		until(t, ctx, `document.readyState === 'complete'`)
		run(t, ctx, `window.was = document.querySelector('[data-act=like] button')?.getAttribute('aria-pressed'); window.had = document.querySelectorAll('.comment').length; window.asked = 0; window.plain = window.fetch;
			window.fetch = (...a) => { asked += 1; return plain(...a); };
			`+act.do+`; window.first = asked === 0 && `+act.shown)
		until(t, ctx, `first && asked === 1 && `+act.done)
	}
}
