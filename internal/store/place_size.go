package store

import (
	"context"
	"fmt"
	"strings"
)

// AboutRows is how many rows a move copies: counted on SQLite, and on MySQL as the server guesses, which may be half or
// twice as many.
func (p *Place) AboutRows(ctx context.Context) (int64, error) {
	var counts, names []string
	var args []any
	for _, t := range p.tables {
		counts = append(counts, "(SELECT COUNT(*) FROM "+identifier(t.Name)+")")
		names = append(names, "?")
		args = append(args, t.Name)
	}
	query := "SELECT COALESCE(SUM(table_rows), 0) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN (" + strings.Join(names, ", ") + ")"
	if p.onSQLite() {
		query, args = "SELECT "+strings.Join(counts, " + "), nil
	}
	var n int64
	if err := p.r.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the rows of %s: %w", p.name, translate(err))
	}
	return n, nil
}
