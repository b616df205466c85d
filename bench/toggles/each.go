package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	mysqldriver "github.com/go-sql-driver/mysql"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// A toggle is one variable's worth of scaling out: a site with it against one without.
type toggle struct {
	name          string
	without, with servertest.Rung
	asks          []string                                                 // of requests
	trip          func(t *rig.T, s *servertest.Site) (func() error, error) // one round trip to what it adds
}

var (
	laptop = servertest.Rung{}
	mysql  = servertest.Rung{MySQL: true}
)

var toggles = []toggle{
	{"MySQL", laptop, mysql, []string{"home page", "home timeline", "photo", "like"}, tripMySQL},
	{"2 replicas", mysql, servertest.Rung{MySQL: true, Replicas: 2}, []string{"home page", "home timeline", "post", "like"}, tripMySQL},
	{"DynamoDB", mysql, servertest.Rung{MySQL: true, DynamoDB: true}, []string{"home page", "home timeline"}, tripDynamoDB},
	{"S3", mysql, servertest.Rung{MySQL: true, S3: true}, []string{"home page", "photo", "upload"}, tripS3},
	{"CDN", mysql, servertest.Rung{MySQL: true, CDN: true}, []string{"home page", "home timeline"}, nil},
	{"Redis", mysql, servertest.Rung{MySQL: true, Redis: true}, []string{"home page", "home timeline", "public timeline", "like"}, tripRedis},
	{"SQS", mysql, servertest.Rung{MySQL: true, SQS: true}, []string{"home timeline", "like", "upload"}, tripSQS},
	{"a worker", mysql, servertest.Rung{MySQL: true, Worker: true}, []string{"home timeline", "upload"}, nil},
	{"a worker, with SQS", servertest.Rung{MySQL: true, SQS: true}, servertest.Rung{MySQL: true, SQS: true, Worker: true}, []string{"upload"}, tripSQS},
	{"a balancer", mysql, servertest.Rung{MySQL: true, Web: 1}, []string{"home page", "home timeline"}, tripBalancer},
}

// A household is who asks a site, one after the other.
type household struct {
	site        *servertest.Site
	member, app *servertest.Client
	visitor     *servertest.Client
	post, path  string
	photo       string // its address's path
	liked       int
	drafts      []string // photos without a post
}

var previewAddress = regexp.MustCompile(`"preview_url":"([^"]+)"`)

func newHousehold(s *servertest.Site) (*household, error) {
	h := &household{site: s, member: rig.NewClient(s.URL, patience), app: rig.NewClient(s.URL, patience), visitor: rig.NewClient(s.URL, patience)}
	if err := errors.Join(h.member.TrySignUp("eye"), h.app.TrySignUpByToken("lens")); err != nil {
		return nil, err
	}
	if _, err := h.member.Must(http.StatusSeeOther, servertest.Form("/@lens/follow")); err != nil {
		return nil, err
	}
	for n := range 12 {
		id, err := postPhoto(h.app, photo, fmt.Sprintf("photo %d", n))
		if err != nil {
			return nil, err
		}
		h.post, h.path = id, "/@lens/"+id
	}
	a, err := h.app.Must(http.StatusOK, servertest.Read("/api/v1/statuses/"+h.post))
	if err != nil {
		return nil, err
	}
	if found := previewAddress.FindStringSubmatch(a.Body); found != nil {
		u, err := url.Parse(found[1])
		if err != nil {
			return nil, err
		}
		h.photo = u.RequestURI()
	}
	return h, nil
}

