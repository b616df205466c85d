package media_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tintype/internal/media"
	"tintype/internal/phototest"
)

func camera() phototest.Options {
	return phototest.Options{
		Width: 80, Height: 60, GPS: true, Make: "NIKON CORPORATION", Model: "NIKON D3100", Lens: "18-55mm f/3.5-5.6",
		Exposure: [2]uint32{1, 200}, FNumber: [2]uint32{56, 10}, FocalLength: [2]uint32{55, 1}, ISO: 400,
		TakenAt: "2024:05:06 07:08:09", Offset: "+02:00",
		Title: "Fähre", Caption: "The ferry to <Amrum> & back", Keywords: []string{"sea", "ferry", "Sea", "évening"}, AltText: "A white ferry",
		Creator: "Ánna Þórs", Copyright: "© 2024 Ánna", Licence: "https://creativecommons.org/licenses/by/4.0/",
	}
}

func TestMeta(t *testing.T) {
	want := media.Meta{
		HasOffset: true, Camera: "NIKON D3100", Lens: "18-55mm f/3.5-5.6", FocalLength: "55 mm", Aperture: "f/5.6", Exposure: "1/200 s", ISO: 400,
		Title: "Fähre", Caption: "The ferry to <Amrum> & back", Keywords: []string{"sea", "ferry", "évening"}, AltText: "A white ferry",
		Creator: "Ánna Þórs", Copyright: "© 2024 Ánna", Licence: "https://creativecommons.org/licenses/by/4.0/",
	}
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.FixedZone("", 2*3600))
	for _, iptc := range []bool{false, true} {
		o := camera()
		o.IPTC = iptc
		m := process(t, phototest.JPEG(o), media.Focus{})
		m.check(t)
		if !m.Meta.TakenAt.Equal(at) || m.Meta.TakenAt.Format("15:04 -0700") != "07:08 +0200" {
			t.Errorf("taken at %v", m.Meta.TakenAt)
		}
		got := m.Meta
		got.TakenAt = time.Time{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("IPTC %v:\n got %+v\nwant %+v", iptc, got, want)
		}
		// A variant names its maker and says nothing else.
		for _, v := range m.Variants {
			kept := process(t, m.files[v.Name], media.Focus{}).Meta
			if !reflect.DeepEqual(kept, media.Meta{Creator: want.Creator, Copyright: want.Copyright, Licence: want.Licence}) {
				t.Errorf("%s keeps %+v", v.Name, kept)
			}
		}
	}
}

func TestMetaWithoutOffset(t *testing.T) {
	o := camera()
	o.Offset = ""
	m := process(t, phototest.JPEG(o), media.Focus{}).Meta
	if m.HasOffset || m.TakenAt.Format(time.DateTime) != "2024-05-06 07:08:09" {
		t.Errorf("%v, offset %v", m.TakenAt, m.HasOffset)
	}
}

func TestNoMetaNoPacket(t *testing.T) {
	m := process(t, phototest.JPEG(phototest.Options{Make: "Tin", TakenAt: "0000:00:00 00:00:00"}), media.Focus{})
	if bytes.Contains(m.files["640"], []byte("adobe")) || !m.Meta.TakenAt.IsZero() {
		t.Errorf("%+v", m.Meta)
	}
}

func TestMetaIsBounded(t *testing.T) {
	long := strings.Repeat("ä\x01 ", 9000)
	o := phototest.Options{Title: long[:30000], Creator: "a\u202eb\tc\xff", Make: strings.Repeat("x", 3000), IPTC: true}
	for i := range 90 {
		o.Keywords = append(o.Keywords, strings.Repeat("k", 1+i))
	}
	m := process(t, phototest.JPEG(o), media.Focus{})
	m.check(t)
	for name, s := range map[string]string{"title": m.Meta.Title, "creator": m.Meta.Creator, "camera": m.Meta.Camera} {
		if !utf8.ValidString(s) || utf8.RuneCountInString(s) > 200 || strings.ContainsAny(s, "\x01\t\u202e") || s != strings.TrimSpace(s) {
			t.Errorf("%s: %q", name, s)
		}
	}
	if n := len(m.Meta.Keywords); n == 0 || n > 50 {
		t.Errorf("%d keywords", n)
	}
}

func TestDamagedMeta(t *testing.T) {
	file := phototest.JPEG(camera())
	scan := bytes.Index(file, []byte{0xff, 0xda})
	for i := 30; i < min(scan, 1200); i += 3 {
		bad := bytes.Clone(file)
		bad[i] ^= 0xa5
		r, err := media.NewProcessor(media.Options{}).Process(t.Context(), bytes.NewReader(bad), media.Focus{}, discard)
		if err == nil && (r.Width != 80 && r.Width != 60) {
			t.Errorf("byte %d: %d×%d", i, r.Width, r.Height)
		}
	}
}
