package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/truora/minidyn/server"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"tintype/internal/budget"
	"tintype/internal/servertest"
	"tintype/internal/session"
	"tintype/internal/session/sessiontest"
)

func awsConfig(endpoint string) aws.Config {
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: &endpoint, HTTPClient: awshttp.NewBuildableClient(),
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}
}

// minidyn is DynamoDB's API in this process, with an interceptor in front that tests set.
type minidyn struct {
	*httptest.Server
	before atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
}

func newMinidyn(t *testing.T) *minidyn {
	m, db := &minidyn{}, server.NewServer()
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := m.before.Load(); f != nil && (*f)(w, r) {
			return
		}
		db.ServeHTTP(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

// intercept has f see each request first; true means that it has been answered.
func (m *minidyn) intercept(f func(http.ResponseWriter, *http.Request) bool) { m.before.Store(&f) }

var tables atomic.Int64

// anna is an account's id as the store draws them: more digits than a float has.
const anna = 116_868_127_703_040_001

// newTable makes an empty table. The servers of tests know no TTL, which CreateTable says.
func newTable(t *testing.T, cfg aws.Config) *session.Dynamo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	session.Patience(t, 10*time.Second, 30*time.Second)
	session.SmallPages(t)
	name := fmt.Sprintf("sessions-%d", tables.Add(1))
	if err := session.CreateTable(ctx, cfg, name); err != nil && !errors.Is(err, session.ErrNoSweep) {
		t.Fatal(err)
	}
	return session.NewDynamo(cfg, name)
}

func TestDynamoOnMinidyn(t *testing.T) {
	m := newMinidyn(t)
	sessiontest.Run(t, func(t *testing.T) sessiontest.Backend {
		return sessiontest.Backend{Backend: newTable(t, awsConfig(m.URL)), Anna: anna, Berta: anna + 1}
	})
}

// Dynalite is strict about sizes, keys and reserved words, where minidyn lets everything pass.
func TestDynamoOnDynalite(t *testing.T) {
	endpoint := servertest.DynamoDB(t).URL
	sessiontest.Run(t, func(t *testing.T) sessiontest.Backend {
		return sessiontest.Backend{Backend: newTable(t, awsConfig(endpoint)), Anna: anna, Berta: anna + 1}
	})
}

func TestDynamoEndsMoreSessionsThanFitIntoABatch(t *testing.T) {
	m := newMinidyn(t)
	b := newTable(t, awsConfig(m.URL))
	ctx := t.Context()
	now := time.Now()
	for i := range 61 {
		must(t, b.Put(ctx, &session.Record{AccountID: 1, Hash: fmt.Sprint(i), CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)}))
	}
	// Half of the first batch is left undone, as under throttling.
	var once sync.Once
	m.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		answered := false
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchWriteItem") {
			once.Do(func() {
				answered = true
				fmt.Fprint(w, `{"UnprocessedItems":{"sessions-`+fmt.Sprint(tables.Load())+`":[{"DeleteRequest":{"Key":{"account_id":{"S":"1"},"session_hash":{"S":"0"}}}}]}}`)
			})
		}
		return answered
	})
	must(t, b.DeleteOthers(ctx, 1, "7"))
	left, err := b.List(ctx, 1)
	must(t, err)
	// The first batch was answered by the test, which deleted nothing but said that only one was left undone.
	hashes := map[string]bool{}
	for _, r := range left {
		hashes[r.Hash] = true
	}
	if hashes["0"] || !hashes["7"] || len(left) != 25 {
		t.Errorf("%d left: %v", len(left), hashes)
	}
}

// R44: ending all sessions takes its time from the request that asks, however the table is throttled.
func TestDynamoEndsSessionsOfAThrottledTable(t *testing.T) {
	m := newMinidyn(t)
	b := newTable(t, awsConfig(m.URL))
	now := time.Now()
	must(t, b.Put(t.Context(), &session.Record{AccountID: anna, Hash: "a", CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)}))
	m.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchWriteItem") {
			return false
		}
		var in struct{ RequestItems json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, `{"UnprocessedItems":%s}`, in.RequestItems)
		return true
	})
	ctx := budget.Start(t.Context(), 300*time.Millisecond)
	if err := b.DeleteOthers(ctx, anna, ""); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("it ended with %v", err)
	}
	if left := budget.Left(ctx, time.Hour); left != 0 {
		t.Errorf("%v are left of the request's time", left)
	}
}

