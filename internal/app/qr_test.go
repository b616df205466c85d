package app

import (
	"image"
	"image/color"
	"regexp"
	"strconv"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

var (
	qrPicture = regexp.MustCompile(`<svg class="qr"[^>]*viewBox="0 0 (\d+) (\d+)"[^>]*><rect width="100%" height="100%" fill="#fff"></rect>\s*<path d="([^"]+)" fill="#000"></path></svg>`)
	qrRun     = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
)

// readQR is what a camera reads from the QR code of a page.
func readQR(t *testing.T, page string) string {
	t.Helper()
	m := qrPicture.FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the page has no QR code")
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const module = 4 // pixels
	size := number(m[1]) * module
	picture := image.NewGray(image.Rect(0, 0, size, size))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	drawn := 0
	for _, run := range qrRun.FindAllStringSubmatch(m[3], -1) {
		drawn += len(run[0])
		if run[3] != run[4] {
			t.Fatalf("%s is no square", run[0])
		}
		for y := range module {
			for x := range number(run[3]) * module {
				picture.SetGray(number(run[1])*module+x, number(run[2])*module+y, color.Gray{})
			}
		}
	}
	if drawn != len(m[3]) {
		t.Fatalf("what is drawn is more than runs of modules: %s", m[3])
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	read, err := qrcode.NewQRCodeReader().Decode(bits, nil)
	if err != nil { // this reader does not find each code in a picture: some secrets look like its corners
		read, err = qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	}
	if err != nil {
		t.Fatalf("the QR code is not read: %v", err)
	}
	return read.GetText()
}
