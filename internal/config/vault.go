package config

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/singleflight"

	"tintype/internal/awscall"
	"tintype/internal/awsconfig"
)

// A setting's value may be kept at AWS and named by a reference:
//
//	ssm:/name            a parameter of Systems Manager
//	secretsmanager:id    a secret (its name or ARN)
//	secretsmanager:id#k  one string of a secret that is a JSON object
const (
	ssmScheme    = "ssm:"
	secretScheme = "secretsmanager:"
)

func isReference(text string) bool {
	return strings.HasPrefix(text, ssmScheme) || strings.HasPrefix(text, secretScheme)
}

const (
	// vaultFresh is how long a value counts as new. Connections to a database are
	// opened in bursts, and a password is rotated with seconds to spare.
	vaultFresh = 3 * time.Second
	// vaultWait bounds one look-up, the SDK's own repetitions included.
	vaultWait = 15 * time.Second
	// vaultPatience is how long whoever has a value waits for a newer one. A
	// connection that is being opened has seconds in all.
	vaultPatience = time.Second
	// mostParameters bounds what SETTINGS may hold.
	mostParameters = 500
)

// The services that hold values, and a parameter as the first of them tells it.
var (
	systemsManager = awscall.Service{ID: "SSM", Name: "ssm", Target: "AmazonSSM"}
	secretsManager = awscall.Service{ID: "Secrets Manager", Name: "secretsmanager", Target: "secretsmanager"}
)

type storedParameter struct{ Name, Value string }

// A vault looks references up. It is asked again whenever a secret is used, so
// that a rotated one needs no restart; where AWS does not answer, the last value
// holds.
type vault struct {
	region string // empty: as the SDK finds it, on an instance from its metadata

	connect func() (aws.Config, error)
	flight  singleflight.Group

	mu      sync.Mutex
	sources map[string]source // by reference, without the key of a JSON object
	held    map[string]string // the last value of each reference
}

// A source is what AWS said of a parameter or a secret. All strings of one JSON
// object come from one look-up, so that those that belong together change
// together.
type source struct {
	text string
	err  error
	at   time.Time
}

func newVault(lookup func(string) (string, bool)) *vault {
	region, _ := lookup("AWS_REGION")
	v := &vault{region: strings.TrimSpace(region), sources: make(map[string]source), held: make(map[string]string)}
	v.connect = sync.OnceValues(func() (aws.Config, error) {
		ctx, cancel := context.WithTimeout(context.Background(), vaultWait)
		defer cancel()
		return awsconfig.Load(ctx, awsconfig.Options{Region: v.region, Log: slog.New(slog.DiscardHandler)})
	})
	return v
}

// value is what a reference stands for, as it is now, or as it was last where AWS
// does not tell.
func (v *vault) value(ctx context.Context, reference string) (string, error) {
	v.mu.Lock()
	held, known := v.held[reference]
	v.mu.Unlock()
	if known {
		short, cancel := context.WithTimeout(ctx, vaultPatience)
		defer cancel()
		ctx = short
	}
	text, err := v.newest(ctx, reference)
	if err != nil && known {
		return held, nil
	}
	return text, err
}

// newest is what a reference stands for now, or why that cannot be told.
func (v *vault) newest(ctx context.Context, reference string) (string, error) {
	from, key, part := reference, "", false
	if strings.HasPrefix(reference, secretScheme) {
		from, key, part = strings.Cut(reference, "#")
	}
	text, err := v.lookUp(ctx, from)
	if err == nil && part {
		text, err = stringOf(text, key)
	}
	if text = strings.TrimSpace(text); err == nil && text == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", reference, err)
	}
	v.hold(reference, text)
	return text, nil
}

func (v *vault) hold(reference, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.held[reference] = text
}

