// Command preview serves every page with made-up people and pictures, so that the look can be worked on without a
// database: "go run ./dev/preview", then http://localhost:8090. ?theme=dark shows a page as a member with that theme
// sees it, ?lang=de in another language; ?slow=1 holds the pictures back, to see the placeholders.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tintype/dev/preview/sample"
	"tintype/internal/lang"
	"tintype/static"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'"

func main() {
	addr := flag.String("addr", "localhost:8090", "where to listen")
	flag.Parse()
	handler, err := newPreview()
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("preview on http://%s", *addr)
	server := &http.Server{Addr: *addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func newPreview() (http.Handler, error) {
	assets, err := static.New("")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/", func(w http.ResponseWriter, r *http.Request) {
		as, known := assets.Lookup(r.URL.Path)
		if as == nil {
			http.NotFound(w, r)
			return
		}
		body, encoding := as.Encoded(r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Type", as.ContentType)
		w.Header().Set("Cache-Control", "no-store")
		if known {
			w.Header().Set("Cache-Control", "max-age=31536000, immutable")
		}
		if encoding != "" {
			w.Header().Set("Content-Encoding", encoding)
		}
		_, _ = w.Write(body)
	})
	mux.HandleFunc("GET /sw.js", func(w http.ResponseWriter, _ *http.Request) {
		as, _ := assets.Lookup("sw.js")
		w.Header().Set("Content-Type", as.ContentType)
		body, _ := as.Encoded("")
		_, _ = w.Write(body)
	})
	mux.HandleFunc("GET /manifest.webmanifest", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/manifest+json")
		_, _ = io.WriteString(w, `{"name": "Preview", "start_url": "/"}`)
	})
	mux.HandleFunc("GET /pic/{n}/{name}", picture)
	acts(mux, assets)
	index := "<!DOCTYPE html><title>Preview</title><ul>"
	translated := map[string]map[string]sample.Page{}
	for _, code := range lang.Codes() {
		translated[code] = map[string]sample.Page{}
		for _, p := range sample.PagesIn(lang.Find(code)) {
			translated[code][p.Path] = p
		}
	}
	for _, p := range sample.Pages() {
		index += fmt.Sprintf("<li><a href=%q>%s</a> <a href=%q>dark</a>", p.Path, html.EscapeString(p.Title), p.Path+"?theme=dark")
		mux.HandleFunc("GET "+p.Path, func(w http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			p := p
			if in, ok := translated[r.FormValue("lang")][p.Path]; ok {
				p = in
			}
			if err := p.Make(assets).Render(r.Context(), &b); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			body := b.String()
			if theme := r.FormValue("theme"); theme == "dark" || theme == "light" {
				body = strings.Replace(body, "<html ", `<html data-theme="`+theme+`" `, 1)
			}
			if r.FormValue("slow") != "" {
				body = strings.ReplaceAll(body, "/pic/", "/pic-none/")
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", policy)
			_, _ = w.Write([]byte(body))
		})
	}
	index += "</ul><p>Mail:<ul>"
	for _, l := range sample.Letters(nil) {
		index += fmt.Sprintf("<li><a href=%q>%s</a> <a href=%q>text</a>", l.Path, html.EscapeString(l.Title), l.Path+".txt")
		mux.HandleFunc("GET "+l.Path, func(w http.ResponseWriter, _ *http.Request) {
			body, err := l.Letter.HTML()
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'") // what mail programs allow
			_, _ = io.WriteString(w, body)
		})
		mux.HandleFunc("GET "+l.Path+".txt", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, l.Letter.Text())
		})
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(index))
	})
	return mux, nil
}

// picture draws hills under a sun, at the width that is asked for.
func picture(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	name := strings.TrimSuffix(r.PathValue("name"), ".jpg")
	width, err2 := strconv.Atoi(strings.TrimSuffix(name, "s"))
	if err != nil || err2 != nil || n < 0 || width < 1 || width > 2560 {
		http.NotFound(w, r)
		return
	}
	shape := sample.Shapes[n%len(sample.Shapes)]
	height := width * shape[1] / shape[0]
	if strings.HasSuffix(name, "s") {
		height = width
	}
	p := sample.Photo(n, "")
	top, bottom := parse(p.ColorTop), parse(p.ColorBottom)
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			fx, fy := float64(x)/float64(width), float64(y)/float64(height)
			c := mix(top, bottom, fy*0.6)
			if d := math.Hypot((fx-0.7)*float64(width), (fy-0.3)*float64(height)) / float64(width); d < 0.07 {
				c = color.RGBA{250, 240, 225, 255}
			}
			for ridge := range 3 {
				h := 0.55 + 0.15*float64(ridge) + 0.06*math.Sin(fx*float64(5+3*ridge)+float64(n+ridge)) + 0.02*math.Sin(fx*31+float64(ridge*n))
				if fy > h {
					c = mix(top, color.RGBA{10, 16, 14, 255}, 0.4+0.2*float64(ridge))
				}
			}
			m.SetRGBA(x, y, c)
		}
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "max-age=3600")
	_ = jpeg.Encode(w, m, &jpeg.Options{Quality: 80})
}

func parse(hex string) color.RGBA {
	v, _ := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}

func mix(a, b color.RGBA, t float64) color.RGBA {
	f := func(x, y uint8) uint8 { return uint8(float64(x)*(1-t) + float64(y)*t) }
	return color.RGBA{f(a.R, b.R), f(a.G, b.G), f(a.B, b.B), 255}
}
