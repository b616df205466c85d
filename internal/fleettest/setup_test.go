package fleettest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"tintype/internal/servertest"
)

// connect is a pool of the user of an address, until the test ends.
func connect(t *testing.T, address string) *sql.DB {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c := mysqldriver.NewConfig()
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.Net, c.Addr, c.DBName, c.Timeout = "tcp", u.Host, strings.Trim(u.Path, "/"), 10*time.Second
	connector, err := mysqldriver.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// as runs a statement under the user of an address.
func as(t *testing.T, address, statement string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err := connect(t, address).ExecContext(ctx, statement)
	return err
}

var assignment = regexp.MustCompile(`(?m)^(DATABASE_URL|DATABASE_REPLICA_URLS)=(mysql://\S+)$`)

// Three users with what each needs and no more, made by an account like the master user of RDS; the schema migrates as
// its owner, the site runs as the application and reads replicas as the reader.
func TestSetupDatabase(t *testing.T) { servertest.OnEachFlavour(t, testSetupDatabase) }

func testSetupDatabase(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 1)
	for _, statement := range []string{
		"CREATE USER 'admin'@'%' IDENTIFIED BY 'master-password'",
		"GRANT CREATE USER ON *.* TO 'admin'@'%'",
		"GRANT SELECT ON mysql.* TO 'admin'@'%'",
		"GRANT ALL ON `site`.* TO 'admin'@'%' WITH GRANT OPTION",
		"CREATE USER 'nobody'@'%' IDENTIFIED BY 'master-password'",
	} {
		if err := db.Primary.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	at := fmt.Sprintf("127.0.0.1:%d/site", db.Primary.Port)
	admin := []string{"DATABASE_URL=mysql://admin:master-password@" + at}
	out, stderr, err := servertest.Run(t, admin, "setup", "database")
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	found := assignment.FindAllStringSubmatch(out, -1)
	if len(found) != 3 || !strings.Contains(out, "\nMIGRATE=wait\n") {
		t.Fatalf("%s", out)
	}
	owner, app, reader := found[0][2], found[1][2], found[2][2]
	for _, address := range []string{owner, app, reader} {
		if password := passwordOf(t, address); len(password) < 20 || strings.Contains(stderr, password) {
			t.Errorf("password %q, told:\n%s", password, stderr)
		}
	}

	// The site: refused to the application, migrated by the owner, then served without a restart.
	env := []string{secretKey, "BASE_URL=" + origin, "DATABASE_URL=" + app, "MEDIA_DIR=" + filepath.Join(t.TempDir(), "media"), "REGISTRATION=open", "MIGRATE=auto",
		"DATABASE_REPLICA_URLS=" + strings.Replace(reader, at, fmt.Sprintf("127.0.0.1:%d/site", db.Replicas[0].Port), 1)}
	db.CatchUp(t)
	site := servertest.NewTintype(t, env...)
	site.StartOnly()
	servertest.Eventually(t, "the log says what to do", func() bool {
		log := site.Logs()
		return strings.Contains(log, "may not do that") && strings.Contains(log, "CREATE") && strings.Contains(log, "tintype migrate up") && strings.Contains(log, "MIGRATE=wait")
	})
	// As if the setup had been an older release's, which knew nothing of the last table: the owner grants it.
	if err := db.Primary.Exec("REVOKE UPDATE, DELETE ON `site`.`announcement_comments` FROM 'site_app'@'%'"); err != nil {
		t.Fatal(err)
	}
	out, stderr, err = servertest.Run(t, []string{"DATABASE_URL=" + owner}, "migrate", "up")
	if err != nil {
		t.Fatalf("as the owner: %v\n%s%s", err, out, stderr)
	}
	if err := site.WaitReady(time.Minute); err != nil {
		t.Fatal(err)
	}
	anna := browser(t, site)
	anna.SignUp("anna")
	if out, stderr, err := servertest.Run(t, env, "site", "set", "name=Harbour Club"); err != nil {
		t.Fatalf("an act that the log has: %v\n%s%s", err, out, stderr)
	}
	post := published(anna, "public")
	browser(t, site).Get(post).Want(200)
	anna.Post("/posts/" + post[strings.LastIndexByte(post, '/')+1:] + "/delete").Want(200)
	for _, c := range []struct {
		who, address, statement string
		allowed                 bool
	}{
		{"the application", app, "DROP TABLE posts", false},
		{"the application", app, "ALTER TABLE posts ADD COLUMN x INT", false},
		{"the application", app, "CREATE TABLE x (a INT)", false},
		{"the application", app, "CREATE USER 'x'@'%'", false},
		{"the application", app, "UPDATE accounts SET note = note", true},
		{"the application", app, "UPDATE announcement_comments SET account_id = account_id", true},
		{"the application", app, "UPDATE admin_log SET reason = 'none'", false},
		{"the application", app, "DELETE FROM admin_log", false},
		{"the application", app, "DELETE FROM admin_log WHERE id = 0", false},
		{"the application", app, "REPLACE INTO admin_log SELECT * FROM admin_log", false},
		{"the application", app, "TRUNCATE admin_log", false},
		{"the application", app, "GRANT DELETE ON admin_log TO 'site_app'@'%'", false},
		{"the application", app, "INSERT INTO admin_log SELECT * FROM admin_log WHERE 1 = 0", true},
		{"the owner", owner, "UPDATE admin_log SET reason = reason", true},
		{"the reader", reader, "INSERT INTO site_info (name, value) VALUES ('x', 'y')", false},
		{"the reader", reader, "UPDATE accounts SET note = note", false},
		{"the reader", reader, "DELETE FROM accounts", false},
		{"the reader", reader, "DROP TABLE posts", false},
		{"the reader", reader, "SELECT COUNT(*) FROM accounts", true},
		{"the owner", owner, "CREATE USER 'x'@'%'", false},
		{"the owner", owner, "SELECT * FROM mysql.user", false},
		{"the owner", owner, "ALTER TABLE posts COMMENT 'x'", true},
	} {
		err := as(t, c.address, c.statement)
		if (err == nil) != c.allowed || err != nil && !strings.Contains(err.Error(), "denied") {
			t.Errorf("%s: %s: %v", c.who, c.statement, err)
		}
	}
	e := doctor(t, env...)
	e.has("database", "ok", "takes a write")
	e.has("database", "warning", "MIGRATE=auto, and the user of DATABASE_URL lacks CREATE")
	e.has("replicas", "ok", "is read")
	e.hasNot("replicas", "warning")
	e.hasNot("database", "failure")
	e.saysNot("database", "log of administration")
	if n, err := db.Primary.Value("SELECT COUNT(*) FROM site.admin_log"); err != nil || n == "0" {
		t.Errorf("the log has %s rows, %v", n, err)
	}

	// As a setup of an older release left it, with a table that a newer release has.
	if err := db.Primary.Exec("GRANT UPDATE, DELETE ON `site`.* TO 'site_app'@'%'"); err != nil {
		t.Fatal(err)
	}
	doctor(t, env...).has("database", "warning", "may change and delete what the log of administration says")
	if out, stderr, err := servertest.Run(t, admin, "setup", "database"); err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	if err := db.Primary.Exec("REVOKE UPDATE ON `site`.`likes` FROM 'site_app'@'%'"); err != nil {
		t.Fatal(err)
	}
	doctor(t, env...).has("database", "failure", "lacks UPDATE on likes")
	if err := db.Primary.Exec("GRANT DELETE ON `site`.`admin_log` TO 'site_app'@'%'"); err != nil {
		t.Fatal(err)
	}

	// Again: nothing changes, no password is shown or set, and what is too much goes.
	for _, statement := range []string{"GRANT DROP ON `site`.* TO 'site_app'@'%'", "GRANT ALL ON `site`.* TO 'site_reader'@'%' WITH GRANT OPTION", "GRANT SELECT ON mysql.* TO 'site_app'@'%'"} {
		if err := db.Primary.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	out, stderr, err = servertest.Run(t, admin, "setup", "database")
	if err != nil || assignment.MatchString(out) || !strings.Contains(out, "with the password that it has") || !strings.Contains(stderr, "it also has SELECT on `mysql`.*") {
		t.Errorf("%v\n%s%s", err, out, stderr)
	}
	if err := as(t, app, "DELETE FROM admin_log"); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Errorf("the application still deletes from the log: %v", err)
	}
	mended := doctor(t, env...)
	mended.hasNot("database", "failure")
	mended.saysNot("database", "log of administration")
	anna.Get(published(anna, "public")).Want(200)
	for _, address := range []string{app, reader} {
		if err := as(t, address, "SELECT 1"); err != nil {
			t.Errorf("the password changed: %v", err)
		}
		if err := as(t, address, "DROP TABLE posts"); err == nil || !strings.Contains(err.Error(), "denied") {
			t.Errorf("still: %v", err)
		}
	}
	if got, err := db.Primary.Value("SELECT GROUP_CONCAT(privilege_type) FROM information_schema.schema_privileges WHERE grantee = \"'site_reader'@'%'\""); err != nil || got != "SELECT" {
		t.Errorf("the reader has %s, %v", got, err)
	}

	// Passwords in files: chosen by who writes them, made where there is none, never shown.
	dir := t.TempDir()
	chosen := "chosen-by-a-person"
	if err := os.WriteFile(filepath.Join(dir, "app.url"), []byte("mysql://site_app:"+chosen+"@"+at), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stderr, err = servertest.Run(t, admin, "setup", "database", "--into", dir)
	if err == nil || !strings.Contains(stderr, "site_owner is there, and its password is not in") {
		t.Errorf("a password that nobody knows: %v\n%s%s", err, out, stderr)
	}
	if err := as(t, "mysql://site_app:"+chosen+"@"+at, "SELECT 1"); err != nil {
		t.Errorf("the password in the file: %v", err)
	}
	if err := db.Primary.Exec("DROP USER 'site_owner'@'%'", "DROP USER 'site_reader'@'%'"); err != nil {
		t.Fatal(err)
	}
	out, stderr, err = servertest.Run(t, admin, "setup", "database", "--into", dir)
	if err != nil || strings.Contains(out+stderr, chosen) || !strings.Contains(out, "DATABASE_URL_FILE="+filepath.Join(dir, "owner.url")) {
		t.Errorf("%v\n%s%s", err, out, stderr)
	}
	info, err := os.Stat(filepath.Join(dir, "owner.url"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	out, stderr, err = servertest.Run(t, []string{"DATABASE_URL_FILE=" + filepath.Join(dir, "owner.url")}, "migrate", "status")
	if err != nil {
		t.Errorf("%v\n%s%s", err, out, stderr)
	}

	// Without the rights it says whose are needed.
	_, stderr, err = servertest.Run(t, []string{"DATABASE_URL=mysql://nobody:master-password@" + strings.TrimSuffix(at, "/site") + "/other"}, "setup", "database")
	if err == nil || !strings.Contains(stderr, "may not create databases") || strings.Contains(stderr, "master-password") {
		t.Errorf("%v\n%s", err, stderr)
	}
}
