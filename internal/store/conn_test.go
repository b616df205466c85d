package store

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// A replica that hangs takes connections and says nothing on them. Whoever waits for one is sent elsewhere, long before
// an answer would be given up.
func TestConnectToAReplicaThatHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url := func(context.Context) (string, error) { return "mysql://ann:secret@" + l.Addr().String() + "/site", nil }
	to, err := mysqlConnector(ctx, url, trackWire)
	if err != nil {
		t.Fatal(err)
	}
	c := &trackingConnector{Connector: to, endpoint: &endpoint{servers: map[string]*server{}}, guard: true}
	if _, err := c.Connect(ctx); !errors.Is(err, errSilent) || !elsewhere(err) {
		t.Errorf("connect: %v", err)
	}
	cancel()
	if _, err := c.Connect(ctx); errors.Is(err, errSilent) {
		t.Errorf("whoever asked has gone, and the replica is blamed: %v", err)
	}
}
