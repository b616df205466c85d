package command

import (
	"fmt"
	"io"
	"os"
	"time"

	"tintype/internal/config"
)

// A meter tells on a terminal how far something is. The nil meter says nothing.
type meter struct {
	w     io.Writer
	what  string
	total int64
	done  int64
	last  time.Time
}

// newMeter is nil where w is no terminal.
func newMeter(w io.Writer) *meter {
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		return &meter{w: w}
	}
	return nil
}

func (p *meter) step(what string) {
	if p != nil {
		fmt.Fprintf(p.w, "\r\033[K%s", what)
	}
}

func (p *meter) start(what string, total int64) {
	if p != nil {
		p.what, p.total, p.done = what, total, 0
		p.step(what)
	}
}

func (p *meter) add(n int64) {
	if p == nil {
		return
	}
	p.done += n
	if now := time.Now(); now.Sub(p.last) > 200*time.Millisecond {
		p.last = now
		text := fmt.Sprintf("%s %s", p.what, config.FormatSize(p.done))
		if p.total > 0 {
			text = fmt.Sprintf("%s %d%% of %s", p.what, min(100, 100*p.done/p.total), config.FormatSize(p.total))
		}
		p.step(text)
	}
}

func (p *meter) end() {
	if p != nil {
		fmt.Fprint(p.w, "\r\033[K")
	}
}

func (p *meter) reader(r io.Reader) io.Reader {
	if p == nil {
		return r
	}
	return meterReader{p, r}
}

type meterReader struct {
	p *meter
	r io.Reader
}

func (r meterReader) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	r.p.add(int64(n))
	return n, err
}
