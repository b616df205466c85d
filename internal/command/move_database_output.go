package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"tintype/internal/config"
	"tintype/internal/move"
	"tintype/internal/store"
)

// databaseOutput says how far the move is: on a terminal by a bar in one line that changes, in a pipe every ten seconds, for
// programs an object a line.
type databaseOutput struct {
	w     io.Writer
	json  bool
	meter *meter
	total int64
	begin time.Time
	first int64 // rows when it began
	// How long the copy took, and how many rows there were at its end.
	copying time.Duration
	rows    int64
	last    time.Time
	said    string
}

func newDatabaseOutput(w io.Writer, asJSON bool) *databaseOutput {
	o := &databaseOutput{w: w, json: asJSON}
	if !asJSON {
		o.meter = newMeter(w)
	}
	return o
}

func (o *databaseOutput) say(event string, fields map[string]any, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if o.json {
		all := map[string]any{"event": event, "text": text}
		for k, v := range fields {
			all[k] = v
		}
		e := json.NewEncoder(o.w)
		e.SetEscapeHTML(false)
		return e.Encode(all)
	}
	o.meter.end()
	_, err := fmt.Fprintln(o.w, text)
	return err
}

// progress is called after each step.
func (o *databaseOutput) progress(p move.Progress) {
	text, trouble, done := p.Phase, "", 1.0
	fields := map[string]any{
		"phase": p.Phase, "rows": p.Rows, "bytes": p.Bytes, "of_rows": o.total, "behind": p.Behind,
		"writes_held_ms": p.Held.Milliseconds(), "writes_held_longest_ms": p.Longest.Milliseconds(),
	}
	if p.Phase == "copying" {
		if o.begin.IsZero() {
			o.begin, o.first = time.Now(), p.Rows
		}
		o.copying, o.rows = time.Since(o.begin), p.Rows
		text = fmt.Sprintf("copying: %d of about %d rows", p.Rows, max(o.total, p.Rows))
		done = float64(p.Rows) / float64(max(o.total, p.Rows, 1))
		if took := o.copying.Seconds(); took > 1 && p.Rows > o.first {
			rate := float64(p.Rows-o.first) / took
			left := time.Duration(float64(max(o.total-p.Rows, 0)) / rate * float64(time.Second))
			text += fmt.Sprintf(", %.0f a second, about %s left", rate, left.Round(time.Second))
			fields["rows_per_second"], fields["left_ms"] = math.Round(rate), left.Milliseconds()
		}
	}
	if p.Behind > 0 && p.Phase == "replaying" {
		text += fmt.Sprintf(": %d writes behind", p.Behind)
	}
	if len(p.Waits) > 0 {
		text += fmt.Sprintf(" for %s, which may be up to two minutes where one hangs or was killed", strings.Join(p.Waits, " and "))
	}
	text += "; " + describeHold(p)
	if p.GivenUp > 0 {
		text += fmt.Sprintf("; the switch was not over in a second %d times, and is tried again", p.GivenUp)
	}
	if p.Trouble != nil {
		trouble = p.Trouble.Error()
		fields["trouble"] = trouble
	}
	if o.meter != nil {
		if trouble != "" && trouble != o.said {
			o.meter.end()
			fmt.Fprintln(o.w, "Tries again: "+trouble) // whole, as no line that changes is
		}
		o.said = trouble
		o.meter.bar(done, text)
		return
	}
	if time.Since(o.last) < moveEvery && (trouble == "" || o.said == trouble) {
		return
	}
	o.last, o.said = time.Now(), trouble
	if trouble != "" {
		text += "; tries again: " + trouble
	}
	_ = o.say("progress", fields, "%s", text) // who does not read has gone
}

// describeHold says what the site's writes wait now, as far as this command has asked them to.
func describeHold(p move.Progress) string {
	text := "no write is held"
	if p.Held > 0 {
		text = fmt.Sprintf("writes have been held for %s now", p.Held.Round(time.Millisecond))
	}
	if p.Longest > p.Held {
		text += fmt.Sprintf(", before for %s at most", p.Longest.Round(time.Millisecond))
	}
	return text
}

// figures says what the move took. This run may have decided nothing: then it did not hold the writes.
func (o *databaseOutput) figures(took, held time.Duration) error {
	rows := o.rows - o.first
	text := fmt.Sprintf("It took %s", took.Round(time.Second/10))
	if rows > 0 && o.copying > 0 {
		text += fmt.Sprintf(", of which the copy of %d rows %s (%.0f a second)", rows, o.copying.Round(time.Second/10), float64(rows)/o.copying.Seconds())
	}
	if held > 0 {
		text += fmt.Sprintf(". Writes were held for %s", held.Round(time.Millisecond))
	}
	return o.say("took", map[string]any{"took_ms": took.Milliseconds(), "rows": rows, "copy_ms": o.copying.Milliseconds(), "held_ms": held.Milliseconds()}, "%s.", text)
}

