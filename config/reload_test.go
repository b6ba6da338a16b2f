package config

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const small = `
directory: {urls: ["ldap://localhost"], bind: {dn: "cn=admin,dc=example,dc=org", password: secret}}
resources:
  - type: User
    base: ou=people,dc=example,dc=org
    objectClasses: [inetOrgPerson]
    dn: '"uid=" + rdn(userName) + "," + base'
    attributes:
      - {scim: userName, ldap: uid}
      - {scim: name.familyName, ldap: sn, empty: userName}
access: {token: alpha-0123456789abcdef}
`

func parsed(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("scimbridge.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRestart: what takes one is told with its place, and nothing else is.
func TestRestart(t *testing.T) {
	first := parsed(t, small)
	for change, want := range map[string]string{
		"":                           "",
		"listen: {basePath: /other}": "",
		"limits: {page: 7}":          "",
		"log: {level: debug}":        "",
		"log: {format: text}":        "scimbridge.yaml:12:7: log.format: takes a restart",
		"listen: {address: \":1\", allowCleartext: true}": "scimbridge.yaml:12:10: listen.address: takes a restart",
		"store: {file: other.db}":                         "scimbridge.yaml:12:9: store.file: takes a restart",
		"admin: {address: \"127.0.0.1:9090\"}":            "scimbridge.yaml:12:9: admin.address: takes a restart",
	} {
		next := parsed(t, small+change+"\n")
		told := ""
		if err := first.Restart(next); err != nil {
			told = err.Error()
		}
		if told != want {
			t.Errorf("%s: %q, want %q", change, told, want)
		}
		if !first.Serves(next) {
			t.Errorf("%s: the directory is served otherwise", change)
		}
	}
	for _, change := range [][2]string{{"ldap: sn", "ldap: cn"}, {"localhost", "127.0.0.2"}, {"access:", "strict: true\naccess:"}} {
		if first.Serves(parsed(t, strings.Replace(small, change[0], change[1], 1))) {
			t.Errorf("%q: the directory is served alike", change[1])
		}
	}
}

// TestReloader: what a file was changed to is taken when it is the same at two looks; what cannot be yet is tried again.
func TestReloader(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scimbridge.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1")
	synctest.Test(t, func(t *testing.T) {
		r := NewReloader(file)
		ctx, stop := context.WithCancel(t.Context())
		ask := make(chan os.Signal)
		var mu sync.Mutex
		var taken int
		var err error // with which it is taken
		go r.Run(ctx, slog.New(slog.DiscardHandler), ask, func(context.Context, bool) error {
			mu.Lock()
			defer mu.Unlock()
			taken++
			return err
		})
		fails := func(with error) {
			mu.Lock()
			defer mu.Unlock()
			err = with
		}
		after := func(d time.Duration, want int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if _, told := r.Last(); taken != want || told != err {
				t.Errorf("taken %d times, want %d; %v, want %v", taken, want, told, err)
			}
		}
		after(10*looking, 0)
		write("22")
		after(looking, 0)
		write("333") // it was not whole yet
		after(looking, 0)
		after(2*looking, 1)
		after(10*tryAgain, 1)
		ask <- os.Interrupt
		after(looking, 2)
		fails(errors.New("bad"))
		ask <- os.Interrupt
		after(10*tryAgain, 3)
		fails(&Later{errors.New("away")})
		ask <- os.Interrupt
		after(looking, 4)
		after(tryAgain, 5)
		fails(nil)
		time.Sleep(2 * tryAgain)
		after(10*tryAgain, 6)
		stop()
	})
}
