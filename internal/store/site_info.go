package store

import (
	"context"

	"gorm.io/gorm"
)

// SiteInfo returns a value of the site itself, ErrNotFound where nobody has set it. It reads on the primary.
func (s *conn) SiteInfo(ctx context.Context, name string) (string, error) {
	var rows []string
	if err := s.read(Primary(ctx)).Raw("SELECT value FROM site_info WHERE name = ?", name).Scan(&rows).Error; err != nil {
		return "", translate(err)
	}
	if len(rows) == 0 {
		return "", ErrNotFound
	}
	return rows[0], nil
}

// SetSiteInfo inserts or replaces a value.
func (s *conn) SetSiteInfo(ctx context.Context, name, value string) error {
	d := s.dialect
	return translate(s.write(ctx).Exec("INSERT INTO site_info (name, value) VALUES (?, ?) "+
		d.upsert("name", "value = "+d.new("value")), name, value).Error)
}

// AddSiteInfo inserts a value unless it exists, and reports whether it did. Of several processes one gets true.
func (s *conn) AddSiteInfo(ctx context.Context, name, value string) (bool, error) {
	res := s.write(ctx).Exec(s.dialect.insertIgnore()+" site_info (name, value) VALUES (?, ?)", name, value)
	return res.RowsAffected == 1, translate(res.Error)
}

// SiteInfos returns the values whose names begin so, by their names. It reads on the primary.
func (s *conn) SiteInfos(ctx context.Context, prefix string) (map[string]string, error) {
	return siteInfos(s.read(Primary(ctx)), prefix, "")
}

// LockSiteInfos is SiteInfos in a transaction that is going to change them: of two, the second sees what the first wrote.
func (s *conn) LockSiteInfos(ctx context.Context, prefix string) (map[string]string, error) {
	// A row that is always there is locked, not a range that may be empty: two that lock the same gap stop each other.
	var rows []string
	if err := s.write(ctx).Raw("SELECT name FROM site_info WHERE name = ?"+s.dialect.forUpdate(), prefix).Scan(&rows).Error; err != nil {
		return nil, translate(err)
	}
	if len(rows) == 0 {
		if _, err := s.AddSiteInfo(ctx, prefix, ""); err != nil {
			return nil, err
		}
	}
	return siteInfos(s.write(ctx), prefix, s.dialect.forUpdate())
}

func siteInfos(db *gorm.DB, prefix, lock string) (map[string]string, error) {
	var rows []struct{ Name, Value string }
	err := db.Raw("SELECT name, value FROM site_info WHERE name LIKE ? ESCAPE '!'"+lock, likeEscape.Replace(prefix)+"%").Scan(&rows).Error
	found := make(map[string]string, len(rows))
	for _, r := range rows {
		found[r.Name] = r.Value
	}
	return found, translate(err)
}

// DropSiteInfo removes a value, if it is there.
func (s *conn) DropSiteInfo(ctx context.Context, name string) error {
	return translate(s.write(ctx).Exec("DELETE FROM site_info WHERE name = ?", name).Error)
}
