package awscall_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"tintype/internal/awscall"
)

var (
	person      = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "not-a-secret", SessionToken: "a-session"}
	ssm         = awscall.Service{ID: "SSM", Name: "ssm", Target: "AmazonSSM"}
	cloudFront  = awscall.Service{ID: "CloudFront", Name: "cloudfront", Global: true}
	immediately = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Nanosecond })
	}
)

// service is a server that checks signatures as AWS does, and then answers what it is told to, in turn.
type service struct {
	*httptest.Server
	asked   []*http.Request
	bodies  []string
	answers []func(http.ResponseWriter)
}

func serve(t *testing.T, name, region string, answers ...func(http.ResponseWriter)) *service {
	s := &service{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.asked, s.bodies = append(s.asked, r), append(s.bodies, string(body))
		if err := signedBy(r, body, person, name, region); err != nil {
			t.Error(err)
		}
		if len(s.asked) > len(s.answers) {
			t.Errorf("request %d was not expected", len(s.asked))
			return
		}
		s.answers[len(s.asked)-1](w)
	}))
	t.Cleanup(s.Close)
	return s
}

// signedBy signs the request that came again, as whoever is meant to have sent it, and compares.
func signedBy(r *http.Request, body []byte, by aws.Credentials, name, region string) error {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	for _, header := range strings.Split(list, ";") {
		if header != "host" && header != "content-length" {
			again.Header.Set(header, r.Header.Get(header))
		}
	}
	if err := v4.NewSigner().SignHTTP(r.Context(), by, again, sha256Hex(body), name, region, at); err != nil {
		return err
	}
	if want, got := again.Header.Get("Authorization"), r.Header.Get("Authorization"); want != got {
		return fmt.Errorf("signed with %s\nwant        %s", got, want)
	}
	return nil
}

func sha256Hex(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// doFunc is an HTTP client.
type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("X-Amzn-RequestId", "request-1")
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

func configuration(address string) aws.Config {
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: &address, Retryer: immediately,
		Credentials: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) { return person, nil }),
	}
}

type parameter struct {
	Parameter struct{ Name, Value string }
}

func TestCallInJSON(t *testing.T) {
	s := serve(t, "ssm", "eu-central-1", answer(200, `{"Parameter":{"Name":"/a","Value":"one"}}`))
	var out parameter
	if err := awscall.New(configuration(s.URL), ssm).JSON(t.Context(), "GetParameter", map[string]any{"Name": "/a", "WithDecryption": true}, &out); err != nil {
		t.Fatal(err)
	}
	if out.Parameter.Value != "one" {
		t.Errorf("got %+v", out)
	}
	r := s.asked[0]
	if r.Method != "POST" || r.URL.Path != "/" || r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		t.Errorf("asked %s %s %v", r.Method, r.URL, r.Header)
	}
	var in map[string]any
	if err := json.Unmarshal([]byte(s.bodies[0]), &in); err != nil || in["Name"] != "/a" || in["WithDecryption"] != true || r.ContentLength != int64(len(s.bodies[0])) {
		t.Errorf("sent %q of %d bytes: %v", s.bodies[0], r.ContentLength, err)
	}
}

