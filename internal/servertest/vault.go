package servertest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// VaultServer speaks, in the test process, the part of the APIs of AWS Systems
// Manager's parameter store and of Secrets Manager that reads values.
type VaultServer struct {
	URL string

	mu         sync.Mutex
	parameters map[string]string
	secrets    map[string]string
	refuse     bool
}

// Vault starts an empty server, which ends with the test.
func Vault(t testing.TB) *VaultServer {
	v := &VaultServer{parameters: make(map[string]string), secrets: make(map[string]string)}
	server := httptest.NewServer(v)
	v.URL = server.URL
	t.Cleanup(server.Close)
	return v
}

// Env are the settings with which a process reads here. Any credentials will do,
// but not none.
func (v *VaultServer) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL_SSM=" + v.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + v.URL, "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=tintype", "AWS_SECRET_ACCESS_KEY=not-a-secret",
	}
}

// SetParameter keeps a parameter, such as /tintype/production/SITE_NAME.
func (v *VaultServer) SetParameter(name, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.parameters[name] = value
}

// SetSecret keeps a secret.
func (v *VaultServer) SetSecret(name, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secrets[name] = value
}

// Refuse has every look-up refused, or no longer.
func (v *VaultServer) Refuse(yes bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refuse = yes
}

// vaultPage is how many parameters come at once: few, so that a reader has to
// turn the page.
const vaultPage = 3

func (v *VaultServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var in struct{ Path, Name, SecretId, NextToken string }
	fail := func(kind string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": kind})
	}
	if v.refuse || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		fail("AccessDeniedException")
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		fail("ValidationException")
		return
	}
	answer := func(out map[string]any) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(out)
	}
	switch r.Header.Get("X-Amz-Target") {
	case "AmazonSSM.GetParametersByPath":
		var names []string
		for name := range v.parameters {
			if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(in.Path, "/")+"/"); ok && !strings.Contains(rest, "/") && name > in.NextToken {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		out := map[string]any{}
		if len(names) > vaultPage {
			names = names[:vaultPage]
			out["NextToken"] = names[vaultPage-1]
		}
		list := []map[string]string{}
		for _, name := range names {
			list = append(list, map[string]string{"Name": name, "Value": v.parameters[name], "Type": "SecureString"})
		}
		out["Parameters"] = list
		answer(out)
	case "AmazonSSM.GetParameter":
		value, ok := v.parameters[in.Name]
		if !ok {
			fail("ParameterNotFound")
			return
		}
		answer(map[string]any{"Parameter": map[string]string{"Name": in.Name, "Value": value}})
	case "secretsmanager.GetSecretValue":
		value, ok := v.secrets[in.SecretId]
		if !ok {
			fail("ResourceNotFoundException")
			return
		}
		answer(map[string]any{"Name": in.SecretId, "SecretString": value})
	default:
		fail("UnknownOperationException")
	}
}
