package store

import "context"

// States of imports, in the order in which they are reached.
const (
	ImportUploading = "uploading" // its files are being sent
	ImportScanning  = "scanning"  // a job looks through them
	ImportFound     = "found"     // the member decides
	ImportWorking   = "working"   // a job posts what was found
	ImportDone      = "done"
	ImportStopped   = "stopped" // by the member
	ImportFailed    = "failed"  // Report says why
)

// Import is the one import of a member: files that were sent, what is in them, and what became of it.
type Import struct {
	AccountID  int64
	ID         int64
	State      string
	Files      JSON[[]ImportFile]
	Received   int64 // bytes of all files; a write names what it found, so that two cannot both add to it
	Found      JSON[ImportPreview]
	Visibility Visibility
	Next       int // the first item that is not done
	Report     JSON[ImportReport]
	CreatedAt  Millis
	UpdatedAt  Millis
	ExpiresAt  Millis
}

// ImportFile is a file that was sent, in parts that are kept like originals.
type ImportFile struct {
	Name  string       `json:"name"`
	Size  int64        `json:"size"` // 0 where it is not known before the end
	Whole bool         `json:"whole,omitempty"`
	Parts []ImportPart `json:"parts"`
}

// Received is how many bytes of the file have come.
func (f *ImportFile) Received() (n int64) {
	for _, p := range f.Parts {
		n += p.Bytes
	}
	return n
}

// ImportPart is a part of a file.
type ImportPart struct {
	Random string `json:"r"`
	Bytes  int64  `json:"b"`
	SHA256 string `json:"h"`
}

// ImportPreview is what is in the files.
type ImportPreview struct {
	Source string         `json:"source,omitempty"`
	Posts  int            `json:"posts,omitempty"`
	Photos int            `json:"photos,omitempty"`
	Years  map[int]int    `json:"years,omitempty"` // photographs; year 0: without a date
	Albums []string       `json:"albums,omitempty"`
	Left   map[string]int `json:"left,omitempty"` // by reason
}

// ImportReport is what became of an import.
type ImportReport struct {
	Posts  int            `json:"posts,omitempty"`
	Photos int            `json:"photos,omitempty"`
	Known  int            `json:"known,omitempty"` // photographs that the member has already
	Left   map[string]int `json:"left,omitempty"`  // by reason
	Files  []ImportLeft   `json:"files,omitempty"` // the first of those
	Error  string         `json:"error,omitempty"` // a sentence
}

// ImportLeft is a file that was left out.
type ImportLeft struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Randoms are the names of the files of the import.
func (i *Import) Randoms() (out []string) {
	for _, f := range i.Files.V {
		for _, p := range f.Parts {
			out = append(out, p.Random)
		}
	}
	return out
}

// ImportOf reads the account's import, or ErrNotFound.
func (s *conn) ImportOf(ctx context.Context, accountID int64) (*Import, error) {
	var i Import
	if err := first(s.read(ctx).Where("account_id = ?", accountID), &i); err != nil {
		return nil, err
	}
	return &i, nil
}

// AddImport writes the row of a new import. The transaction has locked the account, and dropped the import before.
func (s *conn) AddImport(ctx context.Context, i *Import) error {
	return translate(s.write(ctx).Create(i).Error)
}

// UpdateImport writes all that changes of an import. The transaction has locked the account, and read the import since.
func (s *conn) UpdateImport(ctx context.Context, i *Import) error {
	return translate(s.write(ctx).Exec("UPDATE imports SET state = ?, files = ?, received = ?, found = ?, visibility = ?, next = ?, report = ?, updated_at = ?, expires_at = ?"+
		" WHERE account_id = ? AND id = ?", i.State, i.Files, i.Received, i.Found, string(i.Visibility), i.Next, i.Report, i.UpdatedAt, i.ExpiresAt, i.AccountID, i.ID).Error)
}

// DeleteImport removes the row. Its files are dropped in the same transaction.
func (s *conn) DeleteImport(ctx context.Context, accountID, id int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM imports WHERE account_id = ? AND id = ?", accountID, id).Error)
}

// ExpiredImports lists up to limit imports whose time is over.
func (s *conn) ExpiredImports(ctx context.Context, limit int) ([]*Import, error) {
	var out []*Import
	err := s.read(Primary(ctx)).Where("expires_at < " + s.dialect.nowMillis()).Order("expires_at").Limit(limit).Find(&out).Error
	return out, translate(err)
}

// PhotosByHash lists the account's photos that were made of the same bytes and stand in a post, or will: up to limit that are
// ready or being prepared, those in use first. Avatars, photos of comments and of drafts are none of them.
func (s *conn) PhotosByHash(ctx context.Context, accountID int64, sha256 string, limit int) ([]*Photo, error) {
	return s.photos(ctx, "ph.account_id = ? AND ph.sha256 = ? AND ph.state IN ('pending', 'ready') AND ph.purpose = ?"+
		" AND (ph.source = ? OR ph.source = ? AND ph.attached_at IS NULL OR EXISTS (SELECT 1 FROM posts p WHERE p.id = ph.post_id AND p.root_id IS NULL AND p.deleted_at IS NULL))"+
		" ORDER BY ph.attached_at IS NULL, ph.id LIMIT ?", accountID, sha256, PurposePost, SourceHeld, SourceImport, limit)
}
