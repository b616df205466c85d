package media

import (
	"bytes"
	"image/jpeg"
	"io"
	"testing"

	"tintype/internal/phototest"
)

// A CMYK photo goes through its profile: phototest's colours, taken for ink of the test's device, are what the profile
// says of that ink. One without a profile is reckoned by the plain formula.
func TestCMYKGoesThroughItsProfile(t *testing.T) {
	icc := tableKinds["cmyk-mft2-lab"].profile()
	seg := append([]byte("ICC_PROFILE\x00\x01\x01"), icc...)
	plain := phototest.JPEG(phototest.Options{Width: 64, Height: 64, CMYK: true, Quality: 98})
	if len(seg) > 65000 {
		t.Fatal("the profile does not fit one segment")
	}
	file := append(append([]byte{0xff, 0xd8, 0xff, 0xe2, byte((len(seg) + 2) >> 8), byte(len(seg) + 2)}, seg...), plain[2:]...)
	var got []byte
	_, err := NewProcessor(Options{}).Process(t.Context(), bytes.NewReader(file), Focus{}, func(v Variant, r io.Reader) (err error) {
		if v.Name == "64" {
			got, err = io.ReadAll(r)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	p, err := parseProfile(icc)
	if err != nil {
		t.Fatal(err)
	}
	// The upper left corner is (200, 40, 40): by the plain formula no cyan, 80 % magenta and yellow, 22 % black.
	wr, wg, wb := newCube(p.table).convert([4]uint8{0, 204, 204, 55})
	r, g, b, _ := m.At(6, 6).RGBA()
	for i, d := range [3]int{int(r>>8) - int(wr), int(g>>8) - int(wg), int(b>>8) - int(wb)} {
		if d < -8 || d > 8 {
			t.Errorf("channel %d: %d %d %d, want %d %d %d", i, r>>8, g>>8, b>>8, wr, wg, wb)
			break
		}
	}
	if r>>8 == 200 {
		t.Error("the profile was not looked at")
	}
}
