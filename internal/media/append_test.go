package media_test

import (
	"testing"

	"tintype/internal/media"
)

func TestAppendedAddressesAreTheSame(t *testing.T) {
	for _, base := range []string{"", "https://c.example/x/"} {
		a := addresses(t, media.AddressOptions{BaseURL: "https://s.example/", MediaBaseURL: base, Keys: keys(keyA)})
		for _, key := range []media.Key{
			{Kind: media.Public, Random: media.NewRandom(), Variant: "640"},
			{Kind: media.Original, Random: media.NewRandom()},
		} {
			if got, want := string(a.AppendPublicAbs([]byte("> "), key)), "> "+a.PublicAbs(key.String()); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}
