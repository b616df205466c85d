package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// canonical is a driver's value in the one form that it has in every database.
func (c *PlaceColumn) canonical(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	var err error
	switch c.kind {
	case kindInt:
		switch v := v.(type) {
		case int64:
			return v, nil
		case []byte:
			var n int64
			n, err = strconv.ParseInt(string(v), 10, 64)
			return n, err
		}
	case kindReal:
		switch v := v.(type) {
		case float64:
			return v, nil
		case float32:
			return float64(v), nil
		case int64:
			return float64(v), nil
		case []byte:
			var f float64
			f, err = strconv.ParseFloat(string(v), 64)
			return f, err
		}
	case kindText:
		switch v := v.(type) {
		case string:
			return v, nil
		case []byte:
			return string(v), nil
		}
	case kindBlob:
		switch v := v.(type) {
		case string:
			return []byte(v), nil
		case []byte:
			if v == nil {
				v = []byte{} // a driver writes nil as NULL
			}
			return v, nil
		}
	}
	return nil, fmt.Errorf("the column %s holds a %T and should hold %v", c.Name, v, c.kind)
}

// size is about how many bytes a value takes on its way.
func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) + 3
	case []byte:
		return len(v) + 3
	}
	return 10
}

// encodeKey writes a row's key as the triggers do: integers in digits, anything else as the hexadecimal digits of its
// bytes, with commas between.
func (t *PlaceTable) encodeKey(row PlaceRow) (string, error) {
	var b strings.Builder
	for i, k := range t.key {
		if i > 0 {
			b.WriteByte(',')
		}
		switch v := row[k].(type) {
		case int64:
			b.WriteString(strconv.FormatInt(v, 10))
		case string:
			b.WriteString(strings.ToUpper(hex.EncodeToString([]byte(v))))
		case []byte:
			b.WriteString(strings.ToUpper(hex.EncodeToString(v)))
		default:
			return "", fmt.Errorf("the key column %s.%s holds a %T", t.Name, t.Columns[k].Name, v)
		}
	}
	return b.String(), nil
}

// decodeKey reads what encodeKey and the triggers write.
func (t *PlaceTable) decodeKey(key string) ([]any, error) {
	parts := strings.Split(key, ",")
	if len(parts) != len(t.key) {
		return nil, fmt.Errorf("the log has the key %q of %s", key, t.Name)
	}
	out := make([]any, len(parts))
	for i, part := range parts {
		kind := t.Columns[t.key[i]].kind
		if kind == kindInt {
			n, err := strconv.ParseInt(part, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("the log has the key %q of %s: %w", key, t.Name, err)
			}
			out[i] = n
			continue
		}
		b, err := hex.DecodeString(part)
		if err != nil {
			return nil, fmt.Errorf("the log has the key %q of %s: %w", key, t.Name, err)
		}
		if out[i] = b; kind == kindText {
			out[i] = string(b)
		}
	}
	return out, nil
}

// scanner reads rows of a table.
type scanner struct {
	t    *PlaceTable
	ptrs []any
	vals []any
}

func newScanner(t *PlaceTable) *scanner {
	s := &scanner{t: t, vals: make([]any, len(t.Columns)), ptrs: make([]any, len(t.Columns))}
	for i := range s.vals {
		s.ptrs[i] = &s.vals[i]
	}
	return s
}

func (s *scanner) row(rows *sql.Rows) (PlaceRow, int, error) {
	if err := rows.Scan(s.ptrs...); err != nil {
		return nil, 0, err
	}
	row := make(PlaceRow, len(s.vals))
	n := 0
	for i, v := range s.vals {
		c, err := s.t.Columns[i].canonical(v)
		if err != nil {
			return nil, 0, fmt.Errorf("read %s: %w", s.t.Name, err)
		}
		row[i] = c
		n += size(c)
	}
	return row, n, nil
}

// hash is over the canonical values, so that two databases of different kinds agree.
func (r PlaceRow) hash(order []int, buf []byte) (rowHash, []byte) {
	buf = buf[:0]
	for _, i := range order {
		switch v := r[i].(type) {
		case nil:
			buf = append(buf, 0)
		case int64:
			buf = binary.BigEndian.AppendUint64(append(buf, 1), uint64(v))
		case float64:
			buf = binary.BigEndian.AppendUint64(append(buf, 2), math.Float64bits(v))
		case string:
			buf = append(binary.BigEndian.AppendUint64(append(buf, 3), uint64(len(v))), v...)
		case []byte:
			buf = append(binary.BigEndian.AppendUint64(append(buf, 4), uint64(len(v))), v...)
		}
	}
	sum := sha256.Sum256(buf)
	return rowHash(sum[:16]), buf
}

// byName is the order of the columns in which rows are hashed: the same in both places.
func (t *PlaceTable) byName() []int {
	order := make([]int, len(t.Columns))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(t.Columns[a].Name, t.Columns[b].Name) })
	return order
}

// size is about how many bytes a row takes on its way.
func (r PlaceRow) size() int {
	n := 0
	for _, v := range r {
		n += size(v)
	}
	return n
}

// keyIn is encodeKey for a row with these columns.
func (t *PlaceTable) keyIn(columns []string, row PlaceRow) (string, error) {
	own := make(PlaceRow, len(t.Columns))
	for _, k := range t.key {
		if i := slices.Index(columns, t.Columns[k].Name); i >= 0 {
			own[k] = row[i]
		}
	}
	return t.encodeKey(own)
}

// fits tells what does not fit into the table of a row with these columns, "" if all does.
func (t *PlaceTable) fits(columns []string, row PlaceRow) string {
	for i, v := range row {
		c := t.column(columns[i])
		switch v := v.(type) {
		case string:
			if !utf8.ValidString(v) {
				return c.Name + " is no valid UTF-8"
			}
			if c.most > 0 && int64(len(v)) > c.most && (c.most < 1<<16-1 && int64(utf8.RuneCountInString(v)) > c.most || c.most >= 1<<16-1) {
				return fmt.Sprintf("%s is longer than the %d that fit", c.Name, c.most)
			}
		case []byte:
			if c.most > 0 && int64(len(v)) > c.most {
				return fmt.Sprintf("%s is longer than the %d bytes that fit", c.Name, c.most)
			}
		case int64:
			if v < c.low || v > c.high {
				return fmt.Sprintf("%s is %d, which does not fit", c.Name, v)
			}
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return c.Name + " is no finite number"
			}
		}
	}
	return ""
}
