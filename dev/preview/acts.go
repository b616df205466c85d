package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tintype/dev/preview/sample"
	"tintype/static"
	"tintype/templates"
)

// acts answers the forms that scripts send, as the site's own handlers do, and remembers nothing. Photographs whose
// name contains "bad" are refused, "slow" ones take longer to prepare, and every third like fails.
func acts(mux *http.ServeMux, assets *static.Assets) {
	page := &templates.Page{Assets: assets, Viewer: &templates.Viewer{Name: "jo"}, Path: "/home"}
	var likes, photos atomic.Int64
	like := func(w http.ResponseWriter, r *http.Request) {
		if likes.Add(1)%3 == 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `<h1 data-sentence>Too many tries. Wait 40 seconds.</h1>`)
			return
		}
		n, _ := strconv.Atoi(r.PathValue("id"))
		post := sample.Post(max(n-115000, 0), 1)
		post.Liked = strings.HasSuffix(r.URL.Path, "/like")
		if post.Liked {
			post.Likes++
		}
		_ = templates.PostActions(page, post).Render(r.Context(), w)
	}
	mux.HandleFunc("POST /posts/{id}/boost", like)
	mux.HandleFunc("POST /posts/{id}/unboost", like)
	mux.HandleFunc("POST /posts/{id}/bookmark", like)
	mux.HandleFunc("POST /posts/{id}/unbookmark", like)
	mux.HandleFunc("POST /posts/{id}/like", like)
	mux.HandleFunc("POST /posts/{id}/unlike", like)
	mux.HandleFunc("POST /@ada/unfollow", func(w http.ResponseWriter, r *http.Request) {
		relation := templates.RelationView{Account: sample.Post(0, 1).Author}
		_ = templates.Followed(page, relation, templates.ProfileCounts{Posts: 1234, Followers: 0, Following: 56}).Render(r.Context(), w)
	})
	mux.HandleFunc("POST /posts/{id}/comments", func(w http.ResponseWriter, r *http.Request) {
		text := r.FormValue("text")
		if strings.Contains(text, "bad") {
			w.WriteHeader(http.StatusUnprocessableEntity)
			form := templates.CommentForm{PostID: r.PathValue("id"), Text: text, Max: 2000, Errors: templates.FieldErrors{{Field: "text", Message: "That comment is refused."}}}
			_ = templates.CommentEntry(page, form).Render(r.Context(), w)
			return
		}
		c := templates.CommentView{ID: strconv.FormatInt(time.Now().UnixNano(), 10), Author: sample.Post(2, 1).Author, Text: "<p>Received.</p>", Created: templates.When{At: time.Now()}, Reply: r.FormValue("in_reply_to") != ""}
		n, _ := strconv.Atoi(r.PathValue("id"))
		post := sample.Post(max(n-115000, 0), 1)
		post.Comments = 5 // the page shows four
		_ = templates.CommentPosted(page, c, post).Render(r.Context(), w)
	})
	upload := func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("photos")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = file.Close()
		time.Sleep(300 * time.Millisecond)
		answer := map[string]string{"id": fmt.Sprint(1000 + photos.Add(1)), "state": "ready", "meta": "4000 × 3000  35 mm  f/1.8"}
		status := http.StatusOK
		switch {
		case strings.Contains(header.Filename, "bad"):
			status = http.StatusUnprocessableEntity
			answer = map[string]string{"state": "refused", "error": header.Filename + " ends halfway and cannot be read. Export it again, or post without it."}
		case strings.Contains(header.Filename, "slow"):
			answer["state"] = "preparing"
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}
	mux.HandleFunc("POST /compose/photos", upload)
	mux.HandleFunc("POST /posts/{id}/photos", upload)
	mux.HandleFunc("GET /compose/photos/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"id": r.PathValue("id"), "state": "ready"})
	})
	ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	mux.HandleFunc("POST /compose/photos/{id}", ok)
	mux.HandleFunc("POST /compose/photos/{id}/{act}", ok)
	mux.HandleFunc("POST /compose/order", ok)
}
