package store

import "context"

// Kinds of what the site keeps out.
const (
	BlockDomain = "domain" // an e-mail domain, with its subdomains
	BlockRange  = "range"  // a range of IP addresses
	BlockWord   = "word"   // a word, or several in a row: posts with it are held
	BlockPhoto  = "photo"  // the look of a photograph: posts with one like it are held
)

// SiteBlock is something that the site keeps out. Its value is written in one way only, so that it stands there once.
type SiteBlock struct {
	ID        int64
	Kind      string
	Value     string
	Note      string // for those who run the site
	CreatorID *int64 // nil: somebody at the command line
	Creator   string // the name as it was then
	CreatedAt Millis
}

// AddSiteBlock inserts a row under an id of NewID.
func (s *conn) AddSiteBlock(ctx context.Context, b *SiteBlock) error {
	return translate(s.write(ctx).Create(b).Error)
}

// SiteBlockByID reads on the primary, or returns ErrNotFound.
func (s *conn) SiteBlockByID(ctx context.Context, id int64) (*SiteBlock, error) {
	var b SiteBlock
	if err := first(s.read(Primary(ctx)).Where("id = ?", id), &b); err != nil {
		return nil, err
	}
	return &b, nil
}

// SiteBlockOf is the row with the value, on the primary, or ErrNotFound.
func (s *conn) SiteBlockOf(ctx context.Context, kind, value string) (*SiteBlock, error) {
	var b SiteBlock
	if err := first(s.read(Primary(ctx)).Where("kind = ? AND value = ?", kind, value), &b); err != nil {
		return nil, err
	}
	return &b, nil
}

// CountSiteBlocks counts the rows of a kind.
func (s *conn) CountSiteBlocks(ctx context.Context, kind string) (int, error) {
	var n int
	err := s.read(Primary(ctx)).Raw("SELECT COUNT(*) FROM site_blocks WHERE kind = ?", kind).Scan(&n).Error
	return n, translate(err)
}

// SiteBlocks lists those of a kind, newest first, on the primary.
func (s *conn) SiteBlocks(ctx context.Context, kind string, r Range) ([]*SiteBlock, error) {
	var list []*SiteBlock
	err := s.read(Primary(ctx)).Where("kind = ? AND id < ? AND id > ?", kind, r.max(), r.Min).Order("id" + r.order()).Limit(r.Limit).Find(&list).Error
	return newestFirst(list, r), translate(err)
}

// SiteBlockValues are the values of every row, by kind, on the primary. Rows are bounded where they are made.
func (s *conn) SiteBlockValues(ctx context.Context) (map[string][]string, error) {
	var rows []struct{ Kind, Value string }
	if err := s.read(Primary(ctx)).Raw("SELECT kind, value FROM site_blocks ORDER BY id").Scan(&rows).Error; err != nil {
		return nil, translate(err)
	}
	found := map[string][]string{}
	for _, r := range rows {
		found[r.Kind] = append(found[r.Kind], r.Value)
	}
	return found, nil
}

// DropSiteBlock removes a row. It returns false where there was none.
func (s *conn) DropSiteBlock(ctx context.Context, id int64) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM site_blocks WHERE id = ?", id)
	return res.RowsAffected == 1, translate(res.Error)
}
