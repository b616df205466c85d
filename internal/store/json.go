package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// JSON keeps V as JSON text in its column.
type JSON[T any] struct{ V T }

// Value implements driver.Valuer.
func (j JSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	return string(b), err
}

// Scan implements sql.Scanner; an empty text is the zero value.
func (j *JSON[T]) Scan(src any) error {
	var b []byte
	switch s := src.(type) {
	case string:
		b = []byte(s)
	case []byte:
		b = s
	case nil:
	default:
		return fmt.Errorf("store: cannot read %T as JSON", src)
	}
	var v T
	if len(b) > 0 {
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("store: JSON column: %w", err)
		}
	}
	j.V = v
	return nil
}
