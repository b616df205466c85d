package phototest_test

import (
	"bytes"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"testing"

	_ "golang.org/x/image/webp"

	"tintype/internal/phototest"
)

func TestFilesDecode(t *testing.T) {
	for name, file := range map[string][]byte{
		"jpeg":          phototest.JPEG(phototest.Options{Detail: true, GPS: true, Title: "t", Profile: "adobe", Thumbnail: true}),
		"gray":          phototest.JPEG(phototest.Options{Gray: true}),
		"full":          phototest.JPEG(phototest.Options{Full: true, Width: 321, Height: 99}),
		"progressive":   phototest.JPEG(phototest.Options{Progressive: true, Width: 321, Height: 99}),
		"cmyk":          phototest.JPEG(phototest.Options{CMYK: true}),
		"ycck":          phototest.JPEG(phototest.Options{YCCK: true}),
		"rgb":           phototest.JPEG(phototest.Options{RGB: true}),
		"png":           phototest.PNG(phototest.Options{Alpha: true, GPS: true, Profile: "p3"}),
		"png of 16 bit": phototest.PNG(phototest.Options{Deep: true}),
		"gray png":      phototest.PNG(phototest.Options{Gray: true, Deep: true}),
		"gif":           phototest.GIF(phototest.Options{}, 3),
		"webp":          phototest.WebP(phototest.Options{Profile: "srgb", GPS: true}, 1),
	} {
		m, _, err := image.Decode(bytes.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := phototest.Upright(m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUprightTells(t *testing.T) {
	m := phototest.Picture(phototest.Options{})
	for o := 2; o <= 8; o++ {
		if phototest.Upright(phototest.Stored(m, o)) == nil {
			t.Errorf("orientation %d passes for upright", o)
		}
	}
}
