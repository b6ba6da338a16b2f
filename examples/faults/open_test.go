package faults_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/config"
	"scimbridge/examples/bridgetest"
)

const bulk = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` +
	`{"method":"POST","path":"/Users","bulkId":"a","data":` + newUser + `},{"method":"PUT","path":"/Users/ID","data":` + newUser + `}]}`

// own is the token of a user's.
const own = "maras-token-0123456789"

const newUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a@b.example"}`

// TestOpenBreaker: while the breaker is open nothing is asked of the directory for any request, be it one that went or one that was away
// when the bridge began: so each is answered within 50 ms, and told when to come back. What needs no directory is answered as ever.
func TestOpenBreaker(t *testing.T) {
	server := slapd(t)
	for name, met := range map[string]bool{"a directory that went": true, "one that was never there": false} {
		t.Run(name, func(t *testing.T) {
			s := &site{server: server, proxy: dirtest.Counted(t, server), name: name[:3]}
			if !met {
				s.proxy.Refuse()
			}
			tokens := filepath.Join(t.TempDir(), "tokens.yaml")
			if err := os.WriteFile(tokens, []byte("- {name: mara, user: mara@contoso.example, token: "+own+"}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			text, variables := bridgetest.Configured(t, server, "../openldap", "", "SCIMBRIDGE_RESOURCES_0_BASE="+server.People,
				"SCIMBRIDGE_RESOURCES_1_BASE="+server.Groups, "SCIMBRIDGE_DIRECTORY_URLS="+s.proxy.URL,
				"SCIMBRIDGE_DIRECTORY_TIMEOUT=2s", "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=1h", // nobody looks for it
				"SCIMBRIDGE_ACCESS_TOKENSFILE="+tokens)
			c, err := config.Parse(filepath.Join("..", "openldap", "scimbridge.yaml"), text, variables)
			if err != nil {
				t.Fatal(err)
			}
			s.bridge = bridgetest.Start(t, c, &s.log, func(journal.Record) {})
			id, cursor := "5f0ee83a-ea27-4d8c-94b2-fe4d94a6f0ce", "AA"
			if met {
				id, _ = s.user(t, "read")
				s.user(t, "write")
				cursor = s.cursor(t)
				s.proxy.Refuse()
				s.proxy.Reset()
			}
			for n := 0; !s.bridge.Client.BreakerOpen(); n++ {
				_, _, err := bridgetest.Send(s.bridge.URL, http.MethodGet, "/Users/"+id, "")
				if err != nil || n > directory.DefaultFailures {
					t.Fatalf("the breaker stays closed: %v", err)
				}
			}
			s.proxy.Mend(t)
			s.proxy.Swallow() // who asks hears nothing
			s.proxy.ResetCounts()
			for _, r := range needing(id, cursor) {
				answer, content, late := machine.whileOpen(t, r.method+" "+r.path, func() (*http.Response, string, error) {
					return bridgetest.Send(s.bridge.URL, r.method, r.path, r.body, r.header...)
				})
				s.isLate(late)
				if says := told(t, answer, content); !strings.Contains(content, `"status":"503"`) {
					t.Errorf("%s %s: %s", r.method, r.path, says)
				}
			}
			undecided(t, s.late)
			for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas"} {
				answer, content, err := bridgetest.Send(s.bridge.URL, http.MethodGet, path, "")
				if err != nil || answer.StatusCode != http.StatusOK {
					t.Errorf("%s: %v %s", path, err, content)
				}
			}
			if counts := s.proxy.Counts(); len(counts) > 0 || s.proxy.Links() > 0 {
				t.Errorf("the directory was asked: %v, over %d connections", counts, s.proxy.Links())
			}
		})
	}
}

// asked is a request.
type asked struct {
	method, path, body string
	header             []string
}

// needing are requests that need the directory, of each kind.
func needing(id, cursor string) []asked {
	return []asked{
		{http.MethodGet, "/Users/" + id, "", nil},
		{http.MethodGet, "/Users?filter=" + url.QueryEscape(`userName eq "a@b.example"`), "", nil},
		{http.MethodGet, "/Users?count=1&startIndex=2", "", nil},
		{http.MethodGet, "/Users?cursor&count=1", "", nil},
		{http.MethodGet, "/Users?count=1&cursor=" + url.QueryEscape(cursor), "", nil},
		{http.MethodGet, "/?count=1", "", nil},
		{http.MethodPost, "/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"count":1}`, nil},
		{http.MethodPost, "/Groups/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`, nil},
		{http.MethodGet, "/Me", "", []string{"Authorization: Bearer " + own}},
		{http.MethodPost, "/Users", newUser, nil},
		{http.MethodPut, "/Users/" + id, newUser, nil},
		{http.MethodPatch, "/Users/" + id, `{"Operations":[{"op":"replace","path":"active","value":false}]}`, nil},
		{http.MethodDelete, "/Users/" + id, "", nil},
		{http.MethodPost, "/Bulk", strings.ReplaceAll(bulk, "ID", id), nil},
	}
}

// cursor is where the second page of users begins.
func (s *site) cursor(t *testing.T) string {
	t.Helper()
	_, content, err := bridgetest.Send(s.bridge.URL, http.MethodGet, "/Users?cursor&count=1", "")
	var page struct{ NextCursor string }
	if err == nil {
		err = json.Unmarshal([]byte(content), &page)
	}
	if err != nil || page.NextCursor == "" {
		t.Fatalf("%v: %s", err, content)
	}
	return page.NextCursor
}
