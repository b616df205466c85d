package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tintype/internal/awscall"
	"tintype/internal/budget"
	"tintype/internal/sleep"
)

// The names in the table. None is one of DynamoDB's reserved words, of which it has 573.
const (
	attrAccount = "account_id"
	attrHash    = "session_hash"
	attrCreated = "created_ms"
	attrUsed    = "used_ms"
	attrExpires = "expires_ms"
	// attrTTL is what the table sweeps by, in seconds. Readers go by expires_ms: the sweep may be days late.
	attrTTL = "expires_s"
)

// How long a request waits. A reader whose session cannot be asked for is told so (503), and soon; one try is short
// enough that a second and a third fit in. Tests change it.
var (
	dynamoTry = 600 * time.Millisecond
	dynamoAll = 1900 * time.Millisecond
)

const (
	dynamoTries = 3
	// dynamoBulk is for ending all of an account's sessions, which takes several requests.
	dynamoBulk = 10 * time.Second
	// dynamoBatch is how many items one BatchWriteItem takes.
	dynamoBatch = 25
)

// item is a session as the table holds it. An empty value is null: not every server takes one.
type item struct {
	AccountID string `dynamodbav:"account_id"`
	Hash      string `dynamodbav:"session_hash"`
	Epoch     int    `dynamodbav:"epoch"`
	UserAgent string `dynamodbav:"user_agent"`
	Address   string `dynamodbav:"client_address"`
	CreatedAt int64  `dynamodbav:"created_ms"`
	UsedAt    int64  `dynamodbav:"used_ms"`
	ExpiresAt int64  `dynamodbav:"expires_ms"`
	TTL       int64  `dynamodbav:"expires_s"`
}

// Dynamo keeps sessions in a DynamoDB table: the partition key is the account's id (account_id, as text: it has more
// digits than much software that reads JSON keeps of a number), the sort key the secret's hash (session_hash, text). All reads are consistent. Its errors wrap ErrUnavailable.
type Dynamo struct {
	client *dynamodb.Client
	table  string
}

// NewDynamo makes the backend of an existing table. It sends no request.
func NewDynamo(cfg aws.Config, table string) *Dynamo {
	return &Dynamo{dynamoClient(cfg), table}
}

func dynamoClient(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		if c, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = c.WithTimeout(dynamoTry)
		}
		o.HTTPClient = awscall.NewGuard(cfg, o.HTTPClient, "DynamoDB")
		// A request may arrive just after its credentials have ended: it is signed anew.
		o.Retryer = retry.AddWithErrorCodes(retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts = dynamoTries
			r.MaxBackoff = 100 * time.Millisecond
		}), "ExpiredTokenException")
	})
}

// String implements Backend.
func (b *Dynamo) String() string { return "dynamodb, table " + b.table }

// Get implements Backend.
func (b *Dynamo) Get(ctx context.Context, accountID int64, hash string) (*Record, error) {
	ctx, cancel := oneWait(ctx)
	defer cancel()
	out, err := b.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &b.table, Key: itemKey(accountID, hash), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, unavailable("read a session", err)
	}
	if len(out.Item) == 0 {
		return nil, ErrNone
	}
	return recordOf(out.Item)
}

// oneWait is the context of a call, with all its tries. It takes its time from the budget of the request.
func oneWait(ctx context.Context) (context.Context, context.CancelFunc) {
	return waitFor(ctx, dynamoAll)
}

// waitFor is oneWait for what may take longer.
func waitFor(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	ctx, done, end := budget.Take(ctx)
	ctx, cancel := context.WithTimeout(ctx, most)
	return ctx, func() {
		cancel()
		done()
		end()
	}
}

// Put implements Backend.
func (b *Dynamo) Put(ctx context.Context, r *Record) error {
	u, err := whole(r)
	if err != nil {
		return err
	}
	_, err = b.update(ctx, r.AccountID, r.Hash, u, "")
	return err
}

// Add implements Movable. Where the answer to a first try was lost, the second finds that try's own session and says that
// none was added.
func (b *Dynamo) Add(ctx context.Context, r *Record) (added bool, err error) {
	u, err := whole(r)
	if err != nil {
		return false, err
	}
	return b.update(ctx, r.AccountID, r.Hash, u, "attribute_not_exists("+attrHash+")")
}

