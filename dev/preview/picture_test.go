package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAChosenPictureIsShown: a picture is seen before it is sent, where the one that it replaces stands, or below its field. A file that
// the browser cannot read, or none, leaves what was there.
func TestAChosenPictureIsShown(t *testing.T) {
	ctx, at := browser(t)
	for _, page := range []struct{ path, field, image string }{
		{"/settings/profile", "avatar", ".picture:has([name=avatar]) img"},
		{"/settings/profile", "header", ".picture:has([name=header]) img"},
		{"/admin/site", "picture", "[name=picture] + img"},
		{"/admin/first-steps", "picture", "[name=picture] + img"},
	} {
		do(t, ctx, chromedp.Navigate(at+page.path))
		run(t, ctx, `
			window.field = document.querySelector('[name=`+page.field+`]');
			window.image = document.querySelector('`+page.image+`');
			window.before = [image.getAttribute('src'), image.hidden].join();
			window.unsaved = () => !field.closest('.field').querySelector('[data-unsaved]').hidden;
			window.choose = (...files) => {
				const chosen = new DataTransfer();
				for (const f of files) chosen.items.add(f);
				field.files = chosen.files;
				field.dispatchEvent(new Event('change', { bubbles: true }));
			};
			window.wide = async (width) => {
				const canvas = new OffscreenCanvas(width, 20);
				canvas.getContext('2d').fillRect(0, 0, width, 20);
				return new File([await canvas.convertToBlob()], 'a.png', { type: 'image/png' });
			};
			(async () => choose(await wide(30)))()`)
		until(t, ctx, `image.naturalWidth === 30 && image.src.startsWith('blob:') && !image.hidden && image.checkVisibility() && unsaved()`)
		run(t, ctx, `(async () => { const [a, b] = [await wide(40), await wide(50)]; choose(a); choose(b); })()`)
		until(t, ctx, `image.naturalWidth === 50 && unsaved()`)
		run(t, ctx, `choose(new File(['no photograph'], 'a.jpg', { type: 'image/jpeg' }))`)
		until(t, ctx, `!unsaved() && (image.hidden || [image.getAttribute('src'), image.hidden].join() === before)`)
		run(t, ctx, `(async () => choose(await wide(60)))()`)
		until(t, ctx, `image.naturalWidth === 60 && unsaved()`)
		run(t, ctx, `choose()`)
		until(t, ctx, `!unsaved() && (image.hidden || [image.getAttribute('src'), image.hidden].join() === before)`)
	}
}
