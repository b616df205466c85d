package fleettest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
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

	"tintype/internal/servertest"
)

// dynamo is a DynamoDB in the test process, which counts, fails and looks on as tests ask.
type dynamo struct {
	*httptest.Server
	gone   atomic.Bool // hangs, as a network that swallows packets does
	writes atomic.Int64
	// refuse answers a request with an error if it is not "", by the request's access key.
	refuse atomic.Pointer[func(accessKey string) string]
}

const table = "sessions"

func newDynamo(t *testing.T) *dynamo {
	d, db := &dynamo{}, server.NewServer()
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.gone.Load() {
			_, _ = io.Copy(io.Discard, r.Body) // or nobody notices that the client has gone
			<-r.Context().Done()
			return
		}
		if f := d.refuse.Load(); f != nil {
			_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
			key, _, _ := strings.Cut(rest, "/")
			if why := (*f)(key); why != "" {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, `{"__type":"com.amazon.coral.service#%s","message":"refused"}`, why)
				return
			}
		}
		switch _, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); op {
		case "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems":
			d.writes.Add(1)
		}
		db.ServeHTTP(w, r)
	}))
	t.Cleanup(d.CloseClientConnections)
	t.Cleanup(d.Close)
	return d
}

// env are the settings with which a process keeps its sessions here.
func (d *dynamo) env() []string {
	return []string{"SESSION_STORE=dynamodb", "SESSION_DYNAMODB_TABLE=" + table, "AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL_DYNAMODB=" + d.URL}
}

var keys = []string{"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret"}

// setUp makes the table by the program itself.
func (d *dynamo) setUp(t *testing.T) {
	t.Helper()
	out, stderr, err := servertest.Run(t, append(d.env(), keys...), "setup", "dynamodb")
	if err != nil || !strings.Contains(out, "The table sessions takes sessions.") {
		t.Fatalf("setup dynamodb: %v\n%s%s", err, out, stderr)
	}
}

func sessionFleet(t *testing.T, n int) (fleet, *dynamo) {
	t.Helper()
	d := newDynamo(t)
	d.setUp(t)
	return newFleet(t, n, append(d.env(), keys...)...), d
}

func (d *dynamo) client() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "eu-central-1", BaseEndpoint: &d.URL, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")})
}

// items are all sessions of the table.
func (d *dynamo) items(t testing.TB) []map[string]types.AttributeValue {
	t.Helper()
	all, err := d.client().Scan(context.Background(), &dynamodb.ScanInput{TableName: aws.String(table)})
	if err != nil {
		t.Fatal(err)
	}
	return all.Items
}

