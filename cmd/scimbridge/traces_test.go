package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/tracing/tracingtest"
)

// TestTraces: the spans of a create tell what was done and what came of it, the client's trace goes on, and nothing stands in any of them
// that says of somebody who they are, or opens a door. Health checks are not traced, and what is not sent yet is at the end.
func TestTraces(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50") // milliseconds
	c := tracingtest.Start(t)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer receiver.Close()
	key := filepath.Join(t.TempDir(), "webhook.key")
	if err := os.WriteFile(key, []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="), 0o600); err != nil {
		t.Fatal(err)
	}
	ldap := dirtest.OpenLDAP(t)
	file := configuration(t, ldap.URL)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.NewReplacer(
		"cn=admin,dc=example,dc=org", ldap.BindDN, "password: secret", fmt.Sprintf("password: %q", ldap.Password),
		"access:", "      - {scim: password, ldap: userPassword}\naccess:",
	).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	log, stop, ended := start(t, file, []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "s.db"),
		"SCIMBRIDGE_WEBHOOK_URL=" + receiver.URL, "SCIMBRIDGE_WEBHOOK_KEYFILE=" + key,
	})
	root, lines := listening(t, log)
	ready(t, root, "ok\n")
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	request, err := http.NewRequest("POST", root+"/Users?attributes=displayName",
		strings.NewReader(`{"userName":"mara","displayName":"Mara Lind","password":"Hunter2-hunter2"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
	request.Header.Set("X-Request-Id", "r-7")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if answer.Body.Close(); err != nil || answer.StatusCode != 201 {
		t.Fatalf("%s %s %v", answer.Status, content, err)
	}
	const filter = "/Users?filter=userName+eq+%22mara%22"
	send(t, "GET", root+filter, token, "").Body.Close()
	send(t, "GET", root+filter, "charlie-0123456789abcdef", "").Body.Close()
	c.Await(t, "webhook delivery")
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	logged := false
	for line := range lines {
		logged = logged || strings.Contains(line, `"request":"r-7"`) && strings.Contains(line, `"trace":"`+trace+`"`)
	}
	if !logged {
		t.Error("no line of the log names the trace")
	}

	spans := c.Await(t, "POST /scim/v2/Users")
	var told []string
	for _, s := range spans {
		below := "another's"
		for _, above := range spans {
			if string(above.SpanId) == string(s.ParentSpanId) {
				below = above.Name
			}
		}
		if fmt.Sprintf("%x", s.ParentSpanId) == parent {
			below = "the client's"
		}
		a := tracingtest.Attributes(s)
		told = append(told, fmt.Sprint(s.Name, " below ", below, ": ", a["ldap.result_code"], a["http.response.status_code"]))
	}
	if fmt.Sprintf("%x", spans[0].TraceId) != trace {
		t.Errorf("trace %x", spans[0].TraceId)
	}
	const at = " below POST /scim/v2/Users: "
	want := []string{
		"POST /scim/v2/Users below the client's: <nil> 201", "LDAP search" + at + "0 <nil>", "journal intent" + at + "<nil> <nil>",
		"LDAP add" + at + "0 <nil>", "LDAP search" + at + "0 <nil>", "journal receipt" + at + "<nil> <nil>",
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	got := tracingtest.Attributes(spans[0])
	for name, value := range map[string]any{
		"http.request.method": "POST", "http.route": "/scim/v2/Users", "scim.operation": "create", "scim.type": "User",
		"scimbridge.request": "r-7",
	} {
		if got[name] != value {
			t.Errorf("%s: %v, want %v", name, got[name], value)
		}
	}
	all := c.String()
	for _, word := range []string{
		"mara", "Mara", "unter2", "dc=example", "userName", ldap.Password, token, "charlie", "healthz", "readyz", "whsec", receiver.URL,
	} {
		if strings.Contains(all, word) {
			t.Errorf("%q stands in a span:\n%s", word, all)
		}
	}
}
