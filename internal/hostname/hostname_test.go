package hostname

import (
	"net/url"
	"testing"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ host, scheme, want string }{
		{"photos.example", "https", "photos.example"},
		{"Photos.EXAMPLE", "https", "photos.example"},
		{"photos.example.", "https", "photos.example"},
		{"photos.example:443", "https", "photos.example"},
		{"photos.example.:443", "https", "photos.example"},
		{"photos.example:80", "http", "photos.example"},
		{"photos.example:80", "https", "photos.example:80"},
		{"photos.example:443", "", "photos.example:443"},
		{"photos.example:8443", "https", "photos.example:8443"},
		{"bücher.example", "https", "xn--bcher-kva.example"},
		{"BÜCHER.example", "https", "xn--bcher-kva.example"},
		{"bu\u0308cher.example.", "https", "xn--bcher-kva.example"},
		{"xn--bcher-kva.example", "https", "xn--bcher-kva.example"},
		{"XN--BCHER-KVA.example", "https", "xn--bcher-kva.example"},
		{"bücher。example", "https", "xn--bcher-kva.example"},
		{"localhost:8080", "http", "localhost:8080"},
		{"127.0.0.1:8080", "http", "127.0.0.1:8080"},
		{"[::1]:8080", "http", "[::1]:8080"},
		{"[0:0::1]", "http", "[::1]"},
		{"my_host:8080", "http", "my_host:8080"},
		{"", "https", ""},
		{".", "https", ""},
		{".example", "https", ""},
		{"a..b", "https", ""},
		{"a b", "https", ""},
		{"a/b", "https", ""},
		{"a@b", "https", ""},
		{"a:b", "https", ""},
		{"[::1", "https", ""},
		{"[a]", "https", ""},
	} {
		got, err := Clean(tt.host, tt.scheme)
		if (err != nil) != (tt.want == "") || err == nil && got != tt.want {
			t.Errorf("%q by %s is %q, %v, want %q", tt.host, tt.scheme, got, err, tt.want)
		}
		if tt.want != "" && !Same(tt.host, tt.want, tt.scheme) {
			t.Errorf("%q and %q are one host", tt.host, tt.want)
		}
	}
	for _, pair := range [][2]string{{"photos.example", "photos.example.evil.example"}, {"bücher.example", "bucher.example"}, {"", ""}, {"a b", "a b."}, {"a.example:1", "a.example:2"}} {
		if Same(pair[0], pair[1], "https") {
			t.Errorf("%q and %q are not one host", pair[0], pair[1])
		}
	}
}

func TestOriginAndLocal(t *testing.T) {
	u, err := url.Parse("HTTPS://Bücher.example.:443/")
	if err != nil {
		t.Fatal(err)
	}
	const home = "https://xn--bcher-kva.example"
	if got, err := Origin(u); err != nil || got != home {
		t.Errorf("origin %q, %v", got, err)
	}
	for address, want := range map[string]string{
		"https://xn--bcher-kva.example/@ann": "/@ann", "https://bücher.example/@ann/17?x#y": "/@ann/17", " https://BÜCHER.example.:443/@ann ": "/@ann",
		"http://xn--bcher-kva.example/@ann": "/@ann", "HTTP://xn--bcher-kva.example:80/@ann": "/@ann", "BÜCHER.example/@ann/17": "/@ann/17", "bücher.example.:443/@ann": "/@ann",
		"https://xn--bcher-kva.example:8443/@ann": "", "https://bucher.example/@ann": "", "https://elsewhere.example/@ann?u=https://xn--bcher-kva.example": "",
		"https://ann@xn--bcher-kva.example/@ann": "", "ftp://xn--bcher-kva.example/@ann": "", "https://xn--bcher-kva.example/": "", "xn--bcher-kva.example": "",
		"/@ann": "", "@ann": "", "@ann@xn--bcher-kva.example": "", "": "",
	} {
		if got, ok := Local(address, home); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v, want %q", address, got, ok, want)
		}
	}
}
