package pages

import "testing"

// An address that somebody was sent leads to the comment that it names, on the page that has it.
func TestAPastedAddressLeadsToItsComment(t *testing.T) {
	for query, want := range map[string]string{
		"https://club.example/@ann/12":                        "/@ann/12",
		"https://club.example/@ann/12#c-34":                   "/@ann/12#c-34",
		" club.example/@ann/12?after=30&utm_source=x#c-34":    "/@ann/12?after=30#c-34",
		"https://club.example/@ann/12?after=3%26show%3D1#a b": "/@ann/12?after=3%26show%3D1#a%20b",
	} {
		if got := pastedAddress("/@ann/12", query); got != want {
			t.Errorf("%q leads to %q, want %q", query, got, want)
		}
	}
}
