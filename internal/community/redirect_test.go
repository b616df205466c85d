package community

import "testing"

func TestSameRedirect(t *testing.T) {
	for _, tt := range []struct {
		registered, asked string
		same              bool
	}{
		{"https://app.example/cb", "https://app.example/cb", true},
		{OutOfBand, OutOfBand, true},
		{"app.example:/cb", "app.example:/cb", true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true},
		{"http://127.0.0.1:3000/cb", "http://127.0.0.1:51004/cb", true},
		{"http://127.0.0.1:3000/cb", "http://127.0.0.1/cb", true},
		{"http://[::1]/cb", "http://[::1]:51004/cb", true},
		{"http://localhost:3000/cb?a=b", "http://localhost:51004/cb?a=b", true},

		{"http://127.0.0.1/cb", "http://127.0.0.1:51004/other", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?a=b", false},
		{"http://127.0.0.1/cb", "http://localhost:51004/cb", false},
		{"http://127.0.0.1/cb", "http://[::1]:51004/cb", false},
		{"http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false},
		{"https://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1.evil.example:51004/cb", false},
		{"http://127.0.0.1/cb", "http://evil.example:51004/cb", false},
		{"http://127.0.0.1/cb", "http://user@127.0.0.1:51004/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:51004/cb#x", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:70000/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false},
		{"https://app.example/cb", "https://app.example:444/cb", false},
		{"http://192.0.2.1/cb", "http://192.0.2.1:51004/cb", false},
		{"http://localhost.example/cb", "http://localhost.example:1/cb", false},
	} {
		if got := sameRedirect(tt.registered, tt.asked); got != tt.same {
			t.Errorf("registered %s, asked for %s: %v", tt.registered, tt.asked, got)
		}
	}
}
