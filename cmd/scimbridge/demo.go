package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/config"
	"scimbridge/examples"
	"scimbridge/ldapmap/ldif"
)

type demoCommand struct {
	Once      bool   `help:"Exit after the replay: 0 if every answer was as expected."`
	URL       string `name:"url" placeholder:"URL" help:"Send it to the bridge that serves there, and delete what it made."`
	Domain    string `placeholder:"NAME" help:"What stands behind the @ in the names sent there (contoso.example)."`
	TokenFile string `placeholder:"FILE" help:"Holds the token for that bridge (else SCIMBRIDGE_ACCESS_TOKEN)."`
}

// Run starts the OpenLDAP example on a directory in this process, replays what Entra sends, and serves on.
func (d demoCommand) Run(w *world) error {
	if d.URL != "" {
		return d.elsewhere(w)
	}
	base, err := ldif.Parse(examples.OpenLDAPBase)
	if err != nil {
		return err
	}
	password, token := rand.Text(), rand.Text()
	mem, err := memdir.Start(memdir.Options{
		Suffix: "dc=example,dc=org", RootDN: "cn=admin,dc=example,dc=org", RootPassword: password,
		Entries: base,
	})
	if err != nil {
		return err
	}
	defer mem.Close()
	temporary, err := os.MkdirTemp("", "scimbridge-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	c, err := config.Parse("examples/openldap/scimbridge.yaml", []byte(examples.OpenLDAP), []string{
		"SCIMBRIDGE_LISTEN_ADDRESS=127.0.0.1:0", "SCIMBRIDGE_ACCESS_TOKEN=" + token, "SCIMBRIDGE_DIRECTORY_URLS=" + mem.URL(),
		"SCIMBRIDGE_STORE_FILE=" + filepath.Join(temporary, store.DefaultFile),
		"SCIMBRIDGE_DIRECTORY_BIND_DN=cn=admin,dc=example,dc=org", "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + password,
	})
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(w.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var caused records
	h, err := assemble(c, store.New, caused.add, log)
	if err != nil {
		return err
	}
	defer h.close()
	listener, err := h.server.Listen()
	if err != nil {
		return err
	}
	serving, end := context.WithCancel(w)
	defer end()
	served := make(chan error, 1)
	go func() { served <- h.server.Serve(serving, listener) }()
	url := h.server.URL(listener.Addr())

	played := newPlay(w.stdout, url, token, &caused)
	fmt.Fprintln(w.stdout, "scimbridge replays what Microsoft Entra ID sends, on an LDAP directory in this process.")
	fmt.Fprintf(w.stdout, "SCIM: %s   LDAP: %s\n", url, mem.URL())
	failed := played.run(w)
	caused.close()
	if d.Once || failed != nil {
		end()
	} else {
		d.invite(w.stdout, url, token, mem.URL(), password)
	}
	if err := <-served; err != nil {
		return err
	}
	return failed
}

// invite says how to go on by hand.
func (demoCommand) invite(out io.Writer, url, token, ldapURL, password string) {
	fmt.Fprintf(out, `
The bridge and the directory go on until you press Ctrl-C. Try it:

  curl -H 'Authorization: Bearer %s' '%s/Users'

Tenant URL    %s
Secret token  %s
LDAP          %s   bind cn=admin,dc=example,dc=org, password %s
`, token, url, url, token, ldapURL, password)
}

// records gathers the plans that the bridge executed.
type records struct {
	mu     sync.Mutex
	plans  []ldif.Plan
	closed bool
}

func (r *records) add(record journal.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.plans = append(r.plans, record.Receipt.Plan)
	}
}

// close ends the gathering: nobody takes any more.
func (r *records) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// take returns those since the last call. Of a bridge elsewhere (nil) there are none to see.
func (r *records) take() []ldif.Plan {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	plans := r.plans
	r.plans = nil
	return plans
}
