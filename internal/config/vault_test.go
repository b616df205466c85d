package config

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// Where AWS no longer answers, the last value holds, and in time for whoever
// opens a connection.
func TestTheLastValueHoldsWhileAWSHangs(t *testing.T) {
	var hangs atomic.Bool
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if hangs.Load() {
			<-over
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = w.Write([]byte(`{"SecretString": "{\"url\": \"kept\"}"}`))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(over) })
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"} {
		t.Setenv(name, value)
	}
	v := newVault(func(name string) (string, bool) { return "eu-central-1", name == "AWS_REGION" })
	const reference = "secretsmanager:database#url"
	if got, err := v.value(t.Context(), reference); got != "kept" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	hangs.Store(true)
	v.mu.Lock()
	clear(v.sources)
	v.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), vaultWait-time.Second)
	defer cancel()
	if got, err := v.value(ctx, reference); got != "kept" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if ctx.Err() != nil {
		t.Error("nothing of the caller's time is left")
	}
}
