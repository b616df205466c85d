package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tintype/internal/config"
	"tintype/internal/move"
	"tintype/internal/store"
)

// wayBackEntry is the way back for programs.
type wayBackEntry struct {
	To       string `json:"to"`
	Behind   int64  `json:"behind"`    // writes
	BehindMs int64  `json:"behind_ms"` // how long ago that place had everything; -1 before it has had once
	Replayed int64  `json:"replayed"`  // writes, about
	Until    int64  `json:"until"`     // milliseconds since 1970; 0 before it has begun
	Lasts    int64  `json:"lasts_ms"`
	Most     int64  `json:"most_behind"`
	Going    bool   `json:"going_back"` // a move back is under way
	Ended    string `json:"ended"`      // why it has ended, "" while it has not
}

// describeWayBack says how far the place is kept up that the site has left; nil where it is not.
func describeWayBack(ctx context.Context, d *databases) (*wayBackEntry, string, error) {
	b, err := move.ReadWayBack(ctx, d.source, d.target)
	if err != nil || b == nil {
		return nil, "", err
	}
	e := &wayBackEntry{To: b.To, Behind: b.Behind, BehindMs: -1, Replayed: b.Replayed, Until: int64(b.Until), Lasts: b.Lasts.Milliseconds(), Most: b.Most, Going: b.Going, Ended: b.Why}
	if b.Late >= 0 {
		e.BehindMs = b.Late.Milliseconds()
	}
	return e, b.String(), nil
}

// databaseEntry is where the database is, for programs.
type databaseEntry struct {
	InCharge  string `json:"in_charge"` // "" where that is not known, because one of the two is away
	Other     string `json:"other"`
	UnderWay  bool   `json:"under_way"` // from the one in charge to the other
	Switching bool   `json:"switching"` // writes are held
	Moved     bool   `json:"moved"`     // the site has left Other
	Rows      int64  `json:"rows"`
	Bytes     int64  `json:"bytes"`
	Total     int64  `json:"of_rows"` // about; 0 where they were not counted in time
	Behind    int64  `json:"behind"`  // writes
	Mover     string `json:"mover"`   // "" where nobody is at work
	Text      string `json:"text"`
}

// describeDatabase says where the database is, and what the way back is like; nil where it has no other place.
func describeDatabase(ctx context.Context, c *call) (*databaseEntry, *wayBackEntry, error) {
	cfg, err := c.config()
	if err != nil || cfg.DatabaseNext == nil {
		return nil, nil, err
	}
	entry, back, err := c.describeBoth(ctx)
	if err != nil {
		text, aloneErr := describeAlone(ctx, []config.Database{cfg.Database, *cfg.DatabaseNext})
		if aloneErr != nil {
			return nil, nil, err
		}
		return &databaseEntry{Text: text}, nil, nil
	}
	return entry, back, nil
}

// describeBoth is describeDatabase where both databases answer. One may take connections and say nothing: nobody waits for that.
func (c *call) describeBoth(ctx context.Context) (entry *databaseEntry, back *wayBackEntry, err error) {
	asking, cancel := context.WithTimeout(ctx, aloneTime)
	defer cancel()
	d, err := c.databases(asking, nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	s, err := move.ReadDatabaseStatus(asking, d.source, d.target, -1)
	if err != nil {
		return nil, nil, err
	}
	if s.Total = 0; s.UnderWay {
		// A large file takes long to count. Both have answered: all else is told without that.
		counting, cancel := context.WithTimeout(ctx, aloneTime)
		defer cancel()
		if total, err := d.source.AboutRows(counting); err == nil {
			s.Total = total
		}
	}
	telling, cancel := context.WithTimeout(ctx, aloneTime)
	defer cancel()
	text, back, err := d.describe(telling, s)
	return &databaseEntry{s.InCharge, s.Other, s.UnderWay, s.Switching, s.Moved, s.Rows, s.Bytes, s.Total, s.Behind, s.Mover.Name, text}, back, err
}

// describeAlone says what one of the two databases tells while the other one is away.
func describeAlone(ctx context.Context, settings []config.Database) (string, error) {
	var texts, away []string
	for _, s := range settings {
		p, err := store.NewPlace(ctx, store.Options{URL: s.URL.Value})
		if err != nil {
			return "", err
		}
		asking, cancel := context.WithTimeout(ctx, aloneTime)
		text, err := tells(asking, p)
		cancel()
		if err != nil {
			away = append(away, fmt.Sprintf("%s does not answer: %v.", p.Name(), err))
		} else {
			texts = append(texts, text)
		}
		if err := p.Close(); err != nil {
			return "", err
		}
	}
	if len(texts) != 1 {
		return "", errors.New(strings.Join(away, " "))
	}
	return texts[0] + " " + away[0], nil
}

// tells is what a database says of where the site is.
func tells(ctx context.Context, p *store.Place) (string, error) {
	g, err := p.Gate(ctx)
	if err != nil {
		return "", err
	}
	m, err := p.Move(ctx)
	switch {
	case err != nil:
		return "", err
	case g.Mode == store.GateOpen && m.Logs:
		return fmt.Sprintf("The database is in %s, and is being moved to %s.", p.Name(), m.Peer), nil
	case g.Mode == store.GateOpen && m.ID == "" && g.Generation == 0:
		return fmt.Sprintf("%s takes part in no move, and has never.", p.Name()), nil
	case g.Mode == store.GateOpen:
		return fmt.Sprintf("The database is in %s.", p.Name()), nil
	case g.Mode == store.GateMoved:
		return fmt.Sprintf("The database has moved from %s to %s.", p.Name(), m.Peer), nil
	}
	return fmt.Sprintf("%s is %s, from %s.", p.Name(), g.Mode, m.Peer), nil
}

// describe says it in sentences.
func (d *databases) describe(ctx context.Context, s move.DatabaseStatus) (string, *wayBackEntry, error) {
	back, text, err := describeWayBack(ctx, d)
	if err != nil {
		return "", nil, err
	}
	if text != "" {
		text = " " + text
	}
	switch {
	case s.Moved, s.GoesBack():
		return s.After() + text, back, nil
	case s.UnderWay:
		of := ""
		if s.Total > 0 {
			of = fmt.Sprintf(" of about %d", max(s.Total, s.Rows))
		}
		return fmt.Sprintf("The database is moving from %s to %s: %d%s rows are copied, %d writes are behind. %s",
			d.source.Name(), d.target.Name(), s.Rows, of, s.Behind, move.DescribeMover(s.Mover)), nil, nil
	}
	return fmt.Sprintf("The database is in %s.", d.source.Name()), nil, nil
}
