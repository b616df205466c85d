package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// AddEvent writes an event in the transaction that it announces; every instance reads it. accountID is the account that
// it concerns (0: everybody), refID what it is about. The payload becomes JSON; nil is none.
func (s *conn) AddEvent(ctx context.Context, kind string, accountID, refID int64, payload any) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("payload of an event %s: %w", kind, err)
	}
	for try := 1; ; try++ {
		err = translate(s.write(ctx).Exec("INSERT INTO events (id, at, kind, account_id, ref_id, payload) VALUES (?, "+
			s.dialect.nowMillis()+", ?, ?, ?, ?)", s.NewID(), kind, accountID, refID, string(b)).Error)
		var c *ConflictError
		if !errors.As(err, &c) || try == 3 {
			break
		}
	}
	if err != nil {
		return err
	}
	if f := s.signals.onEvent.Load(); f != nil {
		s.AfterCommit(func() { (*f)(kind) })
	}
	if f := s.signals.event.Load(); f != nil {
		s.AfterCommit(*f)
	}
	return nil
}

// EventsAfter lists events after the position (at, id) in that order, from the primary. A transaction that commits late
// adds events to the past, so followers reread as far back as a transaction may last. This
// process draws ids above theirs from then on.
func (s *conn) EventsAfter(ctx context.Context, at Millis, id int64, limit int) ([]Event, error) {
	rows, err := s.read(Primary(ctx)).Raw("SELECT id, at, kind, account_id, ref_id, payload FROM events WHERE at >= ? AND (at > ? OR id > ?) ORDER BY at, id LIMIT ?",
		at, at, id, limit).Rows()
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		var e Event
		var payload []byte
		if err := rows.Scan(&e.ID, &e.At, &e.Kind, &e.AccountID, &e.RefID, &payload); err != nil {
			return nil, translate(err)
		}
		e.Payload = payload
		s.ids.raise(e.ID)
		events = append(events, e)
	}
	return events, translate(rows.Err())
}
