package media_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tintype/internal/budget"
	"tintype/internal/media"
	"tintype/internal/servertest"
)

// R44: a bucket that answers a probe and nothing else costs a request the time that it has in all, whatever is asked of it.
func TestS3WaitsAreOfTheRequestsTime(t *testing.T) {
	goOn := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/": // the probe
		case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
		default:
			<-goOn
		}
	}))
	t.Cleanup(slow.Close)
	defer close(goOn)
	cfg := s3Config(servertest.S3Server{URL: slow.URL, AccessKey: "a", SecretKey: "b"})
	bucket := media.NewS3(cfg, media.S3Options{Bucket: "photos", PathStyle: true})
	cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		<-ctx.Done()
		return aws.Credentials{}, ctx.Err()
	})
	withoutCredentials := media.NewS3(cfg, media.S3Options{Bucket: "photos", PathStyle: true})
	one, two := media.VariantKey(media.Public, media.NewRandom(), "320"), media.VariantKey(media.Private, media.NewRandom(), "320")
	presign := func(ctx context.Context) error {
		_, _, err := withoutCredentials.Presign(ctx, one, time.Hour)
		return err
	}
	for what, ask := range map[string]func(context.Context) error{
		"a copy":    func(ctx context.Context) error { return bucket.Copy(ctx, one, two) },
		"a removal": func(ctx context.Context) error { return bucket.Delete(ctx, one) },
		"a look":    func(ctx context.Context) error { _, err := bucket.Has(ctx, one); return err },
		"a list": func(ctx context.Context) error {
			return bucket.List(ctx, media.Public, func(media.Listed) error { return nil })
		},
		"a photo that may be absent": func(ctx context.Context) error {
			_, err := bucket.Open(ctx, one)
			return err
		},
		"an address": presign,
	} {
		ctx := budget.Start(t.Context(), 300*time.Millisecond)
		if err := ask(ctx); !errors.Is(err, media.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
		if left := budget.Left(ctx, time.Hour); left != 0 {
			t.Errorf("%s: %v are left of the request's time", what, left)
		}
	}
	// An address has a limit of its own as well.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := presign(ctx); !errors.Is(err, media.ErrUnavailable) || ctx.Err() != nil {
		t.Errorf("an address: %v, %v", err, ctx.Err())
	}
}
