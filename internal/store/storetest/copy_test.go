package storetest_test

import (
	"context"
	"slices"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A database whose schema was copied is one that was migrated: its tables are, column by column and key by key, and nothing is left
// to migrate.
func TestACopiedSchemaIsTheMigratedOne(t *testing.T) {
	for _, f := range servertest.Flavours {
		t.Run(f.String(), func(t *testing.T) {
			server := f.Server(t)
			var first []string
			for i := range 2 {
				address := server.NewDatabase(t)
				storetest.Migrate(t, address)
				storetest.Migrate(t, address) // which has nothing to do
				state, err := store.NewMigrator(storetest.Options(address)).State(t.Context())
				if err != nil || state.Usable() != nil {
					t.Fatalf("database %d: %+v, %v", i, state, err)
				}
				s, err := store.Open(t.Context(), storetest.Options(address))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				lines := described(t, s)
				if i == 0 {
					first = lines
				}
				if len(lines) < 500 || !slices.Equal(lines, first) {
					t.Errorf("database %d has %d lines, the first %d", i, len(lines), len(first))
				}
			}
		})
	}
}

// described says what a database has: columns, keys and references.
func described(t *testing.T, s *store.Store) (lines []string) {
	t.Helper()
	for _, query := range []string{
		"SELECT CONCAT_WS(' ', table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra, collation_name) FROM information_schema.columns WHERE table_schema = DATABASE()",
		"SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, sub_part, non_unique, index_type) FROM information_schema.statistics WHERE table_schema = DATABASE()",
		"SELECT CONCAT_WS(' ', table_name, constraint_name, unique_constraint_name, delete_rule, referenced_table_name) FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()",
		"SELECT CONCAT_WS(' ', table_name, engine, row_format, table_collation) FROM information_schema.tables WHERE table_schema = DATABASE()",
	} {
		rows, err := s.SQL().QueryContext(context.WithoutCancel(t.Context()), query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(lines)
	return lines
}