// The TTL is never before the session's own end, and in seconds.
func TestDynamoKeepsItemsUntilTheyAreOver(t *testing.T) {
	m := newMinidyn(t)
	cfg := awsConfig(m.URL)
	b := newTable(t, cfg)
	end := time.UnixMilli(1_800_000_000_001)
	must(t, b.Put(t.Context(), &session.Record{AccountID: 1, Hash: "a", CreatedAt: end, UsedAt: end, ExpiresAt: end}))
	out, err := dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(fmt.Sprintf("sessions-%d", tables.Load())),
		Key:       map[string]types.AttributeValue{"account_id": &types.AttributeValueMemberS{Value: "1"}, "session_hash": &types.AttributeValueMemberS{Value: "a"}},
	})
	must(t, err)
	if ttl, ok := out.Item["expires_s"].(*types.AttributeValueMemberN); !ok || ttl.Value != "1800000001" {
		t.Errorf("expires_s is %v", out.Item["expires_s"])
	}
}

func TestDynamoReadsAreConsistent(t *testing.T) {
	m := newMinidyn(t)
	b := newTable(t, awsConfig(m.URL))
	var asked, consistent atomic.Int64
	m.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		dump, _ := httputil.DumpRequest(r, true)
		if strings.Contains(r.Header.Get("X-Amz-Target"), "GetItem") || strings.Contains(r.Header.Get("X-Amz-Target"), "Query") {
			asked.Add(1)
			if strings.Contains(string(dump), `"ConsistentRead":true`) {
				consistent.Add(1)
			}
		}
		return false
	})
	if _, err := b.Get(t.Context(), 1, "a"); !errors.Is(err, session.ErrNone) {
		t.Error(err)
	}
	_, err := b.List(t.Context(), 1)
	must(t, err)
	must(t, b.DeleteOthers(t.Context(), 1, ""))
	if asked.Load() != 3 || consistent.Load() != 3 {
		t.Errorf("%d of %d reads were consistent, want 3 of 3", consistent.Load(), asked.Load())
	}
}

// A store that hangs, is gone, refuses or fails is never taken for a session that has ended.
func TestDynamoThatIsAwayIsNoLogOut(t *testing.T) {
	m := newMinidyn(t)
	release := make(chan struct{})
	defer close(release)
	failure := func(status int, kind string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"no"}`, kind)
			return true
		}
	}
	newTable(t, awsConfig(m.URL))
	session.Patience(t, 600*time.Millisecond, 1900*time.Millisecond) // the site's
	b := session.NewDynamo(awsConfig(m.URL), fmt.Sprintf("sessions-%d", tables.Load()))
	for name, f := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"hangs": func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return true
		},
		"throttles": failure(400, "ProvisionedThroughputExceededException"),
		"refuses":   failure(400, "AccessDeniedException"),
		"no table":  failure(400, "ResourceNotFoundException"),
		"fails":     failure(500, "InternalServerError"),
	} {
		t.Run(name, func(t *testing.T) {
			m.intercept(f)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := b.Get(ctx, 1, "a")
			if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNone) {
				t.Errorf("Get: %v", err)
			}
			if ctx.Err() != nil {
				t.Error("it waited for the caller's deadline instead of its own")
			}
			if err := b.Delete(ctx, 1, "a"); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Delete: %v", err)
			}
		})
	}
	// One failure alone is not even noticed.
	session.Patience(t, 10*time.Second, 30*time.Second)
	var calls atomic.Int64
	b = session.NewDynamo(awsConfig(m.URL), fmt.Sprintf("sessions-%d", tables.Load())) // one that knows of no failure
	m.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		return calls.Add(1) == 1 && failure(500, "InternalServerError")(w, r)
	})
	if _, err := b.Get(t.Context(), 1, "a"); !errors.Is(err, session.ErrNone) {
		t.Errorf("after one failure: %v", err)
	}
}

func TestDynamoCheck(t *testing.T) {
	m := newMinidyn(t)
	b := newTable(t, awsConfig(m.URL))
	must(t, b.Check(t.Context()))
	if all, err := b.List(t.Context(), -1); err != nil || len(all) != 0 {
		t.Errorf("the probe is still there: %v %v", all, err)
	}
	gone, err := url.Parse(m.URL)
	must(t, err)
	m.Close()
	if err := session.NewDynamo(awsConfig(gone.String()), "x").Check(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Error(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
