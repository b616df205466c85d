package web

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"time"

	"tintype/internal/session"
	"tintype/internal/store"
)

// positionCookie is the purpose of the cookie that carries a browser's position,
// __Host-tintype_position by name where the site is https.
const positionCookie = "position"

// positionLife bounds the cookie. The replication clock decides; a
// position on the primary alone has nothing to compare and ends sooner.
const positionLife = 10 * time.Minute

// WithPositions has each request read where its client's own writes are known,
// and gives the client a new position after a write. It stands outside of gin,
// so that every kind of handler passes it. It does nothing where there are no
// replicas.
func WithPositions(db *store.Store, signed *session.Signed, maxLag time.Duration, site http.Handler) http.Handler {
	if !db.MayReplicate() {
		return site
	}
	p := &positions{store: db, signed: signed, onPrimary: maxLag + time.Minute}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, reads := p.store.StartReads(r.Context(), p.brought(r))
		defer reads.End()
		r = r.WithContext(ctx)
		pw := &positionWriter{ResponseWriter: w, p: p, r: r, reads: reads}
		site.ServeHTTP(pw, r)
		pw.answer() // a handler that wrote nothing has answered all the same
	})
}

type positions struct {
	store     *store.Store
	signed    *session.Signed
	onPrimary time.Duration // the life of store.PositionPrimary
}

// brought is the position in the request's cookie. Clients with tokens have
// theirs in the token's row.
func (p *positions) brought(r *http.Request) store.Position {
	if IsTokenPath(r.URL.Path) {
		return 0
	}
	value, ok := p.signed.Cookie(r, positionCookie)
	if !ok || len(value) != 8 {
		return 0
	}
	return store.Position(binary.BigEndian.Uint64(value))
}

// carry has the browser keep the position.
func (p *positions) carry(w http.ResponseWriter, position store.Position) {
	life := positionLife
	if position == store.PositionPrimary {
		life = p.onPrimary
	}
	p.signed.SetCookie(w, positionCookie, binary.BigEndian.AppendUint64(nil, uint64(position)), life)
	w.Header().Set("Cache-Control", "private, no-store") // the cookie is this reader's
}

// A positionWriter acts right before the header leaves.
type positionWriter struct {
	http.ResponseWriter
	p        *positions
	r        *http.Request
	reads    *store.Reads
	answered bool
}

func (w *positionWriter) answer() {
	if w.answered {
		return
	}
	w.answered = true
	if position := w.reads.Answer(w.r.Context()); position != 0 && !IsTokenPath(w.r.URL.Path) {
		w.p.carry(w.ResponseWriter, position)
	}
}

func (w *positionWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.answer()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *positionWriter) Write(b []byte) (int, error) {
	w.answer()
	return w.ResponseWriter.Write(b)
}

// Flush sends the header if nothing did before.
func (w *positionWriter) Flush() {
	w.answer()
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack hands the connection over. No header of ours leaves then: whoever
// hijacks has written nothing.
func (w *positionWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.answer()
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController find the http.ResponseWriter beneath.
func (w *positionWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
