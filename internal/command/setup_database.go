package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tintype/internal/config"
	"tintype/internal/store"
)

type setupDatabase struct {
	Into string `type:"path" placeholder:"FOLDER" help:"Write each address into a file there (owner.url, app.url and reader.url, for DATABASE_URL_FILE and DATABASE_REPLICA_URLS_FILE) instead of showing its password. The password in a file that is there already is the one that is set."`
	From string `default:"%" help:"From where the users may connect, such as 10.0.%."`
}

// Help is shown by --help.
func (setupDatabase) Help() string {
	return `DATABASE_URL, or the file that DATABASE_URL_FILE names, holds the address of the site's database as an account that may create users, such as the master user of RDS. The database is made if it is missing, and with it three users: NAME_owner for "tintype migrate up", NAME_app for the site, NAME_reader (SELECT alone) for replicas. NAME_app may add to the log of administration, and neither change nor delete what stands there. Running it again changes nothing, but grants what a newer release needs, and takes away privileges that are too many.`
}

// databasePatience is for all statements together.
const databasePatience = time.Minute

func (s setupDatabase) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c, databasePatience)
	defer cancel()
	passwords, err := s.passwords()
	if err != nil {
		return err
	}
	users, err := store.SetupDatabase(ctx, store.SetupOptions{URL: cfg.Database.URL.Value, From: s.From, Passwords: passwords})
	if s.Into != "" {
		err = errors.Join(err, s.write(users))
	}
	for _, u := range users {
		s.tell(c, u)
	}
	return err
}

// write keeps the addresses with their passwords.
func (s setupDatabase) write(users []store.SetupUser) error {
	if err := os.MkdirAll(s.Into, 0o700); err != nil {
		return err
	}
	var errs []error
	for _, u := range users {
		if !u.NewSecret {
			errs = append(errs, fmt.Errorf("%s is there, and its password is not in %s: write its address into that file, with the password that it has or is to have, and run this again", u.Name, s.file(u.Role)))
			continue
		}
		errs = append(errs, writeSecret(s.file(u.Role), u.URL))
	}
	return errors.Join(errs...)
}

// setupNames say which variable each user's address is for.
var setupNames = map[string]struct{ what, variable string }{
	"owner":  {"For `tintype migrate up` alone, before each release", "DATABASE_URL"},
	"app":    {"For the site", "DATABASE_URL"},
	"reader": {"For the site, too, where there are replicas: with each replica's host in place of this one", "DATABASE_REPLICA_URLS"},
}

// tell prints the variables, and beside them what was done.
func (s setupDatabase) tell(c *call, u store.SetupUser) {
	state := "is there"
	if u.Made {
		state = "was made"
	}
	fmt.Fprintf(c.env.Stderr, "%s %s: %s\n", u.Name, state, strings.Join(u.Privileges, ", "))
	for _, n := range u.Notes {
		fmt.Fprintf(c.env.Stderr, "  %s\n", n)
	}
	name := setupNames[u.Role]
	fmt.Fprintf(c.env.Stdout, "# %s:\n", name.what)
	switch {
	case s.Into != "":
		fmt.Fprintf(c.env.Stdout, "%s_FILE=%s\n", name.variable, s.file(u.Role))
	case u.NewSecret:
		fmt.Fprintf(c.env.Stdout, "%s=%s\n", name.variable, u.URL)
	default:
		fmt.Fprintf(c.env.Stdout, "%s=%s, with the password that it has\n", name.variable, u.URL)
	}
	if u.Role == "app" {
		fmt.Fprintln(c.env.Stdout, "MIGRATE=wait")
	}
}

func (s setupDatabase) file(role string) string { return filepath.Join(s.Into, role+".url") }

// passwords are those in the files that are there.
func (s setupDatabase) passwords() (map[string]string, error) {
	found := make(map[string]string)
	if s.Into == "" {
		return found, nil
	}
	for _, role := range []string{"owner", "app", "reader"} {
		text, err := config.ReadSecretFile(s.file(role))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(text)
		if err != nil || u.User == nil {
			return nil, fmt.Errorf("%s holds no address such as mysql://user:password@host:3306/name", s.file(role))
		}
		password, _ := u.User.Password()
		if err := store.CheckPassword(password); err != nil {
			return nil, fmt.Errorf("%s: %w", s.file(role), err)
		}
		found[role] = password
	}
	return found, nil
}