func TestCallInXML(t *testing.T) {
	s := serve(t, "cloudfront", "us-east-1", answer(201, `<Invalidation/>`), answer(403, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`))
	type batch struct {
		XMLName xml.Name `xml:"Batch"`
		Path    string
	}
	c := awscall.New(configuration(s.URL+"/"), cloudFront)
	if err := c.XML(t.Context(), "CreateInvalidation", "/2020-05-31/distribution/E1/invalidation", batch{Path: "/a?b&c"}); err != nil {
		t.Fatal(err)
	}
	if s.asked[0].URL.Path != "/2020-05-31/distribution/E1/invalidation" || s.bodies[0] != "<Batch><Path>/a?b&amp;c</Path></Batch>" {
		t.Errorf("asked %s %s", s.asked[0].URL, s.bodies[0])
	}
	err := c.XML(t.Context(), "CreateInvalidation", "/x", batch{})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" || api.ErrorMessage() != "not you" || len(s.asked) != 2 {
		t.Errorf("%d requests, %v", len(s.asked), err)
	}
}

// A call that may pass is tried again with a new signature; one that cannot is not. Errors name the operation, the status, the
// request and the code, and never the answer.
func TestRetriesAndErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter)
		code    string // "" for success
	}{
		"a server in trouble":   {[]func(http.ResponseWriter){answer(500, "oh"), answer(503, ""), answer(200, "{}")}, ""},
		"too many calls":        {[]func(http.ResponseWriter){answer(400, `{"__type":"com.amazonaws#ThrottlingException","message":"slow"}`), answer(200, "{}")}, ""},
		"a server that is lost": {[]func(http.ResponseWriter){answer(500, "oh"), answer(500, "oh"), answer(500, "<html>")}, "UnknownError"},
		"something missing":     {[]func(http.ResponseWriter){answer(400, `{"__type":"ParameterNotFound"}`)}, "ParameterNotFound"},
		"a code in a header": {[]func(http.ResponseWriter){func(w http.ResponseWriter) {
			w.Header().Set("X-Amzn-Errortype", "AccessDeniedException:http://x/")
			w.WriteHeader(400)
		}}, "AccessDeniedException"},
		"a page from in between": {[]func(http.ResponseWriter){answer(404, "<html>")}, "UnknownError"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "ssm", "eu-central-1", c.answers...)
			var out parameter
			err := awscall.New(configuration(s.URL), ssm).JSON(t.Context(), "GetParameter", struct{}{}, &out)
			if len(s.asked) != len(c.answers) {
				t.Errorf("%d requests, want %d", len(s.asked), len(c.answers))
			}
			var api smithy.APIError
			if errors.As(err, &api) != (c.code != "") || c.code != "" && api.ErrorCode() != c.code {
				t.Errorf("want code %q: %v", c.code, err)
			}
			if err == nil {
				return
			}
			var answered *awshttp.ResponseError
			if !errors.As(err, &answered) || !strings.Contains(err.Error(), "SSM: GetParameter") {
				t.Errorf("without its operation and status: %v", err)
			}
		})
	}
	s := serve(t, "ssm", "eu-central-1", answer(200, `{"Parameter":{"Value":hunter2`))
	if err := awscall.New(configuration(s.URL), ssm).JSON(t.Context(), "GetParameter", struct{}{}, new(parameter)); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("of an answer that is no JSON: %v", err)
	}
	s = serve(t, "ssm", "eu-central-1", answer(200, `"`+strings.Repeat("a", 5<<20)+`"`))
	if err := awscall.New(configuration(s.URL), ssm).JSON(t.Context(), "GetParameter", struct{}{}, new(any)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("of an answer without end: %v", err)
	}
}

// Who waits no longer gets an answer at once, and without credentials nothing is sent.
func TestCallEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := awscall.New(configuration(s.URL), ssm).JSON(ctx, "GetParameter", struct{}{}, new(parameter)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	nobody := configuration(s.URL)
	nobody.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("no role") })
	if err := awscall.New(nobody, ssm).JSON(t.Context(), "GetParameter", struct{}{}, new(parameter)); err == nil || !strings.Contains(err.Error(), "no role") {
		t.Errorf("%v", err)
	}
}

// What the configuration adds to each call is added to these: traces are made so.
func TestCallTakesTheConfigurationsMiddleware(t *testing.T) {
	s := serve(t, "ssm", "eu-central-1", answer(200, "{}"))
	cfg := configuration(s.URL)
	var seen []string
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Seen", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			seen = append(seen, middleware.GetServiceID(ctx)+" "+middleware.GetOperationName(ctx))
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
	})
	if err := awscall.New(cfg, ssm).JSON(t.Context(), "GetParameter", struct{}{}, new(parameter)); err != nil || len(seen) != 1 || seen[0] != "SSM GetParameter" {
		t.Errorf("%q %v", seen, err)
	}
}

func TestEndpoints(t *testing.T) {
	secrets := awscall.Service{ID: "Secrets Manager", Name: "secretsmanager", Target: "secretsmanager"}
	for _, c := range []struct {
		service awscall.Service
		region  string
		env     string
		want    string // the host that is called, then the region that is signed for
	}{
		{ssm, "eu-central-1", "", "ssm.eu-central-1.amazonaws.com eu-central-1"},
		{ssm, "us-gov-west-1", "", "ssm.us-gov-west-1.amazonaws.com us-gov-west-1"},
		{ssm, "cn-north-1", "", "ssm.cn-north-1.amazonaws.com.cn cn-north-1"},
		{ssm, "us-east-1", "AWS_USE_FIPS_ENDPOINT=true", "ssm-fips.us-east-1.amazonaws.com us-east-1"},
		{secrets, "eu-central-1", "AWS_USE_DUALSTACK_ENDPOINT=true", "secretsmanager.eu-central-1.api.aws eu-central-1"},
		{secrets, "eu-central-1", "AWS_ENDPOINT_URL_SECRETS_MANAGER=http://vault.test:8000/", "vault.test:8000 eu-central-1"},
		{secrets, "eu-central-1", "AWS_ENDPOINT_URL=http://all.test", "all.test eu-central-1"},
		{secrets, "eu-central-1", "AWS_ENDPOINT_URL=http://all.test AWS_ENDPOINT_URL_SECRETS_MANAGER=http://one.test", "one.test eu-central-1"},
		{secrets, "eu-central-1", "AWS_ENDPOINT_URL_SECRETS_MANAGER=http://one.test AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "secretsmanager.eu-central-1.amazonaws.com eu-central-1"},
		{cloudFront, "eu-central-1", "", "cloudfront.amazonaws.com us-east-1"},
		{cloudFront, "cn-north-1", "", "cloudfront.cn-northwest-1.amazonaws.com.cn cn-northwest-1"},
		{cloudFront, "eu-central-1", "AWS_USE_DUALSTACK_ENDPOINT=true", "cloudfront.global.api.aws us-east-1"},
	} {
		t.Run(c.service.Name+" "+c.region+" "+c.env, func(t *testing.T) {
			for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CONFIG_FILE": "/dev/null", "AWS_CA_BUNDLE": "", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"} {
				t.Setenv(name, value)
			}
			for _, setting := range strings.Fields(c.env) {
				name, value, _ := strings.Cut(setting, "=")
				t.Setenv(name, value)
			}
			var got string
			cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(c.region), config.WithHTTPClient(doFunc(func(r *http.Request) (*http.Response, error) {
				parts := strings.Split(r.Header.Get("Authorization"), "/")
				got = r.URL.Host + " " + parts[2]
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
			})))
			if err != nil {
				t.Fatal(err)
			}
			if err := awscall.New(cfg, c.service).JSON(t.Context(), "Ask", struct{}{}, new(any)); err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("called %q, want %q", got, c.want)
			}
		})
	}
}

// A machine whose clock is off signs by the service's from the second request on, as the SDK's clients do.
func TestClockOfTheService(t *testing.T) {
	const ahead = 40 * time.Minute
	var tries []time.Duration // by which the request's time differed from the service's
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().Add(ahead)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil {
			t.Error(err)
		}
		if tries = append(tries, now.Sub(signed)); now.Sub(signed).Abs() > 5*time.Minute {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired"}`)
			return
		}
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Denied") {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"no"}`)
			return
		}
		_, _ = io.WriteString(w, `{"Parameter":{"Value":"found"}}`)
	}))
	t.Cleanup(server.Close)
	cfg := aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return person, nil }), Retryer: immediately}
	client := awscall.New(cfg, ssm)
	for range 2 {
		var out struct{ Parameter struct{ Value string } }
		if err := client.JSON(t.Context(), "GetParameter", map[string]any{}, &out); err != nil || out.Parameter.Value != "found" {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	if len(tries) != 3 || tries[0] < 5*time.Minute || tries[1].Abs() > time.Minute || tries[2].Abs() > time.Minute {
		t.Errorf("the requests were signed for %v before the service's time", tries)
	}
	// What is refused for another reason is not asked again.
	var api smithy.APIError
	if err := client.JSON(t.Context(), "Denied", map[string]any{}, new(any)); !errors.As(err, &api) || api.ErrorCode() != "AccessDeniedException" || len(tries) != 4 {
		t.Errorf("%v after %d requests %v", err, len(tries), tries)
	}
}
