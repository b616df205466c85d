package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
	"github.com/gin-gonic/gin/render"
)

// The formats and protocols of tools/stubs/ are not in the program: whoever asks gin for one gets an error, never a wrong answer.
func TestStubsRefuse(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	const refused = "not built into this program"
	for _, kind := range []string{binding.MIMEMSGPACK, binding.MIMEMSGPACK2, binding.MIMEYAML, binding.MIMEYAML2, binding.MIMETOML, binding.MIMEBSON, binding.MIMEJSON, binding.MIMEPOSTForm} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"A":0}`))
		c.Request.Header.Set("Content-Type", kind)
		var into struct{ A int }
		if err := c.ShouldBind(&into); err == nil || !strings.Contains(err.Error(), refused) || into.A != 0 {
			t.Errorf("%s was read: %v, %v", kind, into, err)
		}
	}
	for name, r := range map[string]render.Render{
		"MessagePack": render.MsgPack{Data: gin.H{"a": 1}}, "YAML": render.YAML{Data: gin.H{"a": 1}}, "TOML": render.TOML{Data: gin.H{"a": 1}}, "BSON": render.BSON{Data: gin.H{"a": 1}},
	} {
		w := httptest.NewRecorder()
		if err := r.Render(w); err == nil || !strings.Contains(err.Error(), refused) || w.Body.Len() != 0 {
			t.Errorf("%s was written: %q, %v", name, w.Body, err)
		}
	}
	if err := gin.New().RunQUIC("127.0.0.1:0", "", ""); err == nil || !strings.Contains(err.Error(), refused) {
		t.Errorf("HTTP/3 was served: %v", err)
	}
}

// What was taken out of the first build stays out: docs/decisions/weight.md says what each of these costs.
func TestWhatIsNotBuilt(t *testing.T) {
	left := []string{
		"github.com/aws/aws-sdk-go-v2/service/cloudfront", "github.com/aws/aws-sdk-go-v2/service/secretsmanager",
		"github.com/aws/aws-sdk-go-v2/service/sqs", "github.com/aws/aws-sdk-go-v2/service/ssm",
		"github.com/gabriel-vasile/mimetype", "github.com/getkin/kin-openapi", "github.com/quic-go/qpack",
	}
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range bytes.Lines(out) {
		built := string(bytes.TrimSpace(line))
		for _, name := range left {
			if built == name || strings.HasPrefix(built, name+"/") {
				t.Errorf("%s is built again", built)
			}
		}
	}
}
