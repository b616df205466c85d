package doctor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tintype/internal/media"
	"tintype/internal/store/storetest"
)

// A folder that was filled as a bucket is laid out takes and gives every probe. That its photos are missing shows only
// in a sample of those that the database knows.
func TestDoctorSamplesPhotos(t *testing.T) {
	db := storetest.SQLite(t)
	disk, err := media.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keep := func(kind media.Kind, stored bool) string {
		t.Helper()
		random, names := media.NewRandom(), []string{"320"}
		key := media.OriginalKey(random)
		if kind != media.Original {
			key = media.VariantKey(kind, random, names[0])
		}
		if err := db.AddMediaObject(t.Context(), random, string(kind), 1, names); err != nil {
			t.Fatal(err)
		}
		if _, err := db.MediaObjectLive(t.Context(), random, names); err != nil {
			t.Fatal(err)
		}
		if stored {
			if _, err := disk.Put(t.Context(), key, strings.NewReader("x"), media.PutOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		return key
	}
	d := &Diagnosis{Config: mustLoad(t), Store: db, Media: disk}
	if list := d.checkSample(t.Context()); len(list) != 0 {
		t.Errorf("without photos: %+v", list)
	}
	for _, kind := range []media.Kind{media.Public, media.Private, media.Original} {
		keep(kind, true)
	}
	if list := d.checkSample(t.Context()); len(list) != 1 || list[0].Status != OK || !strings.HasPrefix(list[0].Text, "3 photos") {
		t.Errorf("with all there: %+v", list)
	}
	missing := keep(media.Public, false)
	list := d.checkSample(t.Context())
	if len(list) != 1 || list[0].Status != Failure || !strings.HasPrefix(list[0].Text, "1 of 4 photos") || !strings.Contains(list[0].Text, missing) || !strings.Contains(list[0].Advice, "MEDIA_DIR") {
		t.Errorf("with one missing: %+v", list)
	}
	if all := d.checkMedia(t.Context()); len(all) != 2 || all[1] != list[0] {
		t.Errorf("the check of media does not say it: %+v", all)
	}
}

// redirectBucket keeps what is put, and answers what is read under a presigned address with a status of its own. It gives
// nothing to those who do not sign.
type redirectBucket struct {
	mu        sync.Mutex
	objects   map[string]bucketObject
	presigned int
}

type bucketObject struct {
	body           []byte
	caching, media string
}

func (b *redirectBucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch r.Method {
	case http.MethodPut:
		o := bucketObject{caching: r.Header.Get("Cache-Control"), media: r.Header.Get("Content-Type")}
		if source := r.Header.Get("X-Amz-Copy-Source"); source != "" {
			o.body = b.objects["/"+strings.TrimPrefix(source, "/")].body
			fmt.Fprint(w, `<CopyObjectResult/>`)
		} else {
			o.body, _ = io.ReadAll(r.Body)
		}
		b.objects[r.URL.Path] = o
	case http.MethodPost:
		fmt.Fprint(w, `<DeleteResult/>`)
	default:
		o, ok := b.objects[r.URL.Path]
		presigned := r.URL.Query().Has("X-Amz-Signature")
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		case presigned && b.presigned != http.StatusOK:
			w.WriteHeader(b.presigned)
		case !presigned && r.Header.Get("Authorization") == "":
			w.WriteHeader(http.StatusForbidden)
		default:
			w.Header().Set("Cache-Control", o.caching)
			w.Header().Set("Content-Type", o.media)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(o.body))
		}
	}
}

// The program's own requests may pass while what readers are sent to is refused, by a clock that is off or a policy.
func TestDoctorReadsAsReadersAreSent(t *testing.T) {
	for _, c := range []struct {
		redirect  string
		presigned int
		status    string // "" is nothing to say
		text      string
	}{
		{"false", http.StatusForbidden, "", ""},
		{"true", http.StatusOK, OK, "under a presigned address"},
		{"true", http.StatusForbidden, Failure, "the bucket answers 403"},
	} {
		bucket := &redirectBucket{objects: map[string]bucketObject{}, presigned: c.presigned}
		server := httptest.NewServer(bucket)
		t.Cleanup(server.Close)
		s3 := media.NewS3(aws.Config{
			Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		}, media.S3Options{Bucket: "photos", PathStyle: true})
		d := &Diagnosis{Config: mustLoad(t, "MEDIA_STORE=s3", "MEDIA_S3_BUCKET=photos", "MEDIA_S3_REDIRECT="+c.redirect), Media: s3}
		all := d.checkMedia(context.WithoutCancel(t.Context()))
		list := slices.DeleteFunc(slices.Clone(all), func(l Check) bool { return !strings.Contains(l.Text, "presigned address") })
		switch {
		case all[0].Status != OK || !strings.Contains(all[0].Text, "written, read from the middle, copied and deleted"):
			t.Errorf("%+v: %+v", c, all)
		case c.status == "":
			if len(list) != 0 {
				t.Errorf("%+v: %+v", c, all)
			}
		case len(list) != 1 || list[0].Status != c.status || !strings.Contains(list[0].Text, c.text):
			t.Errorf("%+v: %+v", c, all)
		}
	}
}

// Clocks that are apart are named, the bucket's too: its answers tell it.
func TestDoctorNamesClocksThatAreApart(t *testing.T) {
	for ahead, want := range map[time.Duration]string{0: "with the bucket", 20 * time.Minute: "this machine and the bucket are 20m", -20 * time.Minute: "this machine and the bucket are 20m"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusNotFound)
		}))
		t.Cleanup(server.Close)
		s3 := media.NewS3(aws.Config{
			Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		}, media.S3Options{Bucket: "photos", PathStyle: true})
		d := &Diagnosis{Config: mustLoad(t), Store: storetest.SQLite(t), Media: s3}
		list := d.checkClock(t.Context())
		status := OK
		if ahead != 0 {
			status = Warning
		}
		if len(list) != 2 || list[0].Status != OK || !strings.Contains(list[0].Text, "apart from the database") || list[1].Status != status || !strings.HasPrefix(list[1].Text, want) {
			t.Errorf("%s: %+v", ahead, list)
		}
		server.Close()
		d.Media = media.NewS3(aws.Config{
			Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		}, media.S3Options{Bucket: "photos", PathStyle: true})
		if list := d.checkClock(t.Context()); len(list) != 1 {
			t.Errorf("by a bucket that is away: %+v", list)
		}
	}
}
