package ladder

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"time"
)

// A Day is what the processes of a site have measured.
type Day struct {
	Now       time.Time
	Processes []Process
	Site      Site
	every     time.Duration // what counts as a minute
	minutes   []int64       // in which any process has measured, in milliseconds since 1970
	series    map[string][]float64
	away      int // minutes between the first and the last in which no process for the web has measured
}

// A Process is one that has measured itself during the day.
type Process struct {
	ID    int64
	Host  string
	Facts Facts
	There bool               // it has measured itself just now
	sums  map[string]float64 // what a figure a second comes to in the day
	seen  int64              // when its last minute began
}

// Count is what a figure a second comes to in the day.
func (p Process) Count(signal string) float64 { return p.sums[signal] }

// missed is after how many minutes of silence a process counts as gone.
const missed = 5

// ReadDay makes a Day of the rows of its processes. Rows that cannot be read are left out: another release wrote them.
// So are figures of processes that stood on something else than those that are there now: before a setting was changed
// or a part was moved.
func ReadDay(rows []Row, now time.Time) *Day {
	d := &Day{Now: now, series: map[string][]float64{}, every: time.Minute}
	processes := map[int64]*Process{}
	type parsed struct {
		instance int64
		q        quarter
		facts    Facts
	}
	var known []parsed
	var web []int64
	for _, row := range rows {
		r := parsed{instance: row.Instance}
		if json.Unmarshal([]byte(row.Figures), &r.q) != nil || json.Unmarshal([]byte(row.Facts), &r.facts) != nil || r.q.Every <= 0 || len(r.q.Minutes) == 0 {
			continue
		}
		known = append(known, r)
		d.every = time.Duration(r.q.Every) * time.Millisecond
		p := processes[row.Instance]
		if p == nil {
			p = &Process{ID: row.Instance, sums: map[string]float64{}}
			processes[row.Instance] = p
		}
		if last := slices.Max(r.q.Minutes); last >= p.seen {
			p.seen, p.Facts, p.Host = last, r.facts, row.Host
		}
		if r.facts.Web {
			web = append(web, r.q.Minutes...)
		}
	}
	d.away = gaps(web, d.every.Milliseconds())
	newest := now.UnixMilli() - d.every.Milliseconds()
	for _, p := range processes {
		newest = max(newest, p.seen)
	}
	footings := map[string]bool{}
	for _, p := range processes {
		if p.There = newest-p.seen < missed*d.every.Milliseconds(); p.There {
			footings[p.Facts.footing()] = true
		}
	}
	if len(footings) == 0 { // nobody is there: the last who were
		for _, p := range processes {
			footings[p.Facts.footing()] = true
		}
	}
	all := map[int64]map[int64]Figures{} // by minute and process
	for _, r := range known {
		if !footings[r.facts.footing()] {
			continue
		}
		p := processes[r.instance]
		for i, at := range r.q.Minutes {
			f := Figures{}
			for name, list := range r.q.Figures {
				if i < len(list) && list[i] != nil {
					f[name] = *list[i]
					p.sums[name] += *list[i] * d.every.Seconds()
				}
			}
			if all[at] == nil {
				all[at] = map[int64]Figures{}
			}
			all[at][r.instance] = f
		}
	}
	for at := range all {
		d.minutes = append(d.minutes, at)
	}
	slices.Sort(d.minutes)
	d.fold(all)
	for _, p := range processes {
		d.Processes = append(d.Processes, *p)
	}
	slices.SortFunc(d.Processes, func(a, b Process) int {
		if a.There != b.There {
			if a.There {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.ID, b.ID))
	})
	d.Site = siteOf(d.Processes)
	return d
}

// footing is what a process stands on, whatever its release.
func (f Facts) footing() string {
	f.Release = ""
	raw, _ := json.Marshal(f) // a struct of texts and numbers
	return string(raw)
}

