// Package bridgetest runs a bridge in a test's process, by an example's configuration and in front of a server of the test's.
package bridgetest

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/admin"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/front"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/config"
)

// Bridge is one that runs.
type Bridge struct {
	*bridge.Bridge
	URL    string // of the SCIM root
	Admin  string // of the operator's listener; "": the configuration has none
	Client *directory.Client
	Store  *store.Store    // nil: the configuration has none
	Ledger *journal.Ledger // nil: so
	Front  *front.Server
}

// Token is what a bridge of Configured takes.
const Token = "exchange-token-0123456789"

// In an example's file, wherever the server's tree is.
const (
	suffix = "dc=example,dc=org"
	domain = "DC=ad,DC=test" // Active Directory's
)

// Configured is the configuration of a bridge before the server: the file of the example in the folder with more behind it, and the
// environment, in which a line of env takes the place of one that is there.
func Configured(t testing.TB, server *dirtest.Server, folder, more string, env ...string) (text []byte, variables []string) {
	t.Helper()
	account, password := server.BindDN, server.Password
	if server.Account != "" {
		account, password = server.Account, server.AccountPassword
	}
	variables = []string{
		"SCIMBRIDGE_LISTEN_ADDRESS=127.0.0.1:0", "SCIMBRIDGE_DIRECTORY_URLS=" + server.URL, "SCIMBRIDGE_DIRECTORY_BIND_DN=" + account,
		"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + password, "SCIMBRIDGE_ACCESS_TOKEN=" + Token,
		"SCIMBRIDGE_DIRECTORY_TLS_CA=" + server.CA,
	}
	for _, line := range env {
		name, _, _ := strings.Cut(line, "=")
		variables = slices.DeleteFunc(variables, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		variables = append(variables, line)
	}
	content, err := os.ReadFile(filepath.Join(folder, "scimbridge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	places := strings.ReplaceAll(string(content), domain, server.Base) + more // which names the server's own places, if any
	return []byte(strings.ReplaceAll(places, suffix, server.Base)), variables
}

// Start starts a bridge that logs to a writer and tells of what was done, for the test's duration.
func Start(t testing.TB, c *config.Config, to io.Writer, told journal.Journal) *Bridge {
	t.Helper()
	return StartOn(t, (*front.Server).Listen, c, to, told)
}

// StartOn is Start of a bridge that listens as listen does.
func StartOn(
	t testing.TB, listen func(*front.Server) (net.Listener, error), c *config.Config, to io.Writer, told journal.Journal,
) *Bridge {
	t.Helper()
	log := slog.New(slog.NewTextHandler(to, nil))
	client, err := directory.New(c.Directory, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	compiled, err := c.Map()
	if err != nil {
		t.Fatal(err)
	}
	gate, err := access.New(c.Access, log)
	if err != nil {
		t.Fatal(err)
	}
	b := &Bridge{Client: client}
	var limiter *guard.Limiter
	if c.Store.Enabled() {
		b.Store = storetest.Open(t, c.Store)
		if limiter, err = guard.NewLimiter(b.Store, c.Guard, c.Types(), log); err != nil {
			t.Fatal(err)
		}
		if b.Ledger, err = journal.Open(b.Store, c.Journal, log, limiter.Settle); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Ledger.Shut)
	}
	operator := admin.New(c.Admin, log, new(slog.LevelVar))
	if c.Admin.Enabled() {
		client.Observe(func(_ context.Context, e directory.Exchange) { operator.Exchange(e) })
	}
	b.Bridge = bridge.New(bridge.Options{
		Map: compiled, Directory: client, Store: b.Store, Ledger: b.Ledger, Limiter: limiter,
		Guard: guard.New(c.Guard, client.Self, client), Log: log, Limits: c.Limits, Strict: c.Strict,
		Journal: func(r journal.Record) {
			told(r)
			operator.Record(r)
		},
	})
	b.Front = front.New(c.Listen, b.Bridge, gate, log)
	if c.Admin.Enabled() {
		b.Front.Observe(operator.Request)
		operator.Show(admin.Site{Bridge: b.Bridge, Directory: client, Gate: gate, Store: b.Store, Ledger: b.Ledger, Limits: limiter})
		listener, err := operator.Listen()
		if err != nil {
			t.Fatal(err)
		}
		go operator.Serve(listener)
		t.Cleanup(operator.Close)
		b.Admin = "http://" + listener.Addr().String()
	}
	listener, err := listen(b.Front)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.Front.Serve(ctx, listener) }()
	var settling sync.WaitGroup
	settling.Go(func() { b.Settle(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		settling.Wait()
	})
	b.URL = b.Front.URL(listener.Addr())
	return b
}

// Client waits longer than a bridge may take, and not for ever.
var Client = &http.Client{Timeout: 5 * time.Minute}

// Send sends a request to a path below the SCIM root of a URL, with header lines, and returns the answer with its body read.
func Send(root, method, path, body string, header ...string) (*http.Response, string, error) {
	request, err := http.NewRequest(method, root+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Authorization", "Bearer "+Token)
	if body != "" {
		request.Header.Set("Content-Type", "application/scim+json")
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	answer, err := Client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return answer, string(content), err
}
