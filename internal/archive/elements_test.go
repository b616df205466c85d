package archive

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A small archive does not become a large thing in memory: neither by lists of next to nothing, nor by an object of many members.
func TestDataOfManyElements(t *testing.T) {
	const many = 2_000_000
	var members strings.Builder
	for n := range many / 10 {
		fmt.Fprintf(&members, `"%d":0,`, n)
	}
	for _, tt := range []struct {
		name, file, text string
		want             error
	}{
		{"posts", PostsFile, "[" + strings.Repeat("{},", many) + "{}]", ErrTooMuch},
		{"posts that are none", PostsFile, "[" + strings.Repeat("0,", many) + "0]", ErrTooMuch},
		{"photographs of a post", PostsFile, `[{"photos":[` + strings.Repeat(" {} ,\n", many) + `{}]}]`, ErrTooMuch},
		{"attachments", "posts/your_posts_1.json", `[{"attachments":[` + strings.Repeat(`{"data":[]},`, many/2) + `{}]}]`, ErrTooMuch},
		{"what is known of a photograph", PostsFile, `[{"photos":[{"file":"a.jpg","metadata":{` + members.String() + `"x":0}}]}]`, nil},
		{"commas in a caption", PostsFile, `[{"caption":"` + strings.Repeat(`[\",`, many/10) + `","photos":[{"file":"a.jpg"}]}]`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := zipOf(t, file{name: tt.file, text: tt.text}, file{name: "a.jpg", text: "x"})
			z, err := OpenZip(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			found, err := Read([]*zip.Reader{z}, 1<<20)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tt.want) || err == nil && len(found.Items) != 1 {
				t.Errorf("%v", err)
			}
			// Reading a file into memory takes about six times its length.
			if used := after.TotalAlloc - before.TotalAlloc; used > 12*uint64(len(tt.text))+4<<20 {
				t.Errorf("%d bytes of data took %d bytes of memory", len(tt.text), used)
			}
		})
	}
}

func TestElements(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{"", 0}, {`"[,"`, 0}, {"[1,2,3]", 3}, {` [ [ ] , [ 1 , "a,b" ] ] `, 4}, {`{"a":1,"b":[{"c":1,"d":2},{"e":[null]}]}`, 3}, {`["\"","\\",",\\\","]`, 3},
		{"]],}}[1", 1}, {`["a`, 1}, {`["a\`, 1}, {strings.Repeat("[", maxDepth+5), maxDepth},
	} {
		for most, many := range map[int]bool{tt.want: false, tt.want - 1: true} {
			if got := manyElements([]byte(tt.text), most); got != many {
				t.Errorf("%.40s has more than %d elements: %t", tt.text, most, got)
			}
		}
	}
}

// As many albums as no member has are not kept, and neither are those without a name.
func TestManyAlbums(t *testing.T) {
	list := make([]Album, 20_000)
	for n := range list {
		list[n] = Album{Title: fmt.Sprint(n), Cover: "a.jpg", Photos: []string{"a.jpg"}}
		if n%2 == 0 {
			list[n].Title = ""
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	f := read(t, zipOf(t, file{name: PostsFile, text: `[{"photos":[{"file":"a.jpg"}]}]`}, file{name: AlbumsFile, text: string(text)}, file{name: "a.jpg", text: "x"}))
	if len(f.Items) != 1 {
		t.Fatalf("%d items", len(f.Items))
	}
	ph := f.Items[0].Photos[0]
	if len(f.Albums) != maxAlbums || len(ph.Albums) != maxAlbums || len(ph.CoverOf) != maxAlbums || ph.Albums[0] != "1" {
		t.Errorf("%d albums, the photograph is in %d, and stands for %d", len(f.Albums), len(ph.Albums), len(ph.CoverOf))
	}
}
