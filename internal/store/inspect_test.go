package store

import (
	"slices"
	"testing"
)

func TestGrantsAsServersWriteThem(t *testing.T) {
	for text, want := range map[string]Grant{
		"GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*E6CC90B878B948C35E92B003C792C46C58C4AF40'": {Privileges: []string{"USAGE"}, On: "*.*"},
		"GRANT SELECT, INSERT, UPDATE ON `site`.* TO `app`@`%`":                                              {Privileges: []string{"SELECT", "INSERT", "UPDATE"}, On: "`site`.*"},
		"GRANT ALL PRIVILEGES ON `my\\_site`.* TO `app`@`%` WITH GRANT OPTION":                               {Privileges: []string{"ALL PRIVILEGES", "GRANT OPTION"}, On: "`my\\_site`.*"},
		"GRANT SELECT (`a`, `b`), UPDATE (`c`) ON `site`.`posts` TO 'app'@'%'":                               {Privileges: []string{"SELECT", "UPDATE"}, On: "`site`.`posts`"},
		"GRANT `readers`@`%` TO `app`@`%`":                                                                   {Privileges: []string{"ROLE"}},
	} {
		got, ok := parseGrant(text)
		if !ok || got.On != want.On || !slices.Equal(got.Privileges, want.Privileges) {
			t.Errorf("%s: %+v %t", text, got, ok)
		}
	}
	if _, ok := parseGrant("SET DEFAULT ROLE NONE FOR `app`@`%`"); ok {
		t.Error("no grant was taken for one")
	}
}

func TestPrivilegesOnADatabase(t *testing.T) {
	grants := []Grant{{[]string{"USAGE"}, "*.*"}, {[]string{"SELECT", "INSERT"}, "`my\\_site`.*"}, {[]string{"DROP"}, "`other`.*"}, {[]string{"UPDATE"}, "`my_site`.`posts`"}}
	if got, known := Privileges(grants, "my_site"); !known || !slices.Equal(got, []string{"INSERT", "SELECT"}) {
		t.Errorf("%v %t", got, known)
	}
	if got := Lacking(grants, "my_site", []string{"SELECT", "UPDATE", "DELETE"}); !slices.Equal(got, []string{"UPDATE", "DELETE"}) {
		t.Errorf("%v", got)
	}
	for _, all := range []Grant{{[]string{"ALL PRIVILEGES"}, "*.*"}, {[]string{"ALL PRIVILEGES"}, "`my_site`.*"}, {Privileges: []string{"ROLE"}}, {[]string{"SELECT"}, "`my%`.*"}} {
		if got := Lacking(append(grants, all), "my_site", OwnerPrivileges); got != nil {
			t.Errorf("%+v: %v", all, got)
		}
	}
}
