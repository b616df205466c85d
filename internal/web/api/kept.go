package api

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"tintype/internal/store"
)

const (
	// keptLife is how long an answer may be given while events cannot be read; see Options.Generation for what ends it
	// sooner.
	keptLife    = 5 * time.Second
	keptMost    = 8 << 20 // bytes of all answers
	keptKeyMost = 256     // bytes of a path and its parameters; longer ones are nobody's
)

// An answerCache remembers what visitors get from endpoints that many of them ask, as bytes: to take a page of posts out of a
// cache, value by value, costs more than reading it from the database. An answer is good until something changes.
// Answers to whoever shows a token are never among them.
type answerCache struct {
	generation func() uint64
	known      *otter.Cache[string, *answer]
	flight     singleflight.Group

	kept, joined, made, failed atomic.Int64
}

// KeptOutcomes count what became of visitors' requests for answers that are kept: answered with one that was, joined to
// another's that made it, made, or failed. It is empty where none is kept.
func (a *API) KeptOutcomes() map[string]func() int64 {
	k := a.answers
	if k == nil {
		return nil
	}
	return map[string]func() int64{"kept": k.kept.Load, "joined": k.joined.Load, "made": k.made.Load, "failed": k.failed.Load}
}

// An answer is what every visitor gets.
type answer struct {
	generation uint64
	link       string // header
	body       []byte
	packOnce   sync.Once
	packed     []byte
}

func newAnswerCache(generation func() uint64) *answerCache {
	return &answerCache{generation: generation, known: otter.Must(&otter.Options[string, *answer]{
		MaximumWeight:    keptMost,
		Weigher:          func(k string, a *answer) uint32 { return uint32(len(k) + len(a.body)*5/4 + 512) }, // gzip takes less than a quarter
		ExpiryCalculator: otter.ExpiryWriting[string, *answer](keptLife),
	})}
}

// keptKey names what the request asks for, "" where its answer is not kept: a page below a cursor, of which there are as
// many as posts, and what is not the same for all. Parameters that no endpoint knows make no other answer, and each question
// has one key, however it is written.
func (q *call) keptKey() string {
	r := q.c.Request
	if r.Method != http.MethodGet || q.shown || r.Header.Get("Authorization") != "" || store.Positioned(q.ctx()) {
		return ""
	}
	for _, cursor := range cursors {
		if _, ok := q.params.values[cursor]; ok {
			return ""
		}
	}
	path, chosen := q.question()
	if len(chosen) > 0 {
		path += "?" + chosen.Encode()
	}
	if len(path) > keptKeyMost {
		return ""
	}
	return path
}

// question is what a request for an answer that may be kept asks for, in one spelling: tags as they are compared, lists in
// order, numbers as they are taken, and nothing for what is so anyway. Its path is escaped.
func (q *call) question() (path string, chosen url.Values) {
	path = q.endpoint.path
	for _, p := range q.c.Params {
		path = strings.Replace(path, ":"+p.Key, url.PathEscape(foldTags([]string{p.Value})[0]), 1)
	}
	chosen = url.Values{}
	for _, name := range taken()[q.endpoint.method+" "+q.endpoint.path] {
		switch {
		case slices.Contains(cursors, name):
		case slices.Contains(booleans, name):
			if q.params.isTrue(name) {
				chosen.Set(name, "true")
			}
		case name == "limit":
			if n := q.page(defaultStatuses, maxStatuses).Limit; n != defaultStatuses {
				chosen.Set(name, strconv.Itoa(n))
			}
		default: // a list of tags
			given := q.params.list(name)
			if len(given) <= maxExtraTags { // else it is refused
				given = foldTags(given)
				slices.Sort(given)
				given = slices.Compact(given)
			}
			if len(given) > 0 {
				chosen[name+"[]"] = given
			}
		}
	}
	return path, chosen
}

// keptAnswer writes the visitors' answer, made now unless it is known. One request makes it for all who ask meanwhile.
func (q *call) keptAnswer(e endpoint, key string) error {
	k := q.api.answers
	q.kept = true
	now := k.generation() // before anything is read
	if a, ok := k.known.GetIfPresent(key); ok && a.generation == now {
		k.kept.Add(1)
		return q.writeAnswer(a)
	}
	mine := false
	got, err, _ := k.flight.Do(key+"\x00"+strconv.FormatUint(now, 10), func() (any, error) {
		mine = true
		body, err := e.answer(q)
		if err != nil {
			return nil, err
		}
		b, err := encode(nil, body)
		if err != nil {
			return nil, err
		}
		a := &answer{generation: now, link: q.c.Writer.Header().Get("Link"), body: b}
		k.known.Set(key, a)
		return a, nil
	})
	switch {
	case err != nil:
		k.failed.Add(1)
	case mine:
		k.made.Add(1)
	default:
		k.joined.Add(1)
	}
	if err != nil {
		if mine {
			return apiError(err)
		}
		return q.ownAnswer(e) // it was the other's client that left, or the other's error
	}
	return q.writeAnswer(got.(*answer))
}

func (q *call) ownAnswer(e endpoint) error {
	body, err := e.answer(q)
	if err != nil {
		return apiError(err)
	}
	return q.write(body)
}

func (q *call) writeAnswer(a *answer) error {
	h := q.c.Writer.Header()
	if a.link != "" {
		h.Set("Link", a.link)
	}
	body := a.body
	if q.api.TakesGzip != nil && q.api.TakesGzip(q.c.GetHeader("Accept-Encoding")) {
		a.packOnce.Do(func() { a.packed = pack(a.body) })
		if len(a.packed) < len(body) {
			body = a.packed
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
		}
	}
	q.writeBytes(body)
	return nil
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.DefaultCompression) // the level is valid
	_, _ = z.Write(body)                                     // a buffer takes everything
	_ = z.Close()
	return slices.Clip(b.Bytes())
}