// lookUp asks AWS, but not by everybody at once, nor again and again.
func (v *vault) lookUp(ctx context.Context, from string) (string, error) {
	v.mu.Lock()
	last, known := v.sources[from]
	v.mu.Unlock()
	if known && time.Since(last.at) < vaultFresh {
		return last.text, last.err
	}
	// One look-up for all who ask, so it belongs to none of them.
	found := v.flight.DoChan(from, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), vaultWait)
		defer cancel()
		text, err := v.fetch(ctx, from)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.sources[from] = source{text, err, time.Now()}
		return text, err
	})
	select {
	case r := <-found:
		return r.Val.(string), r.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (v *vault) fetch(ctx context.Context, from string) (string, error) {
	c, err := v.connect()
	if err != nil {
		return "", err
	}
	if name, ok := strings.CutPrefix(from, ssmScheme); ok {
		var out struct{ Parameter storedParameter }
		err := awscall.New(c, systemsManager).JSON(ctx, "GetParameter", map[string]any{"Name": name, "WithDecryption": true}, &out)
		return out.Parameter.Value, err
	}
	var out struct {
		SecretString string
		SecretBinary []byte
	}
	err = awscall.New(c, secretsManager).JSON(ctx, "GetSecretValue", map[string]any{"SecretId": strings.TrimPrefix(from, secretScheme)}, &out)
	return cmp.Or(out.SecretString, string(out.SecretBinary)), err
}

// stringOf is one string of a secret that is a JSON object. Its errors do not
// repeat the text, which is secret.
func stringOf(text, key string) (string, error) {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return "", errors.New("the secret is not a JSON object")
	}
	field, ok := fields[key].(string)
	if !ok {
		return "", fmt.Errorf("the secret has no string %q", key)
	}
	return field, nil
}

// parameters are the settings that lie under a path of the parameter store, by
// name.
func (v *vault) parameters(path string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*vaultWait)
	defer cancel()
	c, err := v.connect()
	if err != nil {
		return nil, err
	}
	found := make(map[string]string)
	client := awscall.New(c, systemsManager)
	for next := ""; ; {
		in := map[string]any{"Path": path, "WithDecryption": true}
		if next != "" {
			in["NextToken"] = next
		}
		var page struct {
			Parameters []storedParameter
			NextToken  string
		}
		if err := client.JSON(ctx, "GetParametersByPath", in, &page); err != nil {
			return nil, err
		}
		for _, p := range page.Parameters {
			found[p.Name[strings.LastIndexByte(p.Name, '/')+1:]] = p.Value
		}
		if len(found) > mostParameters {
			return nil, fmt.Errorf("more than %d parameters under %s: is that the right path?", mostParameters, path)
		}
		if page.NextToken == "" || page.NextToken == next {
			break
		}
		next = page.NextToken
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no parameter under %s: is that the right path, and may this machine's role read it (ssm:GetParametersByPath)?", path)
	}
	return found, nil
}

// withSettings puts what SETTINGS names beneath the environment: a variable that
// is set there wins. Origin is the reference of the parameter that a setting came
// from, "" for none.
func withSettings(lookup func(string) (string, bool), environ []string, v *vault) (_ func(string) (string, bool), origin func(string) string, _ []string, _ error) {
	from, _ := lookup("SETTINGS")
	from = strings.TrimSpace(from)
	if from == "" {
		return lookup, func(string) string { return "" }, environ, nil
	}
	path, ok := strings.CutPrefix(from, ssmScheme)
	if !ok || !strings.HasPrefix(path, "/") {
		return nil, nil, nil, fmt.Errorf("SETTINGS: %q is not a path of the parameter store, such as ssm:/tintype/production/", from)
	}
	kept, err := v.parameters(path)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("SETTINGS: %w", err)
	}
	if _, ok := kept["SETTINGS"]; ok {
		return nil, nil, nil, fmt.Errorf("SETTINGS: %s holds another SETTINGS; there is only one place", from)
	}
	for name := range kept {
		// Their values are no business of whoever reads the list of names.
		environ = append(environ, name+"=")
	}
	here := func(name string) bool {
		text, _ := lookup(name)
		return strings.TrimSpace(text) != ""
	}
	merged := func(name string) (string, bool) {
		if here(name) {
			return lookup(name)
		}
		text, ok := kept[name]
		return text, ok
	}
	origin = func(name string) string {
		if _, ok := kept[name]; !ok || here(name) {
			return ""
		}
		return ssmScheme + strings.TrimSuffix(path, "/") + "/" + name
	}
	return merged, origin, environ, nil
}
