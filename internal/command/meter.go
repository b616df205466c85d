package command

import (
	"fmt"
	"io"
	"os"
	"strings"
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
	// columns is the width of a line; 0: the terminal says.
	columns int
}

// newMeter is nil where w is no terminal.
func newMeter(w io.Writer) *meter {
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		return &meter{w: w}
	}
	return nil
}

// step says what is done in the one line that changes. Words that the terminal has no room for are left out: a line that
// breaks is not written over.
func (p *meter) step(what string) {
	if p != nil {
		fmt.Fprintf(p.w, "\r\033[K%s", cut(what, p.width()-1))
	}
}

// bar is step with a bar before it, of which so much is done: from 0 to 1.
func (p *meter) bar(done float64, what string) {
	if p == nil {
		return
	}
	cells := 20
	if p.width() < 60 {
		cells = 10
	}
	done = min(max(done, 0), 1)
	full := int(done * float64(cells))
	p.step(fmt.Sprintf("[%s%s] %3d%% %s", strings.Repeat("#", full), strings.Repeat("-", cells-full), int(100*done), what))
}

// width is how many characters a line of the terminal has.
func (p *meter) width() int {
	if p.columns > 0 {
		return p.columns
	}
	if f, ok := p.w.(*os.File); ok {
		if n := terminalWidth(f); n > 0 {
			return n
		}
	}
	return 80
}

// cut leaves out what goes beyond so many characters.
func cut(text string, most int) string {
	letters := []rune(text)
	if len(letters) <= most || most < 1 {
		return text
	}
	return string(letters[:most-1]) + "…"
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
