package scaletest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Photos of a suspended member are gone from a CDN that reads the bucket itself, where nobody knows who is suspended:
// they get other names, and the CDN is told of the old ones. Restored, they are public again.
func TestPhotosOfTheSuspendedLeaveTheCDN(t *testing.T) {
	server := newBucket(t)
	edges := newCDN(t, server)
	f := newFleet(t, 1, append(s3Env(server), "AWS_ENDPOINT_URL_CLOUDFRONT="+edges.api.URL, "MEDIA_BASE_URL="+edges.edge.URL, "MEDIA_CDN_DISTRIBUTION_ID=E1")...)
	anna, bert, eve := newBrowser(t, f[0]), newBrowser(t, f[0]), newBrowser(t, f[0])
	anna.signUp("anna")
	bert.signUp("bert")
	mine, hidden, theirs := anna.publish("public"), anna.publish("followers"), bert.publish("public")
	first, secret := eve.get(mine).want(http.StatusOK).photos(), anna.get(hidden).want(http.StatusOK).photos()
	others := eve.get(theirs).want(http.StatusOK).photos()
	account := func(args ...string) {
		t.Helper()
		if out, stderr, err := f[0].Command(append([]string{"account"}, args...)...); err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
		}
	}
	for key, address := range first {
		if !strings.HasPrefix(address, edges.edge.URL) || eve.get(address).status != http.StatusOK {
			t.Fatalf("%s is at %s", key, address)
		}
	}

	account("suspend", "anna")
	eventually(t, "the photos are gone from the bucket, and the CDN has heard of it", func() bool {
		gone := edges.invalidated()
		for key, address := range first {
			if eve.get(address).status == http.StatusOK || !slices.Contains(gone, "/"+key) {
				return false
			}
		}
		return true
	})
	eventually(t, "the page is gone", func() bool { return eve.get(mine).status == http.StatusNotFound }) // its process heard of it elsewhere than the CDN
	for _, name := range files(t, server) {
		if strings.Contains(name, "/pub/") && !slices.ContainsFunc(keysOf(others), func(key string) bool { return strings.HasPrefix(name, "media/"+key[:36]) }) {
			t.Errorf("%s is public", name)
		}
	}
	for _, address := range others {
		eve.get(address).want(http.StatusOK)
	}

	account("suspend", "--undo", "anna")
	eventually(t, "the photos are public again", func() bool {
		a := eve.get(mine + "?again")
		if a.status != http.StatusOK {
			return false
		}
		for key, address := range a.photos() {
			if !strings.HasPrefix(key, "pub/") || first[key] != "" || eve.get(address).status != http.StatusOK {
				return false
			}
		}
		return true
	})
	anna.logIn("anna", password).want(http.StatusOK)
	if now := anna.get(hidden).want(http.StatusOK).photos(); !slices.Equal(keysOf(now), keysOf(secret)) {
		t.Errorf("what is for followers has other names: %v, %v", keysOf(secret), keysOf(now))
	}
	eve.get(hidden).want(http.StatusNotFound)
}
