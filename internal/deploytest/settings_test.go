package deploytest

import (
	"fmt"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// Settings come from the parameter store and Secrets Manager: one line in the
// environment leads to all others.
func TestSettingsAtAWS(t *testing.T) {
	vault := servertest.Vault(t)
	key := strings.Repeat("k", 40)
	for name, value := range map[string]string{
		"SITE_NAME": "Harbour club", "SITE_DESCRIPTION": "ssm:/elsewhere/description", "REGISTRATION": "closed", "SECRET_KEY": "secretsmanager:tintype/keys#signing",
		"CONTACT": "team@example.org", "DRAIN_DELAY": "1s",
	} {
		vault.SetParameter("/tintype/production/"+name, value)
	}
	vault.SetParameter("/tintype/staging/SITE_NAME", "Not this one")
	vault.SetParameter("/elsewhere/description", "Boats and fog.")
	vault.SetSecret("tintype/keys", fmt.Sprintf(`{"signing": %q}`, key))
	site := servertest.NewTintype(t, append(vault.Env(), "SETTINGS=ssm:/tintype/production/", "DRAIN_DELAY=0s")...)

	out, text, err := site.Command("config")
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, want := range []string{"Harbour club", "Boats and fog.", "team@example.org"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, not := range []string{key, "Not this one"} {
		if strings.Contains(out, not) {
			t.Errorf("%q is in\n%s", not, out)
		}
	}
	site.Start()
	if err := answers(site.URL + "/about"); err != nil {
		t.Error(err)
	}
	if strings.Contains(site.Logs(), key) {
		t.Error("the key is in the log")
	}
	if err := site.Stop(); err != nil {
		t.Error(err)
	}

	refused := func(why string, wants []string, env ...string) {
		t.Helper()
		i := servertest.NewTintype(t, append(append(vault.Env(), "SETTINGS=ssm:/tintype/production/"), env...)...)
		_, text, err := i.Command("config")
		if err == nil {
			t.Errorf("%s: accepted", why)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %q", why, want, text)
			}
		}
		if strings.Contains(text, key) {
			t.Errorf("%s: the key is in %q", why, text)
		}
	}
	refused("an empty path", []string{"SETTINGS", "/tintype/nothing/", "GetParametersByPath"}, "SETTINGS=ssm:/tintype/nothing/")
	refused("no such parameter", []string{"SITE_NAME", "ssm:/no/such"}, "SITE_NAME=ssm:/no/such")
	refused("no such string in a secret", []string{"SECRET_KEY", `no string "other"`}, "SECRET_KEY=secretsmanager:tintype/keys#other")
	refused("not the parameter store", []string{"SETTINGS", "ssm:/tintype/production/"}, "SETTINGS=/etc/tintype")
	vault.SetParameter("/tintype/production/REGISTRATON", "open")
	refused("misspelled there", []string{"REGISTRATON", "did you mean REGISTRATION?"})
	vault.Refuse(true)
	refused("without the right", []string{"SETTINGS", "AccessDenied"})
}
