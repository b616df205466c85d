package store

import (
	"testing"
	"time"
)

func TestIDsSortByTimeAndAreUnique(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_000)
	clock := at
	g := &ids{now: func() time.Time { return clock }}
	last := int64(0)
	for i := range 200_000 { // more than a millisecond holds
		if i == 100_000 {
			clock = at.Add(-time.Second) // the clock goes back
		}
		id := g.draw()
		if id <= last {
			t.Fatalf("id %d: %d after %d", i, id, last)
		}
		last = id
	}
	clock = at.Add(time.Minute)
	if got := IDTime(g.draw()); !got.Equal(clock) {
		t.Errorf("id of %v, want %v", got, clock)
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		" Élan ": "elan", "STRASSE": "strasse", "straße": "strasse", "ＡＢＣ": "abc", "ÅNGSTRÖM": "angstrom",
		"ไก่": "ไก่", "東京": "東京", "한국": "한국", "İstanbul": "istanbul", "": "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
	var plain []byte
	for c := range byte(0x80) {
		plain = append(plain, c)
	}
	for _, in := range []string{string(plain), " Anna_1\t", "\x00A", "  "} { // the short way and the long one agree
		if got, want := Fold(in), foldUnicode(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}
