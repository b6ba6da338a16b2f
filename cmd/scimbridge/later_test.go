package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/access/issuertest"
	"scimbridge/bridge/directory/dirtest"
)

// TestAllComeLater: the program starts while the directory, its name, the store, the webhook's receiver and the keys of Entra's tokens are
// away. It says of each part how it stands, answers 503 for the lack of what a request needs, and each comes into its own as it comes, in
// any order.
func TestAllComeLater(t *testing.T) {
	names := resolves(t)
	order := []string{"directory", "store", "keys", "receiver", "name"}
	back := slices.Clone(order)
	slices.Reverse(back)
	for _, order := range [][]string{order, back} { // each comes before each other
		t.Run(strings.Join(order, ", "), func(t *testing.T) {
			t.Parallel()
			l := startAway(t, names)
			l.holds()
			for _, what := range order {
				l.there[what] = true
				l.comes[what]()
				l.holds()
			}
			if got, content := l.asks(http.MethodPost, token, `{"userName":"mara"}`); got != http.StatusCreated {
				t.Errorf("%d %s", got, content)
			}
			for until := time.Now().Add(time.Minute); l.heard.Load() == 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(until) {
					t.Fatal("the receiver hears of nothing")
				}
			}
		})
	}
}

// away is a program that lacks what is not there.
type away struct {
	*testing.T
	overseen
	there map[string]bool
	comes map[string]func()
	entra *issuertest.Issuer
	heard atomic.Int64
}

func startAway(t *testing.T, names *names) *away {
	t.Helper()
	server := dirtest.Memory(t)
	proxy := dirtest.Counted(t, server)
	proxy.Refuse()
	folder := t.TempDir()
	volume, key := filepath.Join(folder, "volume"), filepath.Join(folder, "webhook.key")
	if err := os.WriteFile(key, []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	receiver, name := dirtest.FreeAddress(t), strings.ToLower(rand.Text())+".example"
	l := &away{T: t, there: map[string]bool{}, entra: issuertest.Start(t)}
	l.entra.Down(true)
	l.comes = map[string]func(){
		"directory": func() { proxy.Mend(t) },
		"store": func() {
			if err := os.Mkdir(volume, 0o700); err != nil {
				t.Fatal(err)
			}
		},
		"keys": func() { l.entra.Down(false) },
		"name": func() { names.add(name) },
		"receiver": func() {
			ln, err := net.Listen("tcp", receiver)
			if err != nil {
				t.Fatal(err)
			}
			hook := &httptest.Server{Listener: ln, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				l.heard.Add(1)
			})}}
			hook.Start()
			t.Cleanup(hook.Close)
		},
	}
	file := configuration(t, strings.Replace(proxy.URL, "127.0.0.1", name, 1))
	l.overseen = oversee(t, file, "SCIMBRIDGE_DIRECTORY_BIND_DN="+server.BindDN, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD="+server.Password,
		"SCIMBRIDGE_DIRECTORY_ALLOWCLEARTEXT=true", "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=50ms",
		"SCIMBRIDGE_STORE_FILE="+filepath.Join(volume, "store.db"),
		"SCIMBRIDGE_WEBHOOK_URL=http://"+receiver+"/", "SCIMBRIDGE_WEBHOOK_KEYFILE="+key,
		"SCIMBRIDGE_ACCESS_ENTRA_0_TENANT="+issuertest.Tenant, "SCIMBRIDGE_ACCESS_ENTRA_0_AUTHORITY="+l.entra.URL)
	go func() { // or the program waits for its log's reader
		for range l.lines {
		}
	}()
	t.Cleanup(func() {
		l.stop()
		if code := <-l.ended; code != exitOK {
			t.Errorf("exit code %d", code)
		}
	})
	return l
}

// holds waits until all is as it is to be by what is there.
func (l *away) holds() {
	l.Helper()
	var wrong string
	for until := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if wrong = l.wrong(); wrong == "" {
			return
		}
		if time.Now().After(until) {
			l.Fatalf("%v are there: %s", l.there, wrong)
		}
	}
}

// wrong is what is not as it is to be.
func (l *away) wrong() string {
	parts := map[string]string{}
	code, said := l.ask(l.T, http.MethodGet, "/readyz", "")
	var ready struct {
		Parts []struct{ Part, Status, Reason string }
	}
	if err := json.Unmarshal([]byte(said), &ready); err != nil {
		l.Fatal(err)
	}
	for _, p := range ready.Parts {
		parts[p.Part] = strings.TrimSpace(p.Status + " " + p.Reason)
	}
	status := func(needs ...string) int {
		if !slices.ContainsFunc(needs, l.lacks) {
			return http.StatusOK
		}
		return http.StatusServiceUnavailable
	}
	one := func(what, is, isNot string) string {
		if !l.lacks(what) {
			return is
		}
		return isNot
	}
	switch {
	case code != status("directory", "store"):
		return fmt.Sprintf("/readyz: %d %s", code, said)
	case parts["directory"] != one("directory", "ok", "failed unavailable"):
		return said
	case parts["map"] != one("directory", "ok", "unknown"):
		return said
	case parts["store"] != one("store", "ok", "failed store-away"):
		return said
	}
	entra := l.entra.First(nil)
	for _, r := range []struct {
		token string
		needs []string
	}{{token, []string{"directory"}}, {entra, []string{"keys", "directory"}}} {
		got, content := l.asks(http.MethodGet, r.token, "")
		if got != status(r.needs...) || got != http.StatusOK && !strings.Contains(content, lacks[l.lack(r.needs)]) {
			return fmt.Sprintf("a read that needs %v: %d %s", r.needs, got, content)
		}
	}
	if !l.lacks("directory") && l.lacks("store") {
		got, content := l.asks(http.MethodPost, token, `{"userName":"nobody"}`)
		if got != http.StatusServiceUnavailable || !strings.Contains(content, lacks["store"]) {
			return fmt.Sprintf("a write: %d %s", got, content)
		}
	}
	return ""
}

// lacks are how an answer tells of what is away.
var lacks = map[string]string{"directory": "the directory", "store": "store", "keys": "the keys of the bearer token's issuer"}

// lack is the first of what is needed that is not there.
func (l *away) lack(needs []string) string {
	return needs[slices.IndexFunc(needs, l.lacks)]
}

// lacks says that something is of no use yet.
func (l *away) lacks(what string) bool {
	return !l.there[what] || what == "directory" && !l.there["name"]
}

// asks sends a request for users. What is unavailable tells when to come back.
func (l *away) asks(method, token, body string) (status int, content string) {
	l.Helper()
	answer := send(l.T, method, l.root+"/Users", token, body)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		l.Fatal(err)
	}
	if answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
		l.Errorf("%s says not when to come back: %s", answer.Status, text)
	}
	return answer.StatusCode, string(text)
}