// plan says what the move and the way back cost.
func (o *databaseOutput) plan(d *databases, found *move.DatabaseChecked, way wayBack, cheap, empties bool) error {
	text := fmt.Sprintf("It takes %s. Writes wait for less than a second at the end.", about(found.Takes))
	if empties {
		text = d.target.Name() + " is emptied first. " + text
	}
	if cheap {
		text = fmt.Sprintf("%s was kept up, so nothing is copied. What was written last is brought there, and every row of both is read and compared: that takes %s. Writes wait for less than a second at the end.", d.target.Name(), about(found.Takes))
	}
	text += "\n" + needed(d, found, cheap)
	if way.set {
		text += fmt.Sprintf("\nThe way back: for %s, %s is kept up with what is written in %s, by the processes of the site. Each write also adds a line to a log, which makes it %s. While it lasts, tintype move back database copies nothing. It ends early if more than %d writes are behind: the site goes on, and the way back then copies everything again.",
			way.lasts, d.source.Name(), d.target.Name(), wayBackCost(d.target), move.WayBackMost)
	} else {
		text += fmt.Sprintf("\nThe way back: tintype move back database copies everything again, as this move does. With --way-back it would copy nothing: %s would be kept up for a day with what is written in %s, which makes each write %s.",
			d.source.Name(), d.target.Name(), wayBackCost(d.target))
	}
	return o.say("plan", map[string]any{"way_back": way.set, "takes_ms": found.Takes.Milliseconds(), "empties": empties}, "%s", text)
}

// needed says what the move takes.
func needed(d *databases, found *move.DatabaseChecked, cheap bool) string {
	text := "Needed: every process of the site has both databases (DATABASE_NEXT)"
	var servers []string
	for _, p := range []*store.Place{d.source, d.target} {
		if p.Dialect() != "sqlite" {
			servers = append(servers, p.Name())
		}
	}
	if len(servers) > 0 {
		text += "; the rights CREATE, DROP and TRIGGER in " + strings.Join(servers, " and ") + ", and log_bin_trust_function_creators where a binary log is written"
	}
	if !cheap {
		text += fmt.Sprintf("; about %s of room for %s", config.FormatSize(2*found.Bytes), d.target.Name())
	}
	return text + "."
}

// about is a time that was reckoned, in words.
func about(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 90*time.Second:
		return "about a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("about %.0f minutes", d.Minutes())
	}
	return fmt.Sprintf("about %.0f hours", d.Hours())
}

// wayBackCost is what a write takes while its database logs for a way back, as docs/decisions/0010 has measured it.
func wayBackCost(in *store.Place) string {
	if in.Dialect() == "sqlite" {
		return "take nearly twice as long (0.1 ms more)"
	}
	return "take half as long again (0.2 ms more)"
}

// check looks at everything before a move begins.
func (o *databaseOutput) check(ctx context.Context, d *databases, ask move.CheckOptions) (*move.DatabaseChecked, error) {
	begin := time.Now()
	ask.Each = func(rows int64) { o.meter.step(fmt.Sprintf("looking at every row: %d", rows)) }
	found, err := move.CheckDatabase(ctx, d.source, d.target, ask)
	if err != nil {
		return nil, err
	}
	o.total = found.Rows
	if len(found.Problems) > 0 {
		return nil, fmt.Errorf("nothing was begun:\n  %s", strings.Join(found.Problems, "\n  "))
	}
	if len(found.Unknown) > 0 {
		if err := o.say("unknown", map[string]any{"unknown": found.Unknown}, "Not known: %s.", strings.Join(found.Unknown, "; ")); err != nil {
			return nil, err
		}
	}
	if ask.Back {
		return found, o.say("checked", map[string]any{"processes": found.Processes}, "%s.", haveBoth(found.Processes))
	}
	if found.Bare {
		return found, o.say("checked", map[string]any{"rows": found.Rows, "bytes": found.Bytes, "processes": found.Processes},
			"There are %d rows, %s, which were read in %s. %s is empty: the schema is made there and each row looked at, whether it fits, when the move begins; %s.",
			found.Rows, config.FormatSize(found.Bytes), time.Since(begin).Round(time.Second/10), d.target.Name(), haveBoth(found.Processes))
	}
	return found, o.say("checked", map[string]any{"rows": found.Rows, "bytes": found.Bytes, "processes": found.Processes},
		"There are %d rows, %s, which were read in %s and fit; %s.", found.Rows, config.FormatSize(found.Bytes), time.Since(begin).Round(time.Second/10), haveBoth(found.Processes))
}

func haveBoth(processes int) string {
	if processes == 1 {
		return "1 process has both databases"
	}
	return fmt.Sprintf("%d processes have both databases", processes)
}

// moved says what to write into the settings.
func (o *databaseOutput) moved(ctx context.Context, d *databases) error {
	now, before := 1, 0
	if !d.swapped {
		now, before = before, now
	}
	lines := fmt.Sprintf("  DATABASE_URL=%s\n  DATABASE_NEXT=%s", d.settings[now], d.settings[before])
	for setting, list := range [][]string{d.replicas[now], d.replicas[before]} {
		if len(list) > 0 {
			lines += fmt.Sprintf("\n  %s=%s", [...]string{"DATABASE_REPLICA_URLS", "DATABASE_REPLICA_URLS_NEXT"}[setting], strings.Join(list, ","))
		}
	}
	m, err := d.source.Move(ctx)
	if err != nil {
		return err
	}
	end := fmt.Sprintf("Until `tintype move finish database`, %s goes on refusing to be written.", d.target.Name())
	if m.WayBack {
		end = fmt.Sprintf("%s is kept up: until `tintype move finish database`, `tintype move back database` copies nothing. `tintype move status` says how long that lasts, and how far behind it is.", d.target.Name())
	}
	return o.say("moved", map[string]any{"in_charge": d.source.Name(), "way_back": m.WayBack},
		"The database is in %s. Write into the settings of all processes, at leisure (with the passwords, which are not shown):\n%s\n%s",
		d.source.Name(), lines, end)
}
