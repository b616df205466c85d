package store

import (
	"context"
	"strings"
	"sync"

	"gorm.io/gorm/schema"
)

// CreateToken inserts an access token under its ID and the hash of its secret.
func (s *conn) CreateToken(ctx context.Context, t *AccessToken) error {
	return translate(s.write(ctx).Create(t).Error)
}

// HasTokenOf reports whether the app has a token of the account.
func (s *conn) HasTokenOf(ctx context.Context, accountID, appID int64) (bool, error) {
	return s.exists(ctx, "SELECT 1 FROM access_tokens WHERE account_id = ? AND app_id = ? LIMIT 1", accountID, appID)
}

// TokenByHash reads on the primary, so that a revoked token stops working at once. While the primary is away it reads
// on a replica.
func (s *conn) TokenByHash(ctx context.Context, hash string) (*AccessToken, error) {
	var t AccessToken
	if err := first(s.read(PrimaryWhileThere(ctx)).Where("hash = ?", hash), &t); err != nil {
		return nil, err
	}
	return &t, nil
}

// A tokenOwner is a token with its account and app, read in one statement.
type tokenOwner struct {
	Token   AccessToken `gorm:"embedded;embeddedPrefix:token_"`
	Account Account     `gorm:"embedded;embeddedPrefix:account_"`
	App     App         `gorm:"embedded;embeddedPrefix:app_"`
}

var tokenOwnerColumns = joinedColumns(joined{"t", "token_", &AccessToken{}}, joined{"a", "account_", &Account{}}, joined{"p", "app_", &App{}})

// joined is a model of which each column is selected, from a table by its alias and under a name with the prefix.
type joined struct {
	alias, prefix string
	model         any
}

// joinedColumns lists what to select, once it is asked for.
func joinedColumns(models ...joined) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		var list []string
		for _, m := range models {
			parsed, err := schema.Parse(m.model, new(sync.Map), schema.NamingStrategy{})
			if err != nil {
				return "", err
			}
			for _, column := range parsed.DBNames {
				list = append(list, m.alias+"."+column+" AS "+m.prefix+column)
			}
		}
		return strings.Join(list, ", "), nil
	})
}

// TokenOwnerByHash is TokenByHash with the token's account, nil for a client's own token, and its app. It returns
// ErrNotFound where any of them is missing.
func (s *conn) TokenOwnerByHash(ctx context.Context, hash string) (*AccessToken, *Account, *App, error) {
	columns, err := tokenOwnerColumns()
	if err != nil {
		return nil, nil, nil, err
	}
	var o tokenOwner
	err = first(s.read(PrimaryWhileThere(ctx)).Table("access_tokens t").Select(columns).Where("t.hash = ?", hash).
		Joins("LEFT JOIN accounts a ON a.id = t.account_id").Joins("LEFT JOIN apps p ON p.id = t.app_id"), &o)
	if err != nil {
		return nil, nil, nil, err
	}
	if o.App.ID == 0 || o.Token.AccountID != nil && o.Account.ID == 0 {
		return nil, nil, nil, ErrNotFound
	}
	if o.Token.AccountID == nil {
		return &o.Token, nil, &o.App, nil
	}
	return &o.Token, &o.Account, &o.App, nil
}

// TouchToken records when the token was used, and from which address.
func (s *conn) TouchToken(ctx context.Context, id int64, at Millis, address string) error {
	return translate(s.write(ctx).Exec("UPDATE access_tokens SET used_at = ?, address = ? WHERE id = ? AND used_at <= ?", at, address, id, at).Error)
}

// DeleteToken revokes a token, and ends its push subscription. One that does not exist is no error.
func (s *conn) DeleteToken(ctx context.Context, id int64) error {
	if err := s.DeletePushOfToken(ctx, id); err != nil {
		return err
	}
	return translate(s.write(ctx).Exec("DELETE FROM access_tokens WHERE id = ?", id).Error)
}

// TokensOf lists an account's tokens, newest first.
func (s *conn) TokensOf(ctx context.Context, accountID int64) ([]*AccessToken, error) {
	var ts []*AccessToken
	err := s.read(PrimaryWhileThere(ctx)).Where("account_id = ?", accountID).Order("id DESC").Find(&ts).Error
	return ts, translate(err)
}

// DeleteTokensOf revokes all tokens of an account, or those of one app (appID not 0), with the codes that could still
// be exchanged for tokens, and ends their push subscriptions.
func (s *conn) DeleteTokensOf(ctx context.Context, accountID, appID int64) error {
	find, args := "SELECT p.id FROM push_subscriptions p JOIN access_tokens t ON t.id = p.token_id WHERE p.account_id = ?", []any{accountID}
	if appID != 0 {
		find, args = find+" AND t.app_id = ?", append(args, appID)
	}
	ids, err := s.idList(Primary(ctx), find, args...)
	if err != nil {
		return err
	}
	if err := s.DeletePushSubscriptions(ctx, ids...); err != nil {
		return err
	}
	for _, table := range []string{"authorization_codes", "access_tokens"} {
		sql, args := "DELETE FROM "+table+" WHERE account_id = ?", []any{accountID}
		if appID != 0 {
			sql, args = sql+" AND app_id = ?", append(args, appID)
		}
		if err := s.write(ctx).Exec(sql, args...).Error; err != nil {
			return translate(err)
		}
	}
	return nil
}

// CreateCode inserts an authorization code under the hash of its secret.
func (s *conn) CreateCode(ctx context.Context, c *AuthorizationCode) error {
	return translate(s.write(ctx).Create(c).Error)
}

// CodeByHash finds a code that has not expired by the primary's clock, exchanged or not. In a transaction it locks the
// code.
func (s *conn) CodeByHash(ctx context.Context, hash string) (*AuthorizationCode, error) {
	var cs []*AuthorizationCode
	err := s.write(ctx).Raw("SELECT * FROM authorization_codes WHERE hash = ? AND expires_at > "+s.dialect.nowMillis()+s.dialect.forUpdate(), hash).Scan(&cs).Error
	if err != nil {
		return nil, translate(err)
	}
	if len(cs) == 0 {
		return nil, ErrNotFound
	}
	return cs[0], nil
}

// UseCode records the token that the code was exchanged for. Of several callers one gets true.
func (s *conn) UseCode(ctx context.Context, hash string, tokenID int64) (bool, error) {
	res := s.write(ctx).Exec("UPDATE authorization_codes SET token_id = ? WHERE hash = ? AND token_id IS NULL", tokenID, hash)
	return res.RowsAffected == 1, translate(res.Error)
}

// DeleteExpiredCodes removes codes that expired before the moment.
func (s *conn) DeleteExpiredCodes(ctx context.Context, before Millis) (int64, error) {
	res := s.write(ctx).Exec("DELETE FROM authorization_codes WHERE expires_at < ?", before)
	return res.RowsAffected, translate(res.Error)
}

// DeleteUnusedClientTokens removes at most limit of the clients' own tokens that were not used since the moment.
func (s *conn) DeleteUnusedClientTokens(ctx context.Context, before Millis, limit int) (int, error) {
	ids, err := s.idList(Primary(ctx), "SELECT id FROM access_tokens WHERE account_id IS NULL AND used_at < ? ORDER BY id LIMIT ?", before, limit)
	if err != nil {
		return 0, err
	}
	return s.deleteByID(ctx, "access_tokens", ids)
}
