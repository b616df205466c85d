package app

import (
	"context"
	"log/slog"
	"strings"
	"testing"
)

// A process says where its data is only if it keeps any, and one of a fleet
// puts no link that makes an administrator into logs.
func TestAnnounceSaysWhatIsTrue(t *testing.T) {
	said := func(env ...string) string {
		t.Helper()
		var out strings.Builder
		a := New(mustLoad(t, env...), slog.New(slog.DiscardHandler), &out)
		a.claim = func(context.Context) (string, bool, error) { return "https://photos.example/claim/secret", false, nil }
		a.announce(t.Context(), nil)
		return out.String()
	}
	apart := []string{
		"BASE_URL=https://photos.example", "DATABASE_URL=mysql://u:p@db/tintype", "MEDIA_STORE=s3", "MEDIA_S3_BUCKET=photos",
		"SECRET_KEY=" + strings.Repeat("k", 32),
	}
	for _, c := range []struct {
		env      []string
		data     bool
		link, by bool
	}{
		{nil, true, true, false},
		{apart, false, true, false},
		{apart[:4], true, true, false}, // the key is made here
		{append([]string{"STATELESS=true"}, apart...), false, false, true},
	} {
		got := said(c.env...)
		if strings.Contains(got, "Its data is in ") != c.data || strings.Contains(got, "/claim/secret") != c.link || strings.Contains(got, "tintype account create --admin") != c.by {
			t.Errorf("%v:\n%s", c.env, got)
		}
	}
}