// whole sets all that a session has but its key.
func whole(r *Record) (update, error) {
	values, err := attributevalue.MarshalMap(item{
		AccountID: accountKey(r.AccountID), Hash: r.Hash, Epoch: r.Epoch, UserAgent: r.UserAgent, Address: r.Address,
		CreatedAt: r.CreatedAt.UnixMilli(), UsedAt: r.UsedAt.UnixMilli(), ExpiresAt: r.ExpiresAt.UnixMilli(), TTL: ttl(r.ExpiresAt),
	})
	if err != nil {
		return update{}, fmt.Errorf("session: %w", err)
	}
	delete(values, attrAccount)
	delete(values, attrHash)
	u := update{values: map[string]types.AttributeValue{}}
	for name, v := range values {
		u.set(name, v)
	}
	return u, nil
}

// Touch implements Backend.
func (b *Dynamo) Touch(ctx context.Context, accountID int64, hash string, used, expires time.Time) error {
	u := update{values: map[string]types.AttributeValue{}}
	u.set(attrUsed, number(used.UnixMilli()))
	u.set(attrExpires, number(expires.UnixMilli()))
	u.set(attrTTL, number(ttl(expires)))
	// An ended session stays ended, and that is no error.
	_, err := b.update(ctx, accountID, hash, u, "attribute_exists("+attrHash+")")
	return err
}

// update is an update expression being put together.
type update struct {
	sets   []string
	values map[string]types.AttributeValue
}

func (u *update) set(name string, v types.AttributeValue) {
	if e, ok := v.(*types.AttributeValueMemberS); ok && e.Value == "" {
		v = &types.AttributeValueMemberNULL{Value: true}
	}
	if name == attrCreated {
		u.sets = append(u.sets, name+" = if_not_exists("+name+", :"+name+")")
	} else {
		u.sets = append(u.sets, name+" = :"+name)
	}
	u.values[":"+name] = v
}

// update changes an item, if the condition holds; done tells whether it did. "" always holds.
func (b *Dynamo) update(ctx context.Context, accountID int64, hash string, u update, condition string) (done bool, err error) {
	ctx, cancel := oneWait(ctx)
	defer cancel()
	in := &dynamodb.UpdateItemInput{
		TableName: &b.table, Key: itemKey(accountID, hash),
		UpdateExpression: aws.String("SET " + strings.Join(u.sets, ", ")), ExpressionAttributeValues: u.values,
	}
	if condition != "" {
		in.ConditionExpression = &condition
	}
	_, err = b.client.UpdateItem(ctx, in)
	var refused *types.ConditionalCheckFailedException
	if condition != "" && errors.As(err, &refused) {
		return false, nil
	}
	return err == nil, unavailable("write a session", err)
}

// Delete implements Backend.
func (b *Dynamo) Delete(ctx context.Context, accountID int64, hash string) error {
	ctx, cancel := oneWait(ctx)
	defer cancel()
	_, err := b.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &b.table, Key: itemKey(accountID, hash)})
	return unavailable("end a session", err)
}

