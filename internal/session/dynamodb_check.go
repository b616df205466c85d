package session

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// TableFacts are the findings of Inspect about a table.
type TableFacts struct {
	// Sweeps reports whether the table removes expired sessions by itself. SweepsErr is why that is unknown.
	Sweeps    bool
	SweepsErr error
	Took      time.Duration // one consistent read
}

// Inspect uses the table as the site does, with a session of an account that no site has: it writes, reads, lists,
// touches and deletes it, and checks that a touch does not bring it back.
func (b *Dynamo) Inspect(ctx context.Context) (TableFacts, error) {
	var f TableFacts
	if err := b.Check(ctx); err != nil {
		return f, err
	}
	s, now := newSecret(-2), time.Now().Truncate(time.Millisecond)
	start := time.Now()
	switch _, err := b.Get(ctx, s.accountID, s.hash()); {
	case err == nil:
		return f, errors.New("the table has a session that nobody made")
	case !errors.Is(err, ErrNone):
		return f, fmt.Errorf("read what is not there: %w", err)
	}
	f.Took = time.Since(start)
	// A use that is noted after the end must not bring a session back.
	if err := b.Touch(ctx, s.accountID, s.hash(), now, now.Add(time.Hour)); err != nil {
		return f, err
	}
	switch _, err := b.Get(ctx, s.accountID, s.hash()); {
	case err == nil:
		return f, errors.Join(errors.New("the table does not keep to conditions: a session that had ended came back"), b.Delete(ctx, s.accountID, s.hash()))
	case !errors.Is(err, ErrNone):
		return f, fmt.Errorf("read a session that has ended: %w", err)
	}
	if err := b.Put(ctx, &Record{AccountID: s.accountID, Hash: s.hash(), CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
		return f, err
	}
	if err := b.DeleteOthers(ctx, s.accountID, ""); err != nil {
		return f, err
	}
	f.Sweeps, f.SweepsErr = sweeps(ctx, b.client, b.table)
	return f, nil
}

// sweeps tells whether the table removes what has expired.
func sweeps(ctx context.Context, client *dynamodb.Client, table string) (bool, error) {
	now, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		return false, err
	}
	d := now.TimeToLiveDescription
	return d != nil && aws.ToString(d.AttributeName) == attrTTL &&
		(d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling), nil
}

// TableKey says in words which key and TTL a table needs, for people who make one by other means.
var TableKey = "partition key " + strconv.Quote(attrAccount) + " (String), sort key " + strconv.Quote(attrHash) + " (String), TTL attribute " + strconv.Quote(attrTTL)
