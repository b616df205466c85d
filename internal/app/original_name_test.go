package app

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// The file that is given in place of an original that is not kept is a JPEG, and is called one.
func TestTheNameOfAnOriginal(t *testing.T) {
	for keep, want := range map[string]string{"true": "photo.png", "false": "photo.jpg"} {
		_, front := siteWithFront(t, "KEEP_ORIGINALS="+keep)
		ada := front.join("ada")
		u, err := ada.Upload("photo.png", front.photo())
		if err != nil {
			t.Fatal(err)
		}
		post := ada.Publish("caption", "Picture", "description-"+u.ID, "A picture").Want(http.StatusOK)
		at := regexp.MustCompile(`/photos/[0-9]+/original`).FindString(post.Body)
		var name string
		servertest.Eventually(t, "the file is given", func() bool {
			a := ada.Get(at).Want(http.StatusOK)
			name = a.Header.Get("Content-Disposition")
			return strings.Contains(name, want)
		})
		if !strings.Contains(name, want) {
			t.Errorf("KEEP_ORIGINALS=%s: %s", keep, name)
		}
	}
}
