package servertest

import (
	"context"
	"hash/fnv"
	"os"
	"strings"
	"sync"
	"testing"
)

// A Flavour is a kind of server that speaks MySQL's protocol. What holds on one
// has to hold on the other.
type Flavour int

const (
	// FlavourMariaDB is Debian's mariadb-server.
	FlavourMariaDB Flavour = iota
	// FlavourMySQL is the MySQL in the folder that MYSQL_ROOT names.
	FlavourMySQL
)

// Flavours lists every Flavour.
var Flavours = []Flavour{FlavourMariaDB, FlavourMySQL}

// flavour is what differs between them.
type flavour interface {
	String() string
	need(t testing.TB)                               // skips or fails the test where it is not installed
	program() ([]string, error)                      // the server's, and its first arguments
	install(ctx context.Context, draft string) error // makes an empty data folder
	flags() []string                                 // of every server, whose data nobody will miss after a power cut
	replicationFlags() []string                      // of every server of a replication
	follow(port int, user, password string) []string
	reached() string          // a query for all that the server has applied
	hasReached(string) string // a query: 1 where it has applied that, which reached told elsewhere
	delay(seconds int) string // a statement, while replication is stopped
	startReplica() string     // to which a part may be added, such as SQL_THREAD
	stopReplica() string      // as startReplica
	promote() []string        // while replication is stopped
	// passwords are statements after which a user, such as 'a'@'127.0.0.1', has
	// this password, and the one before as well where also is not "".
	passwords(user, password, also string) []string
}

func (f Flavour) impl() flavour {
	if f == FlavourMySQL {
		return mySQL{}
	}
	return mariaDB{}
}

// String is mariadb or mysql.
func (f Flavour) String() string { return f.impl().String() }

var sharedServers [2]struct {
	sync.Once
	server *DatabaseServer
	err    error
}

// Server is the test process's server, started at the first call. It ends with
// the process, however that ends, and takes its files along.
func (f Flavour) Server(t testing.TB) *DatabaseServer {
	t.Helper()
	f.impl().need(t)
	s := &sharedServers[f]
	s.Do(func() { s.server, s.err = startDatabase(f, "--max-connections=300") })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.server
}

// Own is a server of the test's own, with these flags; it ends with the test.
func (f Flavour) Own(t testing.TB, flags ...string) *DatabaseServer {
	t.Helper()
	f.impl().need(t)
	m, err := startDatabase(f, flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.end)
	return m
}

// AnyFlavour is the flavour for a test that needs only one: the one that
// TEST_DATABASE names, else one that TEST_SEED chooses, the same for all of a
// test, else MariaDB.
func AnyFlavour(t testing.TB) Flavour {
	t.Helper()
	f, named := namedFlavour(t)
	if seed := os.Getenv("TEST_SEED"); !named && seed != "" && os.Getenv("MYSQL_ROOT") != "" {
		test, _, _ := strings.Cut(t.Name(), "/")
		h := fnv.New32a()
		h.Write([]byte(seed + test))
		f = Flavours[h.Sum32()>>16%2]
	}
	t.Logf("on %s: TEST_DATABASE=%s runs it there again", f, f)
	return f
}

// OnAnyFlavour runs the test as a subtest on a flavour that AnyFlavour chooses,
// and with TEST_ALL=1 on each.
func OnAnyFlavour(t *testing.T, test func(t *testing.T, f Flavour)) {
	t.Helper()
	if All() {
		OnEachFlavour(t, test)
		return
	}
	f := AnyFlavour(t)
	t.Run(f.String(), func(t *testing.T) { test(t, f) })
}

// OnEachFlavour runs the test as a subtest on each flavour, or on the one that
// TEST_DATABASE names.
func OnEachFlavour(t *testing.T, test func(t *testing.T, f Flavour)) {
	t.Helper()
	named, only := namedFlavour(t)
	for _, f := range Flavours {
		if !only || f == named {
			t.Run(f.String(), func(t *testing.T) { test(t, f) })
		}
	}
}

// namedFlavour is the one that TEST_DATABASE names.
func namedFlavour(t testing.TB) (f Flavour, named bool) {
	t.Helper()
	name := os.Getenv("TEST_DATABASE")
	if name == "" {
		return FlavourMariaDB, false
	}
	for _, f := range Flavours {
		if f.String() == name {
			return f, true
		}
	}
	t.Fatalf("TEST_DATABASE=%s is neither %s nor %s", name, FlavourMariaDB, FlavourMySQL)
	return 0, false
}
