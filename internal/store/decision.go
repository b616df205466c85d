package store

import "context"

// Kinds of decisions of moderators. A member is told all but DecideNothing.
const (
	DecideNothing = "nothing"
	DecideWarn    = "warn"
	DecideRemove  = "remove" // a post or comment
	DecideReject  = "reject" // a post or comment that was held
	DecideLimit   = "limit"
	DecideSuspend = "suspend"
)

// The outcomes of a member's answer to a decision.
const (
	AppealNone     = ""
	AppealWaits    = "waits"
	AppealAccepted = "accepted" // the decision was taken back
	AppealRejected = "rejected"
)

// A Decision is what moderators decided about a member or one of its posts, with words to the member, who may answer once.
type Decision struct {
	ID           int64
	AccountID    int64
	Kind         string
	ByID         *int64 // nil: the command line
	ReportID     *int64
	PostID       *int64
	Words        string // to the member, may be ""
	Excerpt      string // of the post, as it was
	EndsAt       *Millis
	CreatedAt    Millis
	UndoneAt     *Millis
	Appeal       string // the member's answer
	AppealedAt   *Millis
	Answer       string // what became of it: AppealNone, AppealWaits …
	AnswerWords  string
	AnsweredByID *int64
	AnsweredAt   *Millis
}

// AddDecision inserts the decision under a new id, which it returns.
func (s *conn) AddDecision(ctx context.Context, d Decision) (int64, error) {
	return s.insertFresh(func(id int64) error {
		d.ID = id
		return s.write(ctx).Create(&d).Error
	})
}

// DecisionByID returns the decision, else ErrNotFound. It reads the primary.
func (s *conn) DecisionByID(ctx context.Context, id int64) (*Decision, error) {
	var d Decision
	if err := first(s.read(Primary(ctx)).Where("id = ?", id), &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// Decisions lists the decisions about an account, newest first.
func (s *conn) Decisions(ctx context.Context, accountID int64, limit int) ([]Decision, error) {
	var list []Decision
	err := s.read(Primary(ctx)).Raw("SELECT * FROM decisions WHERE account_id = ? ORDER BY id DESC LIMIT ?", accountID, limit).Scan(&list).Error
	return list, translate(err)
}

// DecisionsByID returns those that exist, in no particular order.
func (s *conn) DecisionsByID(ctx context.Context, ids []int64) ([]*Decision, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var list []*Decision
	err := s.read(ctx).Where("id IN ?", ids).Find(&list).Error
	return list, translate(err)
}

// UndoDecisions notes that the account's decisions of a kind hold no longer.
func (s *conn) UndoDecisions(ctx context.Context, accountID int64, kind string, at Millis) error {
	ids, err := s.idList(Primary(ctx), "SELECT id FROM decisions WHERE account_id = ? AND kind = ? AND undone_at IS NULL", accountID, kind)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.write(ctx).Exec("UPDATE decisions SET undone_at = ? WHERE id = ?", at, id).Error; err != nil {
			return translate(err)
		}
	}
	return nil
}

// StandingDecision is the newest decision of a kind about an account that still holds, else ErrNotFound.
func (s *conn) StandingDecision(ctx context.Context, accountID int64, kind string) (*Decision, error) {
	var list []Decision
	err := s.read(Primary(ctx)).Raw("SELECT * FROM decisions WHERE account_id = ? AND kind = ? AND undone_at IS NULL ORDER BY id DESC LIMIT 1", accountID, kind).Scan(&list).Error
	if err != nil {
		return nil, translate(err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// SetSuspensionEnds has the suspensions of an account that still hold end at the moment, nil for never.
func (s *conn) SetSuspensionEnds(ctx context.Context, accountID int64, at *Millis) error {
	ids, err := s.idList(Primary(ctx), "SELECT id FROM decisions WHERE account_id = ? AND kind = ? AND undone_at IS NULL", accountID, DecideSuspend)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.write(ctx).Exec("UPDATE decisions SET ends_at = ? WHERE id = ?", at, id).Error; err != nil {
			return translate(err)
		}
	}
	return nil
}

// UndoDecision notes that a decision holds no longer, and reports whether it did.
func (s *conn) UndoDecision(ctx context.Context, id int64, at Millis) (bool, error) {
	res := s.write(ctx).Exec("UPDATE decisions SET undone_at = ? WHERE id = ? AND undone_at IS NULL", at, id)
	return res.RowsAffected > 0, translate(res.Error)
}

// AppealDecision writes the member's answer, once, and reports whether it is the first.
func (s *conn) AppealDecision(ctx context.Context, id int64, words string, at Millis) (bool, error) {
	res := s.write(ctx).Exec("UPDATE decisions SET appeal = ?, appealed_at = ?, answer = ? WHERE id = ? AND appealed_at IS NULL AND undone_at IS NULL", words, at, AppealWaits, id)
	return res.RowsAffected > 0, translate(res.Error)
}

// AnswerAppeal writes what became of an answer that waits, and reports whether it waited: none does once the decision holds no
// longer.
func (s *conn) AnswerAppeal(ctx context.Context, d Decision) (bool, error) {
	res := s.write(ctx).Exec("UPDATE decisions SET answer = ?, answer_words = ?, answered_by_id = ?, answered_at = ? WHERE id = ? AND answer = ? AND undone_at IS NULL",
		d.Answer, d.AnswerWords, d.AnsweredByID, d.AnsweredAt, d.ID, AppealWaits)
	return res.RowsAffected > 0, translate(res.Error)
}

// CountAppeals counts what Appeals lists, up to most.
func (s *conn) CountAppeals(ctx context.Context, about Above, most int) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM (SELECT d.id FROM decisions d JOIN accounts a ON a.id = d.account_id WHERE d.answer = ? AND d.undone_at IS NULL AND d.account_id <> ? AND (? = 0 OR d.account_id = ?) AND a.role IN ? LIMIT ?) waiting",
		AppealWaits, about.Not, about.Only, about.Only, about.Roles, most).Scan(&n).Error
	return n, translate(err)
}

// Appeals lists the decisions that hold, were answered and wait for moderators, the oldest first, without those about one
// account (0: none).
func (s *conn) Appeals(ctx context.Context, notAbout int64, limit int) ([]Decision, error) {
	var list []Decision
	err := s.read(Primary(ctx)).Raw("SELECT * FROM decisions WHERE answer = ? AND undone_at IS NULL AND account_id <> ? ORDER BY id LIMIT ?", AppealWaits, notAbout, limit).Scan(&list).Error
	return list, translate(err)
}
