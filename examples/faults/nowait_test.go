package faults_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/front"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
	"scimbridge/config"
	"scimbridge/examples/bridgetest"
)

// TestOpenBreakerWaitsForNothing is TestOpenBreaker by a clock that moves only while all wait for it: no answer takes any of its time, from
// the client to the client, however slow the machine is. That nobody asks the directory is TestOpenBreaker's: here it refuses at once.
func TestOpenBreakerWaitsForNothing(t *testing.T) {
	dates()
	for name, met := range map[string]bool{"a directory that went": true, "one that was never there": false} {
		t.Run(name, func(t *testing.T) {
			server := dirtest.Memory(t)
			tokens := filepath.Join(t.TempDir(), "tokens.yaml")
			if err := os.WriteFile(tokens, []byte("- {name: mara, user: mara@contoso.example, token: "+own+"}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			text, variables := bridgetest.Configured(t, server, "../openldap", "", "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=1h",
				"SCIMBRIDGE_ACCESS_TOKENSFILE="+tokens, "SCIMBRIDGE_STORE_FILE="+storetest.SQLite(t).File)
			c, err := config.Parse(filepath.Join("..", "openldap", "scimbridge.yaml"), text, variables)
			if err != nil {
				t.Fatal(err)
			}
			if !met {
				server.Mem.Close()
			}
			// Somebody reads from a connection to the directory while there is one, and the clock stands: who waits for it waits for this.
			defer time.AfterFunc(time.Minute, server.Mem.Close).Stop()
			synctest.Test(t, func(t *testing.T) {
				t.Cleanup(func() { time.Sleep(time.Minute) }) // last of all: fasthttp ends what is idle after seconds
				ln := fasthttputil.NewInmemoryListener()
				before := bridgetest.Client
				bridgetest.Client = &http.Client{Transport: &http.Transport{
					DialContext: func(context.Context, string, string) (net.Conn, error) { return ln.Dial() },
				}}
				defer func() { bridgetest.Client = before }()
				defer bridgetest.Client.CloseIdleConnections()
				s := &site{server: server, name: "00", ids: map[string]string{}, dns: map[string]string{}}
				listen := func(*front.Server) (net.Listener, error) { return ln, nil }
				s.bridge = bridgetest.StartOn(t, listen, c, &s.log, func(journal.Record) {})
				id, cursor := "5f0ee83a-ea27-4d8c-94b2-fe4d94a6f0ce", "AA"
				if met {
					id, _ = s.user(t, "read")
					s.user(t, "write")
					cursor = s.cursor(t)
					server.Mem.Close()
				}
				for n := 0; !s.bridge.Client.BreakerOpen(); n++ {
					_, _, err := bridgetest.Send(s.bridge.URL, http.MethodGet, "/Users/"+id, "")
					if err != nil || n > directory.DefaultFailures {
						t.Fatalf("the breaker stays closed: %v", err)
					}
				}
				for _, r := range needing(id, cursor) {
					begun := time.Now()
					answer, content, err := bridgetest.Send(s.bridge.URL, r.method, r.path, r.body, r.header...)
					took := time.Since(begun)
					if err != nil || took != 0 || !strings.Contains(content, `"status":"503"`) {
						t.Errorf("%s %s: %v, %s after %v", r.method, r.path, err, told(t, answer, content), took)
					}
				}
			})
		})
	}
}

// dates has the clock of fasthttp's Date run: it does so for as long as the process, and so is not to begin in a test's own time.
func dates() {
	near, far := net.Pipe()
	go func() {
		_, _ = far.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
		far.Close()
	}()
	_ = (&fasthttp.Server{Handler: func(*fasthttp.RequestCtx) {}}).ServeConn(near)
}
