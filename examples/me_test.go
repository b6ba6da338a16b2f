package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMe: a token that is an account's is sent to its resource, where the request goes on; another has no /Me.
func TestMe(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens.yaml")
	text := "- {name: mara, user: mara@contoso.example, token: " + token + "}\n- {name: entra, token: another-token}\n"
	if err := os.WriteFile(tokens, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d := deploy(t, memory(t), "SCIMBRIDGE_ACCESS_TOKEN=", "SCIMBRIDGE_ACCESS_TOKENSFILE="+tokens)
	if response, content := d.do(t, "GET", "/Me", ""); response.StatusCode != 404 {
		t.Errorf("an account that does not exist: %d %s", response.StatusCode, content)
	}
	d.want(t, 201, "POST", "/Users", `{"userName":"mara@contoso.example","name":{"familyName":"Lind"}}`)
	response, content := d.do(t, "GET", "/Me", "")
	if response.StatusCode != 200 || !strings.Contains(content, `"userName":"mara@contoso.example"`) ||
		response.Request.URL.Path == "/scim/v2/Me" {
		t.Errorf("GET: %d %s", response.StatusCode, content)
	}
	response, content = d.do(t, "PATCH", "/Me", `{"Operations":[{"op":"replace","path":"title","value":"Lead"}]}`)
	if response.StatusCode != 200 || !strings.Contains(content, `"title":"Lead"`) {
		t.Errorf("PATCH: %d %s", response.StatusCode, content)
	}
	if response, _ := d.do(t, "GET", "/Me", "", "Authorization: Bearer another-token"); response.StatusCode != 501 {
		t.Errorf("a token that is no account's: %d", response.StatusCode)
	}
}
