package app

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
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"golang.org/x/sync/singleflight"
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

// A vault looks references up. It is asked again whenever a secret is used, so
// that a rotated one needs no restart; where AWS does not answer, the last value
// holds.
type vault struct {
	region string // empty: as the SDK finds it, on an instance from its metadata

	connect func() (aws.Config, error)
	flight  singleflight.Group

	mu   sync.Mutex
	held map[string]heldValue
}

type heldValue struct {
	text string
	at   time.Time
}

func newVault(lookup func(string) (string, bool)) *vault {
	region, _ := lookup("AWS_REGION")
	v := &vault{region: strings.TrimSpace(region), held: make(map[string]heldValue)}
	v.connect = sync.OnceValues(func() (aws.Config, error) {
		ctx, cancel := context.WithTimeout(context.Background(), vaultWait)
		defer cancel()
		options := []func(*config.LoadOptions) error{config.WithHTTPClient(awsClient()), config.WithLogger(awsLogger{slog.New(slog.DiscardHandler)})}
		if v.region != "" {
			options = append(options, config.WithRegion(v.region))
		} else {
			options = append(options, config.WithEC2IMDSRegion())
		}
		c, err := config.LoadDefaultConfig(ctx, options...)
		if err == nil && c.Region == "" {
			err = errors.New("no region: set AWS_REGION")
		}
		return c, err
	})
	return v
}

// value is what a reference stands for, as it is now.
func (v *vault) value(ctx context.Context, reference string) (string, error) {
	v.mu.Lock()
	held, known := v.held[reference]
	v.mu.Unlock()
	if known && time.Since(held.at) < vaultFresh {
		return held.text, nil
	}
	// One look-up for all who ask, so it belongs to none of them.
	found := v.flight.DoChan(reference, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), vaultWait)
		defer cancel()
		text, err := v.fetch(ctx, reference)
		v.mu.Lock()
		defer v.mu.Unlock()
		if err != nil {
			if held, known := v.held[reference]; known {
				v.held[reference] = heldValue{held.text, time.Now()} // asked again after a while, not by everybody at once
			}
			return "", fmt.Errorf("%s: %w", reference, err)
		}
		v.held[reference] = heldValue{text, time.Now()}
		return text, nil
	})
	var late <-chan time.Time
	if known {
		timer := time.NewTimer(vaultPatience)
		defer timer.Stop()
		late = timer.C
	}
	var err error
	select {
	case <-late:
	case r := <-found:
		if r.Err == nil {
			return r.Val.(string), nil
		}
		err = r.Err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if known {
		return held.text, nil
	}
	return "", err
}

func (v *vault) fetch(ctx context.Context, reference string) (string, error) {
	c, err := v.connect()
	if err != nil {
		return "", err
	}
	if name, ok := strings.CutPrefix(reference, ssmScheme); ok {
		out, err := ssm.NewFromConfig(c).GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
		if err != nil {
			return "", err
		}
		return nonEmpty(strings.TrimSpace(aws.ToString(out.Parameter.Value)))
	}
	id, key, part := strings.Cut(strings.TrimPrefix(reference, secretScheme), "#")
	out, err := secretsmanager.NewFromConfig(c).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		return "", err
	}
	text := cmp.Or(aws.ToString(out.SecretString), string(out.SecretBinary))
	if !part {
		return nonEmpty(strings.TrimSpace(text))
	}
	// The error must not repeat the text, which is secret.
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return "", errors.New("the secret is not a JSON object")
	}
	field, ok := fields[key].(string)
	if !ok {
		return "", fmt.Errorf("the secret has no string %q", key)
	}
	return nonEmpty(strings.TrimSpace(field))
}

func nonEmpty(text string) (string, error) {
	if text == "" {
		return "", errors.New("it is empty")
	}
	return text, nil
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
	pages := ssm.NewGetParametersByPathPaginator(ssm.NewFromConfig(c), &ssm.GetParametersByPathInput{Path: &path, WithDecryption: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.Parameters {
			name := aws.ToString(p.Name)
			found[name[strings.LastIndexByte(name, '/')+1:]] = aws.ToString(p.Value)
		}
		if len(found) > mostParameters {
			return nil, fmt.Errorf("more than %d parameters under %s: is that the right path?", mostParameters, path)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no parameter under %s: is that the right path, and may this machine's role read it (ssm:GetParametersByPath)?", path)
	}
	return found, nil
}

// withSettings puts what SETTINGS names beneath the environment: a variable that
// is set there wins.
func withSettings(lookup func(string) (string, bool), environ []string, v *vault) (func(string) (string, bool), []string, error) {
	from, _ := lookup("SETTINGS")
	from = strings.TrimSpace(from)
	if from == "" {
		return lookup, environ, nil
	}
	path, ok := strings.CutPrefix(from, ssmScheme)
	if !ok || !strings.HasPrefix(path, "/") {
		return nil, nil, fmt.Errorf("SETTINGS: %q is not a path of the parameter store, such as ssm:/tintype/production/", from)
	}
	kept, err := v.parameters(path)
	if err != nil {
		return nil, nil, fmt.Errorf("SETTINGS: %w", err)
	}
	if _, ok := kept["SETTINGS"]; ok {
		return nil, nil, fmt.Errorf("SETTINGS: %s holds another SETTINGS; there is only one place", from)
	}
	for name := range kept {
		// Their values are no business of whoever reads the list of names.
		environ = append(environ, name+"=")
	}
	return func(name string) (string, bool) {
		if text, ok := lookup(name); ok && strings.TrimSpace(text) != "" {
			return text, ok
		}
		text, ok := kept[name]
		return text, ok
	}, environ, nil
}
