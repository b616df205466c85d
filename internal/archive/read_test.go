package archive

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// file is a file of an archive that a test makes.
type file struct {
	name, text string
	at         time.Time
}

var noon = time.Date(2019, 7, 14, 12, 0, 0, 0, time.UTC)

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		if f.at.IsZero() {
			f.at = noon
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: f.at})
		if err == nil {
			_, err = io.WriteString(w, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t testing.TB, archives ...[]byte) *Found {
	t.Helper()
	var zips []*zip.Reader
	for _, b := range archives {
		z, err := OpenZip(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		zips = append(zips, z)
	}
	f, err := Read(zips, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// line says what an item is, for comparison.
func line(it Item) string {
	var names []string
	for _, p := range it.Photos {
		n := p.Name
		if p.Description != "" {
			n += "(" + p.Description + ")"
		}
		if len(p.Albums) > 0 {
			n += "[" + strings.Join(p.Albums, ",") + "]"
		}
		if p.FocusX != 0 || p.FocusY != 0 {
			n += fmt.Sprintf("@%g,%g", p.FocusX, p.FocusY)
		}
		names = append(names, n)
	}
	s := it.Taken.UTC().Format("2006-01-02T15:04") + " " + strings.Join(names, "+") + " " + fmt.Sprintf("%q", it.Caption)
	if len(it.Tags) > 0 {
		s += " tags " + strings.Join(it.Tags, ",")
	}
	if len(it.Albums) > 0 {
		s += " in " + strings.Join(it.Albums, ",")
	}
	if it.Closed {
		s += " closed"
	}
	if it.Sensitive != nil && *it.Sensitive {
		s += " sensitive"
	}
	if it.ShowExif != nil && *it.ShowExif {
		s += " exif"
	}
	for _, more := range []string{it.Licence, it.CommentsFrom, it.Language} {
		if more != "" {
			s += " " + more
		}
	}
	return s
}

func TestRead(t *testing.T) {
	taken := func(at string) string {
		return `{"title":"x","description":"","photoTakenTime":{"timestamp":"` + at + `"}}`
	}
	long := "a-name-that-is-so-long-that-googles-data-is-cut-somewhere"
	for _, tt := range []struct {
		name     string
		archives [][]file
		source   string
		items    []string
		left     map[string]int
	}{
		{"plain", [][]file{{
			{name: "Summer/b.JPG", text: "b"}, {name: "Summer/a.png", text: "a", at: noon.AddDate(-1, 0, 0)}, {name: "c.webp", text: "c"}, {name: "clip.MOV"}, {name: "x.heic"},
			{name: "notes.txt"}, {name: "__MACOSX/Summer/._b.JPG"}, {name: ".DS_Store"}, {name: "raw.CR2"}, {name: `..\..\etc\d.jpg`, text: "d"}, {name: "large.jpg", text: strings.Repeat("x", 1<<20+1)},
		}}, Plain, []string{
			`2018-07-14T12:00 a.png "" in Summer`, `2019-07-14T12:00 b.JPG "" in Summer`, `2019-07-14T12:00 c.webp ""`, `2019-07-14T12:00 d.jpg "" in etc`,
		}, map[string]int{LeftVideo: 1, LeftHEIC: 1, LeftOther: 1, LeftLarge: 1}},
		{"Google Takeout, new names", [][]file{{
			{name: "Takeout/Google Photos/Photos from 2019/IMG.jpg"}, {name: "Takeout/Google Photos/Photos from 2019/IMG.jpg.supplemental-metadata.json", text: `{"title":"IMG.jpg","description":"A ferry","photoTakenTime":{"timestamp":"1546344000"}}`},
			{name: "Takeout/Google Photos/Photos from 2019/IMG(1).jpg"}, {name: "Takeout/Google Photos/Photos from 2019/IMG.jpg.supplemental-metadata(1).json", text: taken("1577880000")},
			{name: "Takeout/Google Photos/Photos from 2019/IMG-edited.jpg"},
			{name: "Takeout/Google Photos/Photos from 2019/a photo with a longer name.jpg"}, {name: "Takeout/Google Photos/Photos from 2019/a photo with a longer name.jpg.supplemental-me.json", text: taken("1262347200")},
			{name: "Takeout/Google Photos/Photos from 2019/" + long + ".jpg"}, {name: "Takeout/Google Photos/Photos from 2019/" + long[:46] + ".json", text: taken("1293883200")},
			{name: "Takeout/Google Photos/Photos from 2019/gone.jpg"}, {name: "Takeout/Google Photos/Photos from 2019/gone.jpg.supplemental-metadata.json", text: `{"trashed":true,"photoTakenTime":{"timestamp":"1546344000"}}`},
			{name: "Takeout/Google Photos/Photos from 2019/IMG.MP4"},
			{name: "Takeout/Google Photos/Island/Metadaten.json", text: `{"title":"Ísland 2020"}`}, {name: "Takeout/Google Photos/Island/geyser.jpg"}, {name: "Takeout/Google Photos/Island/geyser.jpg.json", text: taken("1593604800")},
			{name: "Takeout/Google Photos/user-generated-memory-titles.json", text: `{"title":["x"]}`}, {name: "Takeout/archive_browser.html"},
		}}, Google, []string{
			`2010-01-01T12:00 a photo with a longer name.jpg ""`, `2011-01-01T12:00 ` + long + `.jpg ""`, `2019-01-01T12:00 IMG.jpg "A ferry"`, `2019-01-01T12:00 IMG-edited.jpg "A ferry"`,
			`2020-01-01T12:00 IMG(1).jpg ""`, `2020-07-01T12:00 geyser.jpg "" in Ísland 2020`,
		}, map[string]int{LeftTrashed: 1, LeftVideo: 1}},
		{"Flickr in two files", [][]file{{
			{name: "photo_30000001.json", text: `{"id":"30000001","name":"Pier","description":"At low tide","date_taken":"2008-05-03 07:30:00","privacy":"public","license":"Attribution-NonCommercial-ShareAlike License","safety":"safe","tags":[{"tag":"Low Tide"},{"tag":"pier"}]}`},
			{name: "photo_30000002.json", text: `{"id":"30000002","name":"","description":"","date_taken":"0000-00-00 00:00:00","date_imported":"2009-01-02 03:04:05","privacy":"friend & family","license":"All Rights Reserved","safety":"moderate"}`},
			{name: "photo_30000003.json", text: `{"id":"30000003"}`},
			{name: "albums.json", text: `{"albums":[{"title":"Coast","photos":["30000001","30000002","0"]}]}`},
		}, {{name: "pier_30000001_o.jpg"}, {name: "30000002.png"}, {name: "stray_30000009_o.jpg"}}}, Flickr, []string{
			`2008-05-03T07:30 pier_30000001_o.jpg "Pier\n\nAt low tide" tags Low Tide,pier in Coast cc-by-nc-sa-4.0`, `2009-01-02T03:04 30000002.png "" in Coast closed sensitive unknown`,
		}, map[string]int{LeftMissing: 1, LeftUnposted: 1}},
		{"Instagram", [][]file{{
			{name: "your_instagram_activity/media/posts_1.json", text: `[{"media":[{"uri":"media/posts/201907/1.jpg","creation_timestamp":1563105600,"title":"Caf\u00c3\u00a9 \u00f0\u009f\u008c\u008a"}]},
				{"media":[{"uri":"media/posts/201908/2.jpg","creation_timestamp":1},{"uri":"media/posts/201908/3.mp4"},{"uri":"media/posts/201908/missing.jpg"}],"title":"Two","creation_timestamp":1566000000}]`},
			{name: "media/posts/201907/1.jpg"}, {name: "media/posts/201908/2.jpg"}, {name: "media/posts/201908/3.mp4"}, {name: "media/stories/4.jpg"}, {name: "your_instagram_activity/messages/inbox/ben/photos/5.jpg"},
			{name: "your_instagram_activity/media/stories.json", text: `{"ig_stories":[]}`},
		}}, Instagram, []string{`2019-07-14T12:00 1.jpg "Café 🌊"`, `2019-08-17T00:00 2.jpg "Two"`}, map[string]int{LeftVideo: 1, LeftMissing: 1, LeftUnposted: 2}},
		{"Instagram until 2020", [][]file{{
			{name: "media.json", text: `{"photos":[{"caption":"Old","taken_at":"2014-02-03T04:05:06","path":"photos/201402/a.jpg"}],"stories":[]}`}, {name: "photos/201402/a.jpg"},
		}}, Instagram, []string{`2014-02-03T04:05 a.jpg "Old"`}, map[string]int{}},
		{"Facebook", [][]file{{
			{name: "facebook-ada/your_facebook_activity/posts/your_posts__check_ins__photos_and_videos_1.json", text: `[{"timestamp":1420113600,"data":[{"post":"Caf\u00c3\u00a9"},{"update_timestamp":1}],"attachments":[{"data":[{"media":{"uri":"your_facebook_activity/posts/media/a.jpg","description":"x"}},{"external_context":{"url":"https://example.org"}}]}]},{"timestamp":5,"data":[{"post":"words only"}]}]`},
			{name: "facebook-ada/your_facebook_activity/posts/album/0.json", text: `{"name":"Fa\u00c3\u00a7ades","photos":[{"uri":"your_facebook_activity/posts/media/a.jpg","creation_timestamp":2},{"uri":"your_facebook_activity/posts/media/b.jpg","creation_timestamp":1451649600,"description":"B"}]}`},
			{name: "facebook-ada/your_facebook_activity/posts/media/a.jpg"}, {name: "facebook-ada/your_facebook_activity/posts/media/b.jpg"}, {name: "facebook-ada/your_facebook_activity/messages/photos/private.jpg"},
		}}, Facebook, []string{`2015-01-01T12:00 a.jpg "Café" in Façades`, `2016-01-01T12:00 b.jpg "B" in Façades`}, map[string]int{LeftUnposted: 1}},
		{"an export of our own", [][]file{{
			{name: PostsFile, text: `[{"created_at":"2021-05-06T07:08:09Z","visibility":"followers","caption":"Hi #x","sensitive":true,"show_exif":true,"licence":"cc-by-4.0","comments_from":"nobody","language":"fr",
				"photos":[{"file":"photos/1.jpg","name":"IMG_1.jpg","description":"A bridge","focus_x":0.5,"focus_y":-0.25},{"file":"photos/2.jpg"}]}]`},
			{name: AlbumsFile, text: `[{"title":"Bridges","visibility":"invited","photos":["photos/1.jpg","photos/9.jpg"]},{"title":"Rivers","photos":["photos/1.jpg"]}]`}, {name: "small/1.jpg"},
		}, {{name: "photos/1.jpg"}, {name: "photos/2.jpg"}, {name: "photos/avatar.jpg"}}}, Own,
			[]string{`2021-05-06T07:08 IMG_1.jpg(A bridge)[Bridges,Rivers]@0.5,-0.25+2.jpg "Hi #x" closed sensitive exif cc-by-4.0 nobody fr`}, map[string]int{LeftUnposted: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var archives [][]byte
			for _, files := range tt.archives {
				archives = append(archives, zipOf(t, files...))
			}
			f := read(t, archives...)
			if f.Source != tt.source {
				t.Errorf("it is taken for %s", f.Source)
			}
			var got []string
			for _, it := range f.Items {
				got = append(got, line(it))
			}
			if !slices.Equal(got, tt.items) {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.items, "\n"))
			}
			for _, why := range []string{LeftVideo, LeftHEIC, LeftOther, LeftUnposted, LeftTrashed, LeftLarge, LeftMissing} {
				if f.Counts[why] != tt.left[why] {
					t.Errorf("%d are left out as %s, want %d: %v", f.Counts[why], why, tt.left[why], f.Left)
				}
			}
			if again := read(t, archives...); len(again.Items) != len(f.Items) {
				t.Error("a second look finds something else")
			}
		})
	}
}

func TestLicences(t *testing.T) {
	for words, want := range map[string]string{
		"": "", "All Rights Reserved": UnknownLicence, "Attribution License": "cc-by-4.0", "Attribution-NonCommercial-NoDerivs License": "cc-by-nc-nd-4.0",
		"CC BY-SA 4.0": "cc-by-sa-4.0", "CC BY-NC-ND 4.0": "cc-by-nc-nd-4.0", "Public Domain Dedication (CC0)": "cc0-1.0", "United States Government Work": UnknownLicence,
	} {
		if got := licenceOf(words); got != want {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
	}
}

func TestManyPhotographsOfAPostBecomeSeveral(t *testing.T) {
	var files []file
	var media []string
	for i := range 23 {
		name := fmt.Sprintf("media/posts/%02d.jpg", i)
		files = append(files, file{name: name})
		media = append(media, fmt.Sprintf(`{"uri":%q,"creation_timestamp":1563105600}`, name))
	}
	files = append(files, file{name: "content/posts_1.json", text: `[{"title":"Many","media":[` + strings.Join(media, ",") + `]}]`})
	f := read(t, zipOf(t, files...))
	if len(f.Items) != 3 || len(f.Items[0].Photos) != 10 || len(f.Items[2].Photos) != 3 || f.Items[0].Caption != "Many" || f.Items[1].Caption != "" {
		t.Errorf("%+v", f.Items)
	}
}

// What claims more than it is, or more than is read, is refused before it costs anything.
func TestBombs(t *testing.T) {
	good := zipOf(t, file{name: "a.jpg", text: "x"})
	many := bytes.Clone(good)
	at := bytes.LastIndex(many, []byte("PK\x05\x06"))
	binary.LittleEndian.PutUint32(many[at+12:], 1<<30)
	for name, b := range map[string][]byte{"a list of a gigabyte": many, "no zip": []byte("GIF89a"), "nothing": nil, "half": good[:len(good)/2], "the end": good[:len(good)-1]} {
		if _, err := OpenZip(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrNoZip) && !errors.Is(err, ErrTooMuch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bomb := zipOf(t, file{name: "Takeout/x.json", text: strings.Repeat(" ", maxJSON+1)})
	z, err := OpenZip(bytes.NewReader(bomb), int64(len(bomb)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read([]*zip.Reader{z}, 1<<20); !errors.Is(err, ErrTooMuch) {
		t.Errorf("data of %d bytes in an archive of %d: %v", maxJSON+1, len(bomb), err)
	}
	// A size that is not true does not help.
	lie := zipOf(t, file{name: "x.jpg", text: strings.Repeat("x", 4<<20)})
	z, err = OpenZip(bytes.NewReader(lie), int64(len(lie)))
	if err != nil {
		t.Fatal(err)
	}
	z.File[0].UncompressedSize64 = 10
	r, err := OpenFile(z.File[0], 1<<20)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if err == nil {
		t.Error("four megabytes came out of a file that may have one")
	}
	// Photographs that are nothing but zeros, and files that share their bytes.
	z, err = OpenZip(bytes.NewReader(zeros(t)), int64(len(zeros(t))))
	if err != nil {
		t.Fatal(err)
	}
	if f, err := Read([]*zip.Reader{z}, 1<<30); err != nil || len(f.Items) != 1 || f.Counts[LeftOther] != 2 {
		t.Errorf("zeros: %+v, %v", f, err)
	}
	shared := zipOf(t, file{name: "a.jpg", text: strings.Repeat("noise", 100)}, file{name: "b.jpg"})
	directory := shared[bytes.Index(shared, []byte("PK\x01\x02")):]
	binary.LittleEndian.PutUint32(directory[20:], uint32(len(shared)+1))
	if _, err := OpenZip(bytes.NewReader(shared), int64(len(shared))); !errors.Is(err, ErrTooMuch) {
		t.Errorf("more than the archive has: %v", err)
	}
}

// zeros has two files of eight megabytes that hold nothing, and a photograph.
func zeros(t *testing.T) []byte {
	nothing := strings.Repeat("\x00", 8<<20)
	return zipOf(t, file{name: "a.jpg", text: nothing}, file{name: "b.jpg", text: nothing}, file{name: "c.jpg", text: "x"})
}

// Files behind a password are named as such, whether they are photographs or data.
func TestLocked(t *testing.T) {
	lock := func(b []byte, name string) []byte {
		for _, head := range []struct {
			mark        string
			flags, name int
		}{{"PK\x03\x04", 6, 30}, {"PK\x01\x02", 8, 46}} {
			for at := 0; ; at++ {
				next := bytes.Index(b[at:], []byte(head.mark))
				if next < 0 {
					break
				}
				if at += next; bytes.HasPrefix(b[at+head.name:], []byte(name)) {
					b[at+head.flags] |= 1
				}
			}
		}
		return b
	}
	if f := read(t, lock(zipOf(t, file{name: "a.jpg", text: "x"}, file{name: "b.jpg", text: "y"}), "a.jpg")); len(f.Items) != 1 || f.Items[0].Photos[0].Name != "b.jpg" || f.Counts[LeftLocked] != 1 {
		t.Errorf("%+v", f)
	}
	if f := read(t, lock(zipOf(t, file{name: "content/posts_1.json", text: "[]"}, file{name: "media/a.jpg", text: "y"}), "content/")); f.Source != Instagram || len(f.Items) != 0 || f.Counts[LeftLocked] != 1 {
		t.Errorf("%+v", f)
	}
}

// Windows writes names in its code page, and one name may be there twice. A list of more than 65,535 files is written otherwise.
func TestNamesAndNumbers(t *testing.T) {
	f := read(t, zipOf(t, file{name: "M\x81nchen/Stra\xe1e.jpg"}, file{name: "Z\x81rich/a.jpg", text: "1"}, file{name: "Z\x81rich/a.jpg", text: "2"}))
	if len(f.Items) != 3 || !slices.Equal(f.Items[0].Albums, []string{"München"}) || f.Items[0].Photos[0].Name != "Straße.jpg" || f.Items[1].Photos[0].Ref == f.Items[2].Photos[0].Ref {
		t.Errorf("%+v", f)
	}
	files := make([]file, 70_000)
	for n := range files {
		files[n].name = fmt.Sprintf("%d.txt", n)
	}
	files[69_999].name = "last.jpg"
	if f := read(t, zipOf(t, files...)); len(f.Items) != 1 || f.Items[0].Photos[0].Name != "last.jpg" {
		t.Errorf("%d items", len(f.Items))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(zipOf(f, file{name: "Takeout/a.jpg"}, file{name: "Takeout/a.jpg.supple.json", text: `{"photoTakenTime":{"timestamp":"-1"}}`}))
	f.Add(zipOf(f, file{name: "media/posts_1.json", text: `[{"media":[{"uri":"../a.jpg"}]}]`}, file{name: "a.jpg"}))
	f.Add(zipOf(f, file{name: "posts/album/0.json", text: `{"name":"x","photos":[{"uri":"a.jpg"}]}`}, file{name: "a.jpg"}))
	f.Add(zipOf(f, file{name: "photo_12345.json", text: `{"id":"12345"}`}, file{name: "x_12345_o.jpg"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		z, err := OpenZip(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		found, err := Read([]*zip.Reader{z}, 1<<20)
		if err != nil {
			return
		}
		for _, it := range found.Items {
			if len(it.Photos) == 0 || len(it.Photos) > MaxItemPhotos {
				t.Errorf("an item with %d photographs", len(it.Photos))
			}
			for _, p := range it.Photos {
				if p.File < 0 || p.File >= len(z.File) || p.Size > 1<<20 {
					t.Errorf("%+v", p)
				}
			}
		}
	})
}