// fold makes of the processes' figures of each minute one of the site.
func (d *Day) fold(all map[int64]map[int64]Figures) {
	for _, s := range Signals {
		list := make([]float64, len(d.minutes))
		for i, at := range d.minutes {
			list[i] = math.NaN()
			for _, f := range all[at] {
				v, known := f[s.Name]
				switch {
				case !known:
				case math.IsNaN(list[i]):
					list[i] = v
				case s.fold == foldMost:
					list[i] = max(list[i], v)
				case s.fold == foldSum:
					list[i] += v
				case s.fold == foldLeast:
					list[i] = min(list[i], v)
				}
			}
			if s.Name == Instances {
				list[i] = float64(len(all[at]))
			}
		}
		d.series[s.Name] = list
	}
}

// gaps counts the minutes in which nothing was measured. One that is late by less than a minute is none.
func gaps(minutes []int64, every int64) (n int) {
	slices.Sort(minutes)
	for i := 1; i < len(minutes); i++ {
		if missing := (minutes[i]-minutes[i-1])/every - 1; missing > 1 {
			n += int(missing)
		}
	}
	return n
}

// Minutes is in how many minutes of the day something was measured.
func (d *Day) Minutes() int { return len(d.minutes) }

// known lists the figures of a signal, in the order of the day.
func (d *Day) known(signal string) (list []float64) {
	for _, v := range d.series[signal] {
		if !math.IsNaN(v) {
			list = append(list, v)
		}
	}
	return list
}

// A Measured is a signal of a day.
type Measured struct {
	Name   string  `json:"name"`
	About  string  `json:"about"`
	Unit   string  `json:"unit,omitempty"`
	Now    float64 `json:"now"`
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	Peak   float64 `json:"peak"` // the lowest where little is bad
}

// Measured returns the signals that were measured.
func (d *Day) Measured() (out []Measured) {
	for _, s := range Signals {
		list := d.known(s.Name)
		if len(list) == 0 {
			continue
		}
		m := Measured{Name: s.Name, About: s.About, Unit: s.Unit, Now: list[len(list)-1]}
		for _, v := range list {
			m.Mean += v / float64(len(list))
		}
		slices.Sort(list)
		m.Median, m.Peak = list[len(list)/2], list[len(list)-1]
		if s.fold == foldLeast {
			m.Peak = list[0]
		}
		out = append(out, m)
	}
	return out
}

// held returns the figure that the signal reached in so many minutes of the day, and in how many it reached the bound.
func (d *Day) held(signal string, bound float64, minutes int) (level float64, reached int) {
	list := d.known(signal)
	least := signalOf(signal).fold == foldLeast
	for _, v := range list {
		if !least && v >= bound || least && v <= bound {
			reached++
		}
	}
	slices.Sort(list)
	if !least {
		slices.Reverse(list)
	}
	switch {
	case len(list) >= minutes:
		level = list[minutes-1]
	case len(list) > 0:
		level = list[len(list)-1]
	}
	return level, reached
}

// median returns that of a signal, 0 where nothing is known of it.
func (d *Day) median(signal string) float64 {
	list := d.known(signal)
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// peak returns the highest figure of a signal, 0 where nothing is known of it.
func (d *Day) peak(signal string) (most float64) {
	for _, v := range d.known(signal) {
		most = max(most, v)
	}
	return most
}

// swing returns by how much the busiest half hour of a signal is above the quietest.
func (d *Day) swing(signal string) float64 {
	list := d.known(signal)
	const half = 30
	if len(list) < 2*half {
		return 0
	}
	least, most := math.Inf(1), 0.0
	for chunk := range slices.Chunk(list, half) {
		if len(chunk) < half {
			break
		}
		sum := 0.0
		for _, v := range chunk {
			sum += v
		}
		least, most = min(least, sum/half), max(most, sum/half)
	}
	return most - least
}

// A Site is what its processes stand on together.
type Site struct {
	Facts             // those of a process for the web, where there is one
	Webs, Workers int // processes for the web, and those for jobs alone
}

func siteOf(processes []Process) Site {
	var s Site
	for _, p := range processes {
		if !p.There && (s.Webs > 0 || s.Workers > 0) {
			continue
		}
		switch {
		case p.Facts.Web:
			if s.Webs == 0 {
				s.Facts = p.Facts
			}
			s.Webs++
		default:
			if s.Webs+s.Workers == 0 {
				s.Facts = p.Facts
			}
			s.Workers++
		}
	}
	return s
}
