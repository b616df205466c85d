package store

import "context"

// NotificationChoice is where a member wants to learn of a kind of notification. A kind without a row is wanted on the page and
// pushed.
type NotificationChoice struct {
	AccountID int64
	Kind      string
	Page      bool  // on the page of notifications, and counted
	Push      bool  // pushed to the member's browsers
	Mail      *bool // by mail; nil: as MailedKinds says
}

// NotificationChoicesOf lists what the account has chosen.
func (s *conn) NotificationChoicesOf(ctx context.Context, accountID int64) ([]NotificationChoice, error) {
	rows, err := s.query(ctx, "SELECT c.kind, c.page, c.push, c.mail FROM notification_choices c WHERE c.account_id = ? ORDER BY c.kind", accountID)
	if err != nil {
		return nil, err
	}
	var list []NotificationChoice
	for rows.next() {
		c := NotificationChoice{AccountID: accountID, Kind: rows.text(), Page: rows.int() != 0, Push: rows.int() != 0}
		if mail := rows.optional(); mail != nil {
			c.Mail = new(*mail != 0)
		}
		list = append(list, c)
	}
	return list, rows.done()
}

// PutNotificationChoice writes what the account has chosen for a kind.
func (s *conn) PutNotificationChoice(ctx context.Context, c NotificationChoice) error {
	d := s.dialect
	return translate(s.write(ctx).Exec("INSERT INTO notification_choices (account_id, kind, page, push, mail) VALUES (?, ?, ?, ?, ?) "+
		d.upsert("account_id, kind", "page = "+d.new("page")+", push = "+d.new("push")+", mail = "+d.new("mail")), c.AccountID, c.Kind, c.Page, c.Push, c.Mail).Error)
}
