package store

import "context"

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