// ask makes one request by its name.
func (h *household) ask(name string) (err error) {
	switch name {
	case "home page":
		_, err = h.member.Must(http.StatusOK, servertest.Read("/"))
	case "post":
		_, err = h.member.Must(http.StatusOK, servertest.Read(h.path))
	case "home timeline":
		_, err = h.app.Must(http.StatusOK, servertest.Read("/api/v1/timelines/home"))
	case "public timeline":
		_, err = h.visitor.Must(http.StatusOK, servertest.Read("/api/v1/timelines/public"))
	case "photo":
		_, err = h.visitor.Must(http.StatusOK, servertest.Read(h.photo))
	case "like":
		act := []string{"/favourite", "/unfavourite"}[h.liked%2]
		h.liked++
		_, err = h.app.Must(http.StatusOK, servertest.Form("/api/v1/statuses/"+h.post+act))
	case "upload":
		var a servertest.Answer
		a, err = h.app.Must(http.StatusOK, servertest.File("/api/v2/media", "file", photo))
		h.drafts = append(h.drafts, a.ID())
	case "explore":
		_, err = h.member.Must(http.StatusOK, servertest.Read("/explore"))
	case "profile":
		_, err = h.member.Must(http.StatusOK, servertest.Read("/@lens"))
	case "notifications page":
		_, err = h.member.Must(http.StatusOK, servertest.Read("/notifications"))
	case "status":
		_, err = h.app.Must(http.StatusOK, servertest.Read("/api/v1/statuses/"+h.post))
	case "context":
		_, err = h.app.Must(http.StatusOK, servertest.Read("/api/v1/statuses/"+h.post+"/context"))
	case "notifications":
		_, err = h.app.Must(http.StatusOK, servertest.Read("/api/v1/notifications"))
	case "visitor's post":
		_, err = h.visitor.Must(http.StatusOK, servertest.Read(h.path+"?show="+rand.Text()))
	case "like by form":
		_, err = h.member.Must(http.StatusSeeOther, servertest.Form("/posts/"+h.post+"/"+[]string{"like", "unlike"}[h.liked%2], "return", "/"))
		h.liked++
	case "comment":
		_, err = h.app.Must(http.StatusOK, servertest.Form("/api/v1/statuses", "status", "a word "+rand.Text(), "in_reply_to_id", h.post))
	case "comment by form":
		_, err = h.member.Must(http.StatusSeeOther, servertest.Form("/posts/"+h.post+"/comments", "text", "a word "+rand.Text()))
	default:
		err = fmt.Errorf("no request is called %q", name)
	}
	return err
}

// measureEach compares each toggle's two sites.
func measureEach(t *rig.T, times int, only string) error {
	fmt.Printf("What each toggle adds to the median of a request, one by one; goal: one round trip + 10 %%\n")
	rows := [][]string{{"toggle", "request", "without", "with", "added", "round trip", "goal"}}
	households := map[servertest.Rung]*household{}
	prepare := func(r servertest.Rung) (*household, error) {
		if h := households[r]; h != nil {
			return h, nil
		}
		s := newSite(t, r, "STATELESS=false") // one instance, without a balancer
		h, err := newHousehold(s)
		households[r] = h
		return h, err
	}
	for _, g := range toggles {
		if only != "" && !slices.Contains(strings.Split(only, ","), g.name) {
			continue
		}
		without, err := prepare(g.without)
		if err != nil {
			return err
		}
		with, err := prepare(g.with)
		if err != nil {
			return err
		}
		trip := func() error { return nil }
		if g.trip != nil {
			if trip, err = g.trip(t, with.site); err != nil {
				return fmt.Errorf("a round trip to %s: %w", g.name, err)
			}
		}
		for _, name := range g.asks {
			n := times
			if name == "upload" {
				n = max(times/6, 5)
			}
			tidy := func() error { return errors.Join(without.tidy(), with.tidy()) }
			took, err := inTurn(n, tidy, func() error { return without.ask(name) }, func() error { return with.ask(name) }, trip)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", g.name, name, err)
			}
			a, b, round := took[0], took[1], took[2]
			row := []string{g.name, name, rig.Millis(a), rig.Millis(b), rig.Millis(b - a), rig.Millis(round), verdict(b <= a+a/10+round)}
			t.Logf("%s", strings.Join(row, ", "))
			rows = append(rows, row)
		}
		if g.with != mysql {
			with.site.Stop()
			delete(households, g.with)
		}
		if g.without == laptop {
			without.site.Stop()
			delete(households, laptop)
		}
	}
	rig.Table(rows...)
	fmt.Println()
	return nil
}

// tidy deletes what was uploaded: only so many photos may wait for their post.
func (h *household) tidy() error {
	for _, id := range h.drafts {
		if _, err := h.app.Must(http.StatusOK, servertest.Request{Method: http.MethodDelete, Path: "/api/v1/media/" + id}); err != nil {
			return err
		}
	}
	h.drafts = nil
	return nil
}

