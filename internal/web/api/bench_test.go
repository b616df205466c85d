package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"tintype/internal/store"
)

// BenchmarkPublicTimeline is a page of 24 posts by 12 accounts, with accounts, photos, tags and mentions, from the
// database to the bytes.
func BenchmarkPublicTimeline(b *testing.B) {
	s := newSite(b)
	var people []*member
	for i := range 12 {
		people = append(people, s.join("member"+strconv.Itoa(i)))
	}
	for i := range 48 {
		photos := []string{}
		for range 1 + i%3 {
			photos = append(photos, "media_ids[]", strconv.FormatInt(s.photo(people[i%12], store.SetPublic), 10))
		}
		s.post("/api/v1/statuses", people[i%12].token, form(append(photos,
			"status", fmt.Sprintf("Early light over the harbour, the %dth morning in a row. #harbour #morning with @member%d", i, (i+1)%12))...)).ok()
	}
	for _, reader := range []struct{ name, token string }{{"visitor", ""}, {"member", people[0].token}} {
		b.Run(reader.name, func(b *testing.B) {
			b.ReportAllocs()
			bytes, start := 0, cpuTime(b)
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "/api/v1/timelines/public?limit=24", nil)
				if reader.token != "" {
					r.Header.Set("Authorization", "Bearer "+reader.token)
				}
				w := httptest.NewRecorder()
				s.handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
				bytes = w.Body.Len()
			}
			b.ReportMetric(float64(cpuTime(b)-start)/1e3/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64(bytes), "bytes/answer")
		})
	}
}
