package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tintype/static"
)

// box is one of an ISO base media file.
func box(kind string, body ...[]byte) []byte {
	content := bytes.Join(body, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(content))), kind...), content...)
}

// heic is a file with one item, EXIF as phones write it: turned by 90 degrees, taken on 2 May 2024.
func heic() (file, tiff []byte) {
	const date = "2024:05:02 10:11:12\x00"
	le := binary.LittleEndian
	tiff = []byte("II*\x00\x08\x00\x00\x00")
	entry := func(tag, kind uint16, n, v uint32) {
		tiff = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(tiff, tag), kind), n), v)
	}
	tiff = le.AppendUint16(tiff, 2)
	entry(0x0112, 3, 1, 6)
	entry(0x0132, 2, uint32(len(date)), uint32(len(tiff)+12+4))
	tiff = append(le.AppendUint32(tiff, 0), date...)
	item := append([]byte{0, 0, 0, 6}, append([]byte("Exif\x00\x00"), tiff...)...)

	infe := box("infe", []byte{2, 0, 0, 0, 0, 7, 0, 0}, []byte("Exif\x00"))
	iinf := box("iinf", []byte{0, 0, 0, 0, 0, 1}, infe)
	iloc := func(at uint32) []byte {
		b := []byte{0, 0, 0, 0, 0x44, 0, 0, 1, 0, 7, 0, 0, 0, 1} // one item, number 7, of one piece
		return box("iloc", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, at), uint32(len(item))))
	}
	whole := func(at uint32) []byte {
		return append(box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), box("meta", []byte{0, 0, 0, 0}, iinf, iloc(at))...)
	}
	head := whole(0)
	return append(whole(uint32(len(head)+8)), box("mdat", item)...), tiff
}

// A browser that decodes HEIC makes a JPEG of full size with the file's EXIF, which says that it stands upright: so it was
// decoded. Chromium has no such decoder, so that the test stands in for it.
func TestHEICBecomesAJPEG(t *testing.T) {
	ctx, at := browser(t)
	assets, err := static.New("")
	if err != nil {
		t.Fatal(err)
	}
	file, tiff := heic()
	do(t, ctx, chromedp.Navigate(at+"/compose"))
	run(t, ctx, `(async () => {
		const { toJPEG } = await import('`+assets.Path("heic.js")+`');
		const bytes = Uint8Array.from(atob('`+base64.StdEncoding.EncodeToString(file)+`'), (c) => c.charCodeAt(0));
		const decode = async () => {
			const c = Object.assign(document.createElement('canvas'), { width: 300, height: 200 });
			c.getContext('2d').fillRect(0, 0, 150, 200);
			return c;
		};
		const made = await toJPEG(new File([bytes], 'IMG_1.HEIC', { lastModified: 7 }), decode);
		const img = new Image();
		img.src = URL.createObjectURL(made);
		await img.decode();
		window.made = [made.name, made.type, made.lastModified, img.naturalWidth, img.naturalHeight,
			btoa(String.fromCharCode(...new Uint8Array(await made.arrayBuffer())))].join(' ');
		// What cannot be decoded is left to the sentence about HEIC.
		window.none = await toJPEG(new File([bytes], 'IMG_1.HEIC')) === null;
	})().catch((e) => { window.made = String(e); })`)
	until(t, ctx, `window.made !== undefined && window.none === true`)
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`window.made`))
	if err != nil {
		t.Fatal(err)
	}
	facts, encoded, _ := strings.Cut(text, "300 200 ")
	if facts != "IMG_1.jpg image/jpeg 7 " {
		t.Fatalf("%.300s", text)
	}
	made, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(made)); err != nil || c.Width != 300 || c.Height != 200 {
		t.Errorf("%+v, %v", c, err)
	}
	upright := bytes.Replace(tiff, []byte{0x12, 0x01, 3, 0, 1, 0, 0, 0, 6}, []byte{0x12, 0x01, 3, 0, 1, 0, 0, 0, 1}, 1)
	if !bytes.HasPrefix(made[2:], append([]byte{0xff, 0xe1, 0, byte(len(tiff) + 8)}, append([]byte("Exif\x00\x00"), upright...)...)) {
		t.Errorf("the file begins with % x", made[:min(len(made), 100)])
	}
}

// A HEIC that is chosen for the profile becomes a JPEG as well, in a browser that can. In another it is sent as it is.
func TestAPictureBecomesAJPEG(t *testing.T) {
	ctx, at := browser(t)
	file, _ := heic()
	do(t, ctx, chromedp.Navigate(at+"/settings/profile"))
	run(t, ctx, `(() => {
		const input = document.querySelector('#f-avatar');
		const bytes = Uint8Array.from(atob('`+base64.StdEncoding.EncodeToString(file)+`'), (c) => c.charCodeAt(0));
		window.choose = () => {
			const chosen = new DataTransfer();
			chosen.items.add(new File([bytes], 'IMG_1.HEIC'));
			input.files = chosen.files;
			input.dispatchEvent(new Event('change'));
		};
		window.chosen = () => input.files[0].name + (input.form.querySelector('button').disabled ? ' …' : '');
	})()`)
	run(t, ctx, `window.choose()`)
	until(t, ctx, `window.chosen() === 'IMG_1.HEIC'`)
	run(t, ctx, `window.Image = function () { // of a browser with a decoder
		return Object.assign(document.createElement('canvas'), { width: 30, height: 20, decode: async () => {} });
	}; window.choose()`)
	until(t, ctx, `window.chosen() === 'IMG_1.jpg'`)
}
