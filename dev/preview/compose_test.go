package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// recordSent keeps what the page's scripts send, and sends it.
const recordSent = `window.sent = []; window.plain = window.fetch; window.fetch = (url, o) => { sent.push(url + ' ' + decodeURIComponent(o?.body || '')); return plain(url, o); }`

// Files that are dropped on the form are photographs of the draft; a text that is dragged over it is not taken.
func TestComposeTakesDroppedFiles(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/compose"))
	until(t, ctx, `document.readyState === 'complete' && document.documentElement.classList.contains('js')`)
	run(t, ctx, `window.form = document.querySelector('[data-compose]');
		window.over = (data) => { const event = new DragEvent('dragover', { bubbles: true, cancelable: true, dataTransfer: data }); form.dispatchEvent(event); return event.defaultPrevented; };
		window.text = new DataTransfer(); text.setData('text/plain', 'a sentence');
		window.photos = new DataTransfer(); for (const name of ['one.jpg', 'two.jpg']) photos.items.add(new File(['x'], name, { type: 'image/jpeg' }));`)
	until(t, ctx, `!over(text) && !form.classList.contains('drop') && over(photos) && form.classList.contains('drop')`)
	run(t, ctx, `form.dispatchEvent(new DragEvent('dragleave', { bubbles: true, relatedTarget: document.body }))`)
	until(t, ctx, `!form.classList.contains('drop')`)
	run(t, ctx, `over(photos); window.dropped = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: photos }); form.dispatchEvent(dropped)`)
	until(t, ctx, `dropped.defaultPrevented && !form.classList.contains('drop')`)
	until(t, ctx, `[...document.querySelectorAll('.draft-photo')].map((r) => r.dataset.state + ' ' + r.querySelector('.file').textContent).join() === 'ready one.jpg,ready two.jpg'`)
	until(t, ctx, `!document.getElementById('publish').disabled && location.pathname === '/compose'`)
}

// What is removed while the site prepares it is removed there once the site has said which photograph it is: it has it all by then.
// Undone, it is not sent a second time.
func TestComposeRemovesWhatIsBeingPrepared(t *testing.T) {
	ctx, at := browser(t)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/compose"))
	until(t, ctx, `document.readyState === 'complete' && document.documentElement.classList.contains('js')`)
	// A request that has sent everything and waits for its answer.
	run(t, ctx, recordSent+`; window.asked = [];
		window.XMLHttpRequest = class {
			upload = {}; status = 200; responseURL = location.href;
			open() {} setRequestHeader() {}
			abort() { this.aborted = true; this.onabort(); }
			send() { asked.push(this); setTimeout(() => this.upload.onprogress({ lengthComputable: true, loaded: 7, total: 7 })); }
			answer(id) { this.responseText = JSON.stringify({ id, state: 'ready' }); this.onload(); }
		};
		const photos = new DataTransfer(); for (const name of ['one.jpg', 'two.jpg']) photos.items.add(new File(['x'], name, { type: 'image/jpeg' }));
		document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: photos }));
		window.rows = () => [...document.querySelectorAll('.draft-photo')];
		window.states = () => rows().map((r) => r.dataset.state).join()`)
	until(t, ctx, `asked.length === 2 && states() === 'preparing,preparing'`)
	run(t, ctx, `window.mine = rows(); for (const r of mine) r.querySelector('[data-remove]').click()`)
	until(t, ctx, `states() === 'removed,removed' && !asked.some((r) => r.aborted)`)
	run(t, ctx, `mine[1].querySelector('[data-again]').click()`)
	until(t, ctx, `states() === 'removed,preparing'`)
	run(t, ctx, `mine[0].remove(); asked[0].answer(71); asked[1].answer(72)`)
	until(t, ctx, `sent.some((s) => s.startsWith('/compose/photos/71/remove')) && !sent.some((s) => s.includes('/72/remove'))`)
	until(t, ctx, `states() === 'ready' && asked.length === 2 && rows()[0].querySelector('[name=photo]').value === '72'`)
}

// A tile that is dragged stands where it is dropped, says so to whoever hears the page, and the site is told the same order.
func TestComposeOrderByDrag(t *testing.T) {
	ctx, at := browser(t)
	hear(t, ctx)
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/compose"))
	until(t, ctx, `document.readyState === 'complete' && document.documentElement.classList.contains('js')`)
	run(t, ctx, recordSent+`; const photos = new DataTransfer(); for (const name of ['one.jpg', 'two.jpg', 'three.jpg']) photos.items.add(new File(['x'], name, { type: 'image/jpeg' }));
		document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: photos }))`)
	// The site is told an order once all have come.
	until(t, ctx, `sent.some((s) => s.startsWith('/compose/order ')) && [...document.querySelectorAll('.draft-photo')].map((r) => r.dataset.state).join() === 'ready,ready,ready'`)
	run(t, ctx, `window.rows = () => [...document.querySelectorAll('.draft-photo')];
		window.first = rows(); window.sent = []`)
	// drag carries the tile at one place to the side of that at another.
	drag := func(from, to int, behind bool) {
		t.Helper()
		at := func(place int, x string) [2]float64 {
			point, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(`(() => { const b = rows()[%d].querySelector('.thumb').getBoundingClientRect(); return [%s, b.top + b.height / 2]; })()`, place, x)))
			if err != nil {
				t.Fatal(err)
			}
			return [2]float64(point)
		}
		side := "b.left + 4"
		if behind {
			side = "b.right - 4"
		}
		start, end := at(from, "b.left + b.width / 2"), at(to, side)
		do(t, ctx, chromedp.DragAndDropXY(start[0], start[1], end[0], end[1]))
	}
	stand := func(order string) {
		until(t, ctx, `rows().map((r) => first.indexOf(r)).join() === '`+order+`' && sent.length === 1 && sent[0] === '/compose/order order=' + rows().map((r) => r.dataset.id).join()`)
		until(t, ctx, `rows().every((r, i) => r.querySelector('.order input').value === String(i + 1) && r.querySelector('.thumb').draggable && !r.classList.contains('dragging'))`)
		run(t, ctx, `sent = []`)
	}
	drag(2, 0, false)
	stand("2,0,1")
	until(t, ctx, `said.includes('Photograph 1 of 3')`)
	drag(0, 1, true)
	stand("0,2,1")
	// Something else that is dragged over a tile moves none.
	run(t, ctx, `first[1].dispatchEvent(new DragEvent('dragover', { bubbles: true, cancelable: true, dataTransfer: new DataTransfer(), clientX: 1 }))`)
	until(t, ctx, `rows().map((r) => first.indexOf(r)).join() === '0,2,1' && sent.length === 0`)
}