// inTurn calls each so many times, one after the other, and returns the median of each. The first tenth is to warm up.
// What tidy does in between is not measured.
func inTurn(times int, tidy func() error, each ...func() error) ([]time.Duration, error) {
	took := make([][]time.Duration, len(each))
	for n := range times + times/10 {
		for i, f := range each {
			start := time.Now()
			if err := f(); err != nil {
				return nil, err
			}
			if n >= times/10 {
				took[i] = append(took[i], time.Since(start))
			}
		}
		if err := tidy(); err != nil {
			return nil, err
		}
		time.Sleep(3 * time.Millisecond) // what a request leaves to do is done when the next comes
	}
	var medians []time.Duration
	for _, list := range took {
		slices.Sort(list)
		medians = append(medians, rig.Percentile(list, .5))
	}
	return medians, nil
}

func tripMySQL(t *rig.T, s *servertest.Site) (func() error, error) {
	password := rand.Text()
	if err := s.Database.Primary.Exec("CREATE USER 'trip'@'127.0.0.1' IDENTIFIED BY '" + password + "'"); err != nil {
		return nil, err
	}
	c := mysqldriver.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = "trip", password, "tcp", "127.0.0.1:"+strconv.Itoa(s.Database.Primary.Port)
	connector, err := mysqldriver.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return func() error {
		var one int
		return db.QueryRowContext(context.Background(), "SELECT 1").Scan(&one)
	}, nil
}

var awsCredentials = credentials.NewStaticCredentialsProvider("tintype", "not a secret", "")

func tripDynamoDB(_ *rig.T, s *servertest.Site) (func() error, error) {
	client := dynamodb.New(dynamodb.Options{Region: "eu-central-1", BaseEndpoint: &s.Sessions.URL, Credentials: awsCredentials})
	return func() error {
		_, err := client.GetItem(context.Background(), &dynamodb.GetItemInput{
			TableName: aws.String("sessions"), ConsistentRead: aws.Bool(true),
			Key: map[string]types.AttributeValue{"account_id": &types.AttributeValueMemberS{Value: "1"}, "session_hash": &types.AttributeValueMemberS{Value: "none"}},
		})
		return err
	}, nil
}

func tripS3(_ *rig.T, s *servertest.Site) (func() error, error) {
	client := s3.New(s3.Options{Region: "eu-central-1", BaseEndpoint: &s.Media.URL, UsePathStyle: true, Credentials: awsCredentials})
	list, err := client.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String("photos"), MaxKeys: aws.Int32(100)})
	if err != nil {
		return nil, err
	}
	if len(list.Contents) == 0 {
		return nil, errors.New("the bucket is empty")
	}
	smallest := slices.MinFunc(list.Contents, func(a, b s3types.Object) int { return int(*a.Size - *b.Size) })
	return func() error {
		o, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("photos"), Key: smallest.Key})
		if err != nil {
			return err
		}
		defer o.Body.Close()
		_, err = io.Copy(io.Discard, o.Body)
		return err
	}, nil
}

func tripRedis(t *rig.T, s *servertest.Site) (func() error, error) {
	c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(s.Cache.Port))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	r := bufio.NewReader(c)
	return func() error {
		if _, err := io.WriteString(c, "PING\r\n"); err != nil {
			return err
		}
		_, err := r.ReadString('\n')
		return err
	}, nil
}

func tripSQS(_ *rig.T, s *servertest.Site) (func() error, error) {
	u, err := url.Parse(s.Queue.QueueURL)
	if err != nil {
		return nil, err
	}
	p := rig.NewClient(u.Scheme+"://"+u.Host, patience)
	q := servertest.Request{
		Method: http.MethodPost, Path: "/", ContentType: "application/x-amz-json-1.0", Body: []byte(`{"QueueUrl":"` + s.Queue.QueueURL + `"}`),
		Header: []string{"X-Amz-Target", "AmazonSQS.GetQueueAttributes", "Authorization", "AWS4-HMAC-SHA256 none"},
	}
	return func() error { _, err := p.Must(http.StatusOK, q); return err }, nil
}

// tripBalancer is a request through it that costs the site nothing.
func tripBalancer(_ *rig.T, s *servertest.Site) (func() error, error) {
	p := rig.NewClient(strings.TrimSuffix(s.URL, "/"), patience)
	return func() error { _, err := p.Must(http.StatusOK, servertest.Read("/livez")); return err }, nil
}
