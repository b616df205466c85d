package store

import (
	"context"
	"math"
	"time"
)

// Attempt counts one try in the bucket if fewer than limit were counted in the sliding window that ends now, by the
// database's clock. Tries of the fixed window before count by the share of it that the sliding window still covers. A
// refused try is not counted; retryAfter is when one would be allowed.
func (s *conn) Attempt(ctx context.Context, bucket string, limit int, window time.Duration) (allowed bool, retryAfter time.Duration, err error) {
	w := max(window.Milliseconds(), 1)
	var row struct {
		Moment  int64
		Current *int // nil: there is no row yet
		Earlier int
	}
	err = s.read(Primary(ctx)).Raw("SELECT t.moment, c.count AS current, COALESCE(e.count, 0) AS earlier FROM (SELECT "+s.dialect.nowMillis()+" AS moment) t"+
		" LEFT JOIN attempts c ON c.bucket = ? AND c.window_start = t.moment - t.moment % ?"+
		" LEFT JOIN attempts e ON e.bucket = ? AND e.window_start = t.moment - t.moment % ? - ?", bucket, w, bucket, w, w).Scan(&row).Error
	if err != nil {
		return false, 0, translate(err)
	}
	start, before := row.Moment/w*w, row.Earlier
	passed := float64(row.Moment-start) / float64(w)
	current, known := 0, row.Current != nil
	if known {
		current = *row.Current
	}
	room := limit - int(math.Ceil(float64(before)*(1-passed)))
	if current < room {
		if !known {
			if err := s.write(ctx).Exec(s.dialect.insertIgnore()+" attempts (bucket, window_start, count) VALUES (?, ?, 0)", bucket, start).Error; err != nil {
				return false, 0, translate(err)
			}
		}
		// The condition decides, so that tries at the same moment cannot pass together.
		res := s.write(ctx).Exec("UPDATE attempts SET count = count + 1 WHERE bucket = ? AND window_start = ? AND count < ?", bucket, start, room)
		if res.Error != nil {
			return false, 0, translate(res.Error)
		}
		if res.RowsAffected == 1 {
			return true, 0, nil
		}
		current = max(current, room)
	}
	return false, retryIn(limit, current, before, passed, time.Duration(w)*time.Millisecond), nil
}

// retryIn computes when the count in the sliding window falls below the limit.
func retryIn(limit, current, before int, passed float64, window time.Duration) time.Duration {
	at := 1.0 // as a share of the window
	switch {
	case limit < 1:
		at = 2
	case current < limit && before > 0: // the earlier tries stand in the way
		at = 1 - float64(limit-1-current)/float64(before)
	default: // this window's own tries do: the next window sees them fade
		at = 2 - float64(limit-1)/float64(max(current, 1))
	}
	d := time.Duration(math.Ceil((at-passed)*window.Seconds())) * time.Second
	return min(max(d, time.Second), 2*window)
}

// TakeBackAttempt uncounts one try that succeeded and that the limit is not meant for.
func (s *conn) TakeBackAttempt(ctx context.Context, bucket string, window time.Duration) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	w := max(window.Milliseconds(), 1)
	start := int64(now) / w * w
	return translate(s.write(ctx).Exec("UPDATE attempts SET count = count - 1 WHERE bucket = ? AND window_start = ? AND count > 0", bucket, start).Error)
}

// DeleteAttempts removes at most limit windows that started before the moment, and returns how many.
func (s *conn) DeleteAttempts(ctx context.Context, before Millis, limit int) (int64, error) {
	var rows []struct {
		Bucket      string
		WindowStart int64
	}
	if err := s.read(Primary(ctx)).Raw("SELECT bucket, window_start FROM attempts WHERE window_start < ? ORDER BY window_start LIMIT ?", before, limit).Scan(&rows).Error; err != nil {
		return 0, translate(err)
	}
	for i, r := range rows {
		if err := s.write(ctx).Exec("DELETE FROM attempts WHERE bucket = ? AND window_start = ?", r.Bucket, r.WindowStart).Error; err != nil {
			return int64(i), translate(err)
		}
	}
	return int64(len(rows)), nil
}
