package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// What is pinned stands in the list below as well: leafing knows each post once, and each tile has an id of its own.
func TestAPinnedPostIsLeafedThroughOnce(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.Navigate(at+"/profile-pinned"))
	until(t, ctx, `document.readyState === 'complete' && document.querySelectorAll('.pinned [data-post]').length === 4`)
	run(t, ctx, `sessionStorage.setItem('from', '[]'); dispatchEvent(new Event('pagehide'))`)
	until(t, ctx, `(() => {
		const from = JSON.parse(sessionStorage.getItem('from'));
		const list = [...document.querySelectorAll('#items [data-post]')].map((el) => el.dataset.post);
		return from.length >= 17 && from.join() === list.join() && new Set(from).size === from.length;
	})()`)
	until(t, ctx, `(() => {
		const ids = [...document.querySelectorAll('[id]')].map((el) => el.id);
		return new Set(ids).size === ids.length && document.querySelector('.pinned [data-show]').dataset.show === document.querySelector('.pinned [data-show]').closest('.tile').id;
	})()`)
}