// set changes one attribute of the one session behind the program's back.
func (d *dynamo) set(t testing.TB, name string, value int64) {
	t.Helper()
	all := d.items(t)
	if len(all) != 1 {
		t.Fatalf("%d sessions in the table, want this one alone", len(all))
	}
	_, err := d.client().UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
		TableName: aws.String(table), UpdateExpression: aws.String("SET " + name + " = :v"),
		Key:                       map[string]types.AttributeValue{"account_id": all[0]["account_id"], "session_hash": all[0]["session_hash"]},
		ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// R3, R7: who logs in on one instance is logged in on the others at once, also while the session is renewed; and a
// thousand pages write it at most twice.
func TestASessionHoldsOnEveryInstance(t *testing.T) {
	f, d := sessionFleet(t, 2)
	anna := browser(t, f[0])
	anna.SignUp("anna")
	storm := func(n int) {
		t.Helper()
		var wg sync.WaitGroup
		work := make(chan *servertest.Instance)
		for range 10 {
			wg.Go(func() {
				for to := range work {
					b := browser(t, to)
					b.Bring(anna.Cookies())
					a := b.Try(servertest.Read("/settings"))
					if a.Err != nil || a.Status != http.StatusOK || a.URL.Path == "/login" {
						t.Errorf("logged out: %d %v %v", a.Status, a.URL, a.Err)
					}
				}
			})
		}
		for i := range n {
			work <- f[(i+1)%2]
		}
		close(work)
		wg.Wait()
	}
	before := d.writes.Load()
	storm(50)
	if n := d.writes.Load() - before; n != 0 {
		t.Errorf("fifty pages just after the log-in wrote the session %d times", n)
	}
	twoDays := time.Now().Add(-48 * time.Hour).UnixMilli()
	d.set(t, "used_ms", twoDays)
	before = d.writes.Load()
	storm(1000)
	if n := d.writes.Load() - before; n < 1 || n > 2 {
		t.Errorf("a thousand pages wrote the session %d times, want once or twice", n)
	}
}

// R5: a log-in makes the cookie from before it worthless, a log-out is known everywhere at once, and a new password
// ends the other sessions.
func TestSessionsEndEverywhere(t *testing.T) {
	f, d := sessionFleet(t, 2)
	a := browser(t, f[0])
	a.SignUp("anna")
	old := a.Cookies()
	a.LogIn("anna", password).Want(http.StatusOK)
	b := browser(t, f[1])
	b.Bring(old)
	b.LoggedOut()

	other := browser(t, f[1])
	other.LogIn("anna", password).Want(http.StatusOK)
	other.LoggedIn("anna")
	a.Post("/settings/account", "what", "password", "current_password", password, "new_password", newPassword).Want(http.StatusOK)
	a.LoggedIn("anna")
	a = a.At(f[1])
	a.LoggedIn("anna")
	other.LoggedOut()

	a = a.At(f[0])
	last := a.Cookies()
	a.Post("/logout").Want(http.StatusOK)
	b.Bring(last)
	b.LoggedOut()

	a.LogIn("anna", newPassword).Want(http.StatusOK)
	other.LogIn("anna", newPassword).Want(http.StatusOK)
	a.Post("/settings/delete", "confirm", "anna", "password", newPassword).Want(http.StatusOK)
	other.LoggedOut()
	if n := len(d.items(t)); n != 0 {
		t.Errorf("%d sessions of a deleted account are kept", n)
	}
}

// R6: a session that is over is over, though the table still has it.
func TestExpiryIsCheckedOnRead(t *testing.T) {
	f, d := sessionFleet(t, 1)
	anna := browser(t, f[0])
	anna.SignUp("anna")
	d.set(t, "expires_ms", time.Now().Add(-time.Second).UnixMilli())
	anna.LoggedOut()
}

// R4: while the store of sessions is away, members hear 503 and keep their cookie, and then go on with it.
func TestSessionsSurviveTheirStoreBeingAway(t *testing.T) {
	f, d := sessionFleet(t, 1)
	anna := browser(t, f[0])
	anna.SignUp("anna")
	d.gone.Store(true)
	d.CloseClientConnections()
	for range 3 {
		a := anna.Get("/settings").Want(http.StatusServiceUnavailable)
		if a.Header.Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
		if c := a.Header.Values("Set-Cookie"); len(c) > 0 {
			t.Errorf("503 sets cookies: %q", c)
		}
	}
	if a := anna.LogIn("anna", password); a.Status != http.StatusServiceUnavailable {
		t.Errorf("log-in without a store answered %d", a.Status)
	}
	browser(t, f[0]).Get("/explore").Want(http.StatusOK) // visitors need no session
	if err := f[0].WaitReady(time.Minute); err != nil {
		t.Errorf("the balancer was told to look elsewhere, where it is the same: %v", err)
	}
	d.gone.Store(false)
	d.CloseClientConnections()
	servertest.Eventually(t, "the store is found to be back", func() bool { return anna.Get("/settings").Status == http.StatusOK })
	anna.LoggedIn("anna")
}

// metadata is a machine's metadata service that takes version 2 alone, with credentials that expire soon.
type metadata struct {
	*httptest.Server
	life        time.Duration // of credentials
	key, secret string        // "" makes a key up for each answer
	mu          sync.Mutex
	issued      map[string]time.Time // access key → its end
	refused     []string
}

// life is how long credentials hold.
const life = 3 * time.Second

func newMetadata(t *testing.T) *metadata {
	m := &metadata{issued: map[string]time.Time{}, life: life}
	const token, role = "the-token", "tintype-web"
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		const list = "/latest/meta-data/iam/security-credentials/"
		switch {
		case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			fmt.Fprint(w, token)
		case r.Header.Get("X-Aws-Ec2-Metadata-Token") != token:
			m.refused = append(m.refused, r.Method+" "+r.URL.Path)
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == list:
			fmt.Fprint(w, role)
		case r.URL.Path == list+role:
			key, secret, session := m.key, m.secret, ""
			if key == "" {
				key, secret, session = fmt.Sprintf("ASIA%08d", len(m.issued)), "s", "t"
			}
			end := time.Now().Add(m.life)
			m.issued[key] = end
			_ = json.NewEncoder(w).Encode(map[string]any{
				"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": time.Now().UTC(), "AccessKeyId": key, "SecretAccessKey": secret, "Token": session,
				"Expiration": end.UTC().Format(time.RFC3339Nano),
			})
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(m.Close)
	return m
}

// check is what AWS says to an access key.
func (m *metadata) check(key string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch end, ok := m.issued[key]; {
	case !ok:
		return "UnrecognizedClientException"
	case time.Now().After(end):
		return "ExpiredTokenException"
	}
	return ""
}

func (m *metadata) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.issued)
}

// R19: credentials come from the machine's role, by version 2 of its metadata service, and are renewed before they
// end: nobody notices.
func TestCredentialsThatExpireAllTheTime(t *testing.T) {
	d, m := newDynamo(t), newMetadata(t)
	env := append(d.env(), "AWS_EC2_METADATA_SERVICE_ENDPOINT="+m.URL, "HOME="+t.TempDir())
	if out, stderr, err := servertest.Run(t, env, "setup", "dynamodb"); err != nil {
		t.Fatalf("setup dynamodb: %v\n%s%s", err, out, stderr)
	}
	// Besides, every tenth request arrives just after its credentials have ended.
	var asked atomic.Int64
	check := func(key string) string {
		if asked.Add(1)%10 == 0 {
			return "ExpiredTokenException"
		}
		return m.check(key)
	}
	d.refuse.Store(&check)
	f := newFleet(t, 1, env...)
	anna := browser(t, f[0])
	anna.SignUp("anna")
	start, first := time.Now(), m.count()
	pages := 0
	for time.Since(start) < 3*life {
		anna.LoggedIn("anna")
		pages++
		time.Sleep(20 * time.Millisecond) // some hundred pages are enough
	}
	if m.count() < first+2 {
		t.Errorf("%d pages over three lives of credentials asked for new ones %d times", pages, m.count()-first)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.refused) > 0 {
		t.Errorf("version 1 was tried: %v", m.refused)
	}
}
