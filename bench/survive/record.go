package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// fault is something that must not happen at all.
type fault string

const (
	lost    fault = "lost"    // an acknowledged post that is not there
	doubled fault = "doubled" // a post that is there twice
	logout  fault = "logouts" // a member or an application who is taken for a visitor
	stale   fault = "stale"   // a read after one's own write that does not know of it
)

var faults = []fault{lost, doubled, logout, stale}

// shownIncidents bounds what the report tells of each fault.
const shownIncidents = 10

// A count is requests of one kind in one phase.
type count struct {
	Asked  int            `json:"asked"`
	Failed int            `json:"failed"`
	Why    map[string]int `json:"why,omitempty"` // of the failed ones
	Worst  float64        `json:"slowest_seconds"`
}

// A phaseCount counts all requests that ended in one phase.
type phaseCount struct {
	Name    string          `json:"phase"`
	Seconds float64         `json:"seconds"`
	Kinds   map[kind]*count `json:"requests"`
	Samples []*sample       `json:"samples,omitempty"`
}

// A sample is one failed request, and what the instance that answered it logged.
type sample struct {
	Why     string `json:"why"`
	Request string `json:"request"`
	ID      string `json:"request_id,omitempty"` // "" where no instance answered
	Log     string `json:"log,omitempty"`
}

// samplesEach is how many failed requests a phase keeps for each why.
const samplesEach = 3

func (p *phaseCount) sum(of ...kind) (c count) {
	if of == nil {
		of = kinds
	}
	for _, k := range of {
		if n := p.Kinds[k]; n != nil {
			c.Asked += n.Asked
			c.Failed += n.Failed
			c.Worst = max(c.Worst, n.Worst)
		}
	}
	return c
}

// A record is what a run has seen so far. Safe for concurrent use.
type record struct {
	progress io.Writer // where incidents are told as they happen

	mu        sync.Mutex
	phases    []*phaseCount
	began     time.Time // the last of phases
	faults    map[fault]int
	incidents []string
}

func newRecord(progress io.Writer) *record {
	return &record{progress: progress, faults: map[fault]int{}}
}

// enter begins a phase: what ends from now on counts for it.
func (r *record) enter(name string) *phaseCount {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close()
	p := &phaseCount{Name: name, Kinds: map[kind]*count{}}
	r.phases, r.began = append(r.phases, p), time.Now()
	return p
}

func (r *record) close() {
	if n := len(r.phases); n > 0 && r.phases[n-1].Seconds == 0 {
		r.phases[n-1].Seconds = time.Since(r.began).Seconds()
	}
}

// count notes one request that has ended; failed is nil if it did not fail.
func (r *record) count(k kind, failed *sample, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.phases) == 0 {
		return
	}
	p := r.phases[len(r.phases)-1]
	c := p.Kinds[k]
	if c == nil {
		c = &count{Why: map[string]int{}}
		p.Kinds[k] = c
	}
	c.Asked++
	c.Worst = max(c.Worst, took.Seconds())
	if failed == nil {
		return
	}
	c.Failed++
	c.Why[failed.Why]++
	same := 0
	for _, s := range p.Samples {
		if s.Why == failed.Why {
			same++
		}
	}
	if same < samplesEach {
		p.Samples = append(p.Samples, failed)
	}
}

// explain adds to each sample what was logged of it.
func (r *record) explain(logs []string) {
	for _, p := range r.phases {
		for _, s := range p.Samples {
			for _, log := range logs {
				if at := strings.Index(log, "request_id="+s.ID); s.ID != "" && at >= 0 {
					line := log[strings.LastIndexByte(log[:at], '\n')+1:]
					s.Log, _, _ = strings.Cut(line, "\n")
				}
			}
		}
	}
}

// asked is how many requests have ended in a phase so far.
func (r *record) asked(p *phaseCount) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return p.sum().Asked
}

// incident records a fault, and reports it at once.
func (r *record) incident(f fault, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[f]++
	phase := "the check at the end"
	if n := len(r.phases); n > 0 {
		phase = r.phases[n-1].Name
	}
	text := fmt.Sprintf("%s, %s: %s", f, phase, fmt.Sprintf(format, args...))
	if r.faults[f] <= shownIncidents {
		r.incidents = append(r.incidents, text)
		fmt.Fprintln(r.progress, "!!", time.Now().Format("15:04:05.000"), text)
	}
}
