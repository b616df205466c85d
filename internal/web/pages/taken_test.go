package pages

import "testing"

func TestTakenText(t *testing.T) {
	for at, want := range map[string]string{
		"":                          "",
		"2021-07-01":                "1 Jul 2021",
		"2021-07-01T00:00:00":       "1 Jul 2021, 00:00",
		"2021-07-01T18:05:59":       "1 Jul 2021, 18:05",
		"2021-07-01T18:05:59+02:00": "1 Jul 2021, 18:05",
		"soon":                      "",
	} {
		if got := takenText(nil, at); got != want {
			t.Errorf("%q: %q, want %q", at, got, want)
		}
	}
}
