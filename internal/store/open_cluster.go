package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

const (
	// replicaDial is how long a replica may take to accept a connection: there are others.
	replicaDial = 700 * time.Millisecond
	// firstLook bounds how long Open waits for the replicas to be known. Until they are, the primary answers.
	firstLook = 2 * time.Second
)

// openCluster opens a primary with n connections, one of them for the replication clock, and the pools of the replicas.
// A replica that cannot be reached now is read once it can.
func openCluster(ctx context.Context, o Options, n, replicas int, limit func(*mysqldriver.Config)) (*conn, error) {
	maxLag := o.MaxLag
	if maxLag <= 0 {
		maxLag = DefaultMaxLag
	}
	c := &cluster{maxLag: maxLag, slots: make(chan struct{}, max((n-1)/2, 1)), log: o.Log, traced: o.Tracing != nil, holder: rand.Text(), watches: o.ReadOnly}
	var err error
	if c.breaker, err = openBreaker(ctx, o, c.greet, c.wentAway, c.cameBack); err != nil {
		return nil, err
	}
	c.primary, err = openGuarded(ctx, o, c.breaker, n-1, limit)
	if err != nil {
		c.breaker.Close()
		return nil, err
	}
	toClock, err := mysqlConnector(ctx, o.URL, func(conf *mysqldriver.Config) {
		guardWires(c.breaker, true)(conf)
		conf.Timeout, conf.ReadTimeout, conf.WriteTimeout = pollPatience, 2*pollPatience, 2*pollPatience
		conf.Params["innodb_lock_wait_timeout"] = "1"
		endIdle(conf)
	})
	if err != nil {
		c.breaker.Close()
		return nil, errors.Join(err, c.primary.Close())
	}
	c.monitor = sql.OpenDB(toClock)
	c.monitor.SetMaxOpenConns(1)
	c.monitor.SetConnMaxLifetime(3 * time.Minute)
	c.monitor.SetConnMaxIdleTime(primaryIdle / 2)
	c.movedAt.Store(time.Now().UnixNano())

	c.stop = func() {}
	for i := range replicas {
		e, err := openEndpoint(ctx, c, o, n, i, limit)
		if err != nil {
			c.close()
			return nil, errors.Join(err, c.primary.Close())
		}
		c.endpoints = append(c.endpoints, e)
	}
	s, err := newStore(mysqlDialect{}, mysqlDialector(bounded{c.primary}), mysqlDialector(c), o, false)
	if err != nil {
		c.close()
		return nil, errors.Join(err, c.primary.Close())
	}
	s.cluster = c
	c.start(ctx)
	return s, nil
}

func openEndpoint(ctx context.Context, c *cluster, o Options, n, i int, limit func(*mysqldriver.Config)) (*endpoint, error) {
	url := func(ctx context.Context) (string, error) {
		list, err := o.Replicas(ctx)
		if err != nil {
			return "", err
		}
		if i >= len(list) {
			return "", errors.New("the replica's address is no longer listed")
		}
		return list[i], nil
	}
	name := ""
	conn, err := mysqlConnector(ctx, url, func(c *mysqldriver.Config) {
		name = c.Addr
		limit(c)
		trackWire(c)
		c.Timeout = replicaDial
	})
	if err != nil {
		return nil, fmt.Errorf("replica %d: %w", i+1, err)
	}
	e := &endpoint{name: name, c: c, wake: make(chan struct{}, 1), servers: make(map[string]*server)}
	e.pool = openTracked(&trackingConnector{Connector: conn, endpoint: e, guard: true}, n, o.Tracing, TracedStatement{System: "mysql", Node: "replica", Server: name})
	e.find = sql.OpenDB(&trackingConnector{Connector: conn, endpoint: e})
	e.find.SetMaxIdleConns(-1)
	return e, nil
}

// start polls every server once, and then goes on polling.
func (c *cluster) start(ctx context.Context) {
	looking, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	for range 3 { // the row may have to be made, and the clock to be raised
		if err := c.turnClock(looking); err != nil {
			c.log.WarnContext(ctx, "the replication clock does not answer yet", "error", err)
			break
		}
		if c.version.Load() != 0 {
			break
		}
	}
	var first sync.WaitGroup
	for _, e := range c.endpoints {
		first.Go(func() { e.discover(looking) })
	}
	first.Wait()
	running, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.ended.Go(func() { c.runClock(running) })
	for _, e := range c.endpoints {
		c.ended.Go(func() { e.watch(running) })
	}
}
