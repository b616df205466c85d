package api

import (
	"strconv"
	"strings"
	"time"

	"tintype/internal/store"
)

// texts are the many short strings of an answer, which share a few pieces of memory: a page of posts has a thousand.
// They live as long as any string of their piece.
type texts struct {
	piece   strings.Builder
	scratch [256]byte // for what is put together
}

// pieceSize is enough for the texts of some ten posts.
const pieceSize = 8 << 10

func (t *texts) keep(b []byte) string {
	if t.piece.Cap()-t.piece.Len() < len(b) {
		t.piece.Reset() // strings keep the old piece
		t.piece.Grow(max(pieceSize, len(b)))
	}
	start := t.piece.Len()
	t.piece.Write(b)
	return t.piece.String()[start:]
}

func (t *texts) id(id int64) string { return t.keep(strconv.AppendInt(t.scratch[:0], id, 10)) }

func (t *texts) join(parts ...string) string {
	b := t.scratch[:0]
	for _, p := range parts {
		b = append(b, p...)
	}
	return t.keep(b)
}

func (t *texts) moment(m store.Millis) string {
	return t.keep(m.Time().AppendFormat(t.scratch[:0], timeFormat))
}

// day is a moment as a day, the one time that is written so.
func (t *texts) day(m *store.Millis) *string {
	if m == nil {
		return nil
	}
	text := t.keep(m.Time().AppendFormat(t.scratch[:0], time.DateOnly))
	return &text
}

func (t *texts) size(width, height int) string {
	b := strconv.AppendInt(t.scratch[:0], int64(width), 10)
	return t.keep(strconv.AppendInt(append(b, 'x'), int64(height), 10))
}
