package store

import (
	"database/sql"
	"strconv"
	"sync/atomic"
)

// A reason is why a read was the primary's although there are replicas.
type reason string

const (
	reasonMarked    reason = "marked"    // it has to be: log-ins, tokens, limits, jobs and whatever a use case marks
	reasonWrote     reason = "wrote"     // the same request has written
	reasonBehind    reason = "behind"    // no replica had reached the client's position
	reasonUnhealthy reason = "unhealthy" // no replica was in use
	reasonFailed    reason = "failed"    // replicas did not answer
	reasonNotFound  reason = "not_found" // a replica did not know what was looked up
)

type readCounts struct {
	marked, wrote, behind, unhealthy, failed, notFound atomic.Int64
	refused, lostPositions                             atomic.Int64
}

func (c *readCounts) primary(r reason) *atomic.Int64 {
	switch r {
	case reasonWrote:
		return &c.wrote
	case reasonBehind:
		return &c.behind
	case reasonUnhealthy:
		return &c.unhealthy
	case reasonFailed:
		return &c.failed
	case reasonNotFound:
		return &c.notFound
	default:
		return &c.marked
	}
}

// ReadCounts returns which servers the reads of this process have used since its start.
type ReadCounts struct {
	Replicas map[string]int64 // by address, host:port
	// Primary counts by reason: marked, wrote, behind, unhealthy, failed, not_found.
	Primary map[string]int64
	// Refused are reads for which the primary had no place left.
	Refused int64
	// LostPositions are writes after which a token's position could not be stored.
	LostPositions int64
}

// ReplicaState is what is known of a replica.
type ReplicaState struct {
	Address string // host:port
	Server  string // its id
	InUse   bool
	Why     string // why it is not in use
	Version int64  // of the replication clock, at its last answer
}

// ReadCounts is empty without replicas.
func (s *conn) ReadCounts() ReadCounts {
	out := ReadCounts{Replicas: map[string]int64{}, Primary: map[string]int64{}}
	c := s.cluster
	if c == nil {
		return out
	}
	for _, e := range c.endpoints {
		out.Replicas[e.name] += e.reads.Load()
	}
	for _, r := range []reason{reasonMarked, reasonWrote, reasonBehind, reasonUnhealthy, reasonFailed, reasonNotFound} {
		out.Primary[string(r)] = c.counts.primary(r).Load()
	}
	out.Refused, out.LostPositions = c.counts.refused.Load(), c.counts.lostPositions.Load()
	return out
}

// Replicas lists what is known of the replicas, and the version of the primary's clock that they are compared with.
func (s *conn) Replicas() (list []ReplicaState, primary int64) {
	if s.cluster == nil {
		return nil, 0
	}
	for _, e := range s.cluster.endpoints {
		for _, sv := range e.all() {
			why, _ := sv.why.Load().(string)
			list = append(list, ReplicaState{Address: e.name, Server: sv.id, InUse: sv.usable(), Why: why, Version: sv.version.Load()})
		}
	}
	return list, s.cluster.version.Load()
}

// PrimaryAway reports whether the primary is known not to answer: then replicas are read and nothing is written.
func (s *conn) PrimaryAway() bool { return s.cluster != nil && s.cluster.breaker.Away() }

// A Pool is connections to one address.
type Pool struct {
	Name string // primary, a replica's address, or readers: SQLite's
	DB   *sql.DB
}

// Pools are those that statements of the site wait for, the primary's first.
func (s *conn) Pools() []Pool {
	list := []Pool{{"primary", s.SQL()}}
	if s.readers != nil {
		list = append(list, Pool{"readers", s.readers})
	}
	if s.cluster != nil {
		seen := map[string]int{}
		for _, e := range s.cluster.endpoints {
			name := e.name
			if seen[e.name]++; seen[e.name] > 1 { // the same address twice
				name += "#" + strconv.Itoa(seen[e.name])
			}
			list = append(list, Pool{name, e.pool})
		}
	}
	return list
}
