package fleettest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// Photos of a suspended member are gone from a CDN that reads the bucket itself, where nobody knows who is suspended:
// they get other names, and the CDN is told of the old ones. Restored, they are public again.
func TestPhotosOfTheSuspendedLeaveTheCDN(t *testing.T) {
	server := newBucket(t)
	edges := newCDN(t, server)
	f := newFleet(t, 1, append(s3Env(server), "AWS_ENDPOINT_URL_CLOUDFRONT="+edges.api.URL, "MEDIA_BASE_URL="+edges.edge.URL, "MEDIA_CDN_DISTRIBUTION_ID=E1")...)
	anna, bert, eve := browser(t, f[0]), browser(t, f[0]), browser(t, f[0])
	anna.SignUp("anna")
	bert.SignUp("bert")
	mine, hidden, theirs := published(anna, "public"), published(anna, "followers"), published(bert, "public")
	first, secret := eve.Get(mine).Want(http.StatusOK).PhotosByKey(), anna.Get(hidden).Want(http.StatusOK).PhotosByKey()
	others := eve.Get(theirs).Want(http.StatusOK).PhotosByKey()
	account := func(args ...string) {
		t.Helper()
		if out, stderr, err := f[0].Command(append([]string{"account"}, args...)...); err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
		}
	}
	for key, address := range first {
		if !strings.HasPrefix(address, edges.edge.URL) || eve.Get(address).Status != http.StatusOK {
			t.Fatalf("%s is at %s", key, address)
		}
	}

	account("suspend", "anna")
	servertest.Eventually(t, "the photos are gone from the bucket, and the CDN has heard of it", func() bool {
		gone := edges.invalidated()
		for key, address := range first {
			if eve.Get(address).Status == http.StatusOK || !slices.Contains(gone, "/"+key) {
				return false
			}
		}
		return true
	})
	servertest.Eventually(t, "the page is gone", func() bool { return eve.Get(mine).Status == http.StatusNotFound }) // its process heard of it elsewhere than the CDN
	for _, name := range files(t, server) {
		if strings.Contains(name, "/pub/") && !slices.ContainsFunc(keysOf(others), func(key string) bool { return strings.HasPrefix(name, "media/"+key[:36]) }) {
			t.Errorf("%s is public", name)
		}
	}
	for _, address := range others {
		eve.Get(address).Want(http.StatusOK)
	}

	account("suspend", "--undo", "anna")
	servertest.Eventually(t, "the photos are public again", func() bool {
		a := eve.Get(mine + "?again")
		if a.Status != http.StatusOK {
			return false
		}
		for key, address := range a.PhotosByKey() {
			if !strings.HasPrefix(key, "pub/") || first[key] != "" || eve.Get(address).Status != http.StatusOK {
				return false
			}
		}
		return true
	})
	anna.LogIn("anna", password).Want(http.StatusOK)
	if now := anna.Get(hidden).Want(http.StatusOK).PhotosByKey(); !slices.Equal(keysOf(now), keysOf(secret)) {
		t.Errorf("what is for followers has other names: %v, %v", keysOf(secret), keysOf(now))
	}
	eve.Get(hidden).Want(http.StatusNotFound)
}