// List implements Backend.
func (b *Dynamo) List(ctx context.Context, accountID int64) ([]*Record, error) {
	ctx, cancel := oneWait(ctx)
	defer cancel()
	var all []*Record
	err := b.each(ctx, accountID, "", func(v map[string]types.AttributeValue) error {
		r, err := recordOf(v)
		all = append(all, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, lastUsedFirst)
	return all, nil
}

// dynamoPage is how many items one page of a Scan reads at most. Tests change it.
var dynamoPage int32 = 500

// Each implements Movable. Sessions of no account, which probes leave behind, are left out.
func (b *Dynamo) Each(ctx context.Context, f func(*Record) error) error {
	pages := dynamodb.NewScanPaginator(b.client, &dynamodb.ScanInput{TableName: &b.table, ConsistentRead: aws.Bool(true), Limit: &dynamoPage})
	for pages.HasMorePages() {
		page, err := b.scan(ctx, pages)
		if err != nil {
			return err
		}
		for _, v := range page.Items {
			r, err := recordOf(v)
			if err != nil {
				return err
			}
			if r.AccountID <= 0 {
				continue
			}
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Dynamo) scan(ctx context.Context, pages *dynamodb.ScanPaginator) (*dynamodb.ScanOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, dynamoBulk)
	defer cancel()
	page, err := pages.NextPage(ctx)
	return page, unavailable("list all sessions", err)
}

// DeleteOthers implements Backend. Sessions that begin meanwhile stay.
func (b *Dynamo) DeleteOthers(ctx context.Context, accountID int64, keep string) error {
	ctx, cancel := waitFor(ctx, dynamoBulk)
	defer cancel()
	var ends []types.WriteRequest
	err := b.each(ctx, accountID, attrAccount+", "+attrHash, func(v map[string]types.AttributeValue) error {
		if h, ok := v[attrHash].(*types.AttributeValueMemberS); ok && h.Value != keep {
			ends = append(ends, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: itemKey(accountID, h.Value)}})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(ends, dynamoBatch) {
		if err := b.write(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// each calls f for all items of an account; attributes limits what is read of each, "" reads all.
func (b *Dynamo) each(ctx context.Context, accountID int64, attributes string, f func(map[string]types.AttributeValue) error) error {
	in := &dynamodb.QueryInput{
		TableName: &b.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String(attrAccount + " = :account"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":account": text(accountKey(accountID))},
	}
	if attributes != "" {
		in.ProjectionExpression = &attributes
	}
	for pages := dynamodb.NewQueryPaginator(b.client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unavailable("list sessions", err)
		}
		for _, v := range page.Items {
			if err := f(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// write sends a batch, and again what the server left undone, with growing pauses, until ctx ends.
func (b *Dynamo) write(ctx context.Context, batch []types.WriteRequest) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		out, err := b.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{b.table: batch},
		})
		if err != nil {
			return unavailable("end sessions", err)
		}
		if batch = out.UnprocessedItems[b.table]; len(batch) == 0 {
			return nil
		}
		if err := sleep.For(ctx, pause); err != nil {
			return unavailable("end sessions", err)
		}
	}
}

// Check writes, reads and removes a session of an account that no site has. It is for doctor and health pages.
func (b *Dynamo) Check(ctx context.Context) error {
	s, now := newSecret(-1), time.Now().Truncate(time.Millisecond)
	want := &Record{AccountID: s.accountID, Hash: s.hash(), UserAgent: "probe", CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := b.Put(ctx, want); err != nil {
		return err
	}
	got, err := b.Get(ctx, want.AccountID, want.Hash)
	if err == nil && got.UserAgent != want.UserAgent {
		err = errors.New("session: what was read is not what was written")
	}
	if err == nil {
		_, err = b.List(ctx, want.AccountID)
	}
	// The probe goes even when the caller's time is over.
	return errors.Join(err, b.Delete(context.WithoutCancel(ctx), want.AccountID, want.Hash))
}

// unavailable says what did not work; nil stays nil. Whatever it is (no answer, no right, no table), nothing has been
// learnt about the session, so it must never be taken for its end.
func unavailable(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, err)
}

func itemKey(accountID int64, hash string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{attrAccount: text(accountKey(accountID)), attrHash: text(hash)}
}

func accountKey(id int64) string { return strconv.FormatInt(id, 10) }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// ttl is the first whole second at which the session is over.
func ttl(expires time.Time) int64 { return expires.Add(time.Second - time.Millisecond).Unix() }

func recordOf(v map[string]types.AttributeValue) (*Record, error) {
	var i item
	if err := attributevalue.UnmarshalMap(v, &i); err != nil {
		return nil, unavailable("read a session", err)
	}
	account, err := strconv.ParseInt(i.AccountID, 10, 64)
	if err != nil {
		return nil, unavailable("read a session", err)
	}
	return record(Row{
		AccountID: account, Hash: i.Hash, Epoch: i.Epoch, UserAgent: i.UserAgent, Address: i.Address,
		CreatedAt: i.CreatedAt, UsedAt: i.UsedAt, ExpiresAt: i.ExpiresAt,
	}), nil
}