// What the camera takes joins the draft, and the next one after it: the control is empty again.
func TestComposeTakesFromTheCamera(t *testing.T) {
	ctx, at := browser(t)
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"first.jpg", "second.jpg"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+"/compose"))
	until(t, ctx, `document.readyState === 'complete' && document.documentElement.classList.contains('js')`)
	until(t, ctx, `(() => { const c = document.getElementById('f-camera'); return c.getAttribute('capture') === 'environment' && c.accept === 'image/*' && !c.name && c.labels[0].textContent.trim() === 'Take one'; })()`)
	for i, states := range []string{"ready first.jpg", "ready first.jpg,ready second.jpg"} {
		do(t, ctx, chromedp.SetUploadFiles("#f-camera", files[i:i+1]))
		until(t, ctx, `[...document.querySelectorAll('.draft-photo')].map((r) => r.dataset.state + ' ' + r.querySelector('.file').textContent).join() === '`+states+`' && document.getElementById('f-camera').value === ''`)
	}
}

// Where the device has a sheet of its own, sharing opens that, with the post's address. Whoever closes it meant to; where it
// fails the address is there to be copied.
func TestShareOpensTheSheet(t *testing.T) {
	ctx, at := browser(t)
	hear(t, ctx)
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+"/post"))
	until(t, ctx, `document.readyState === 'complete'`)
	run(t, ctx, `window.shared = []; window.refusal = null;
		Object.defineProperty(navigator, 'share', { value: async (what) => { shared.push(what); if (refusal) throw new DOMException('no', refusal); }, configurable: true });
		Object.defineProperty(navigator, 'clipboard', { value: { writeText: async () => { window.copied = true; } }, configurable: true });
		window.box = document.querySelector('[data-share]'); window.press = () => box.querySelector('summary').click()`)
	for _, refusal := range []string{"null", "'AbortError'"} {
		run(t, ctx, `shared = []; refusal = `+refusal+`; press()`)
		until(t, ctx, `shared.length === 1 && shared[0].url === 'http://localhost/@ada/115000' && shared[0].title === document.title && !box.open && !window.copied && !said.length`)
	}
	run(t, ctx, `refusal = 'NotAllowedError'; press()`)
	until(t, ctx, `shared.length === 2 && box.open && box.querySelector('input').getClientRects().length === 1 && !window.copied`)
}

// More photographs than a post holds are taken: they may become a post each, or some of them go. What the draft itself cannot hold
// is left out, and is said.
func TestComposeTakesMoreThanAPostHolds(t *testing.T) {
	ctx, at := browser(t)
	hear(t, ctx)
	do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(at+"/compose"))
	until(t, ctx, `document.readyState === 'complete' && document.documentElement.classList.contains('js')`)
	paste := func(n int) {
		run(t, ctx, fmt.Sprintf(`{ const photos = new DataTransfer(); for (let i = 0; i < %d; i++) photos.items.add(new File(['x'], 'n' + i + '.jpg', { type: 'image/jpeg' }));
			document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: photos })); }`, n))
	}
	all := `[...document.querySelectorAll('.draft-photo')].map((r) => r.dataset.state).join() === Array(%d).fill('ready').join()`
	full := `document.querySelector('#left-out').textContent === 'A post holds up to 10 photographs. Remove some, or post them one each.'`
	add := `document.querySelector('.compose-photos .add').getClientRects().length`
	paste(11)
	until(t, ctx, fmt.Sprintf(all, 11))
	until(t, ctx, full+` && `+add+` === 0`)
	run(t, ctx, `document.querySelector('.each [value="on"]').click()`)
	until(t, ctx, `document.querySelector('#left-out').textContent === '' && `+add+` === 1`)
	paste(3)
	until(t, ctx, fmt.Sprintf(all, 12))
	until(t, ctx, `said.includes("Up to 12 photographs can wait to be posted. The rest were left out.")`)
	until(t, ctx, add+` === 0`)
	run(t, ctx, `document.querySelector('.each [value=""]').click()`)
	until(t, ctx, full)
}
