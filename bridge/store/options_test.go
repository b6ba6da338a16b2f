package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/store"
)

// TestOptions: each fault is told by its key, and repeats no password.
func TestOptions(t *testing.T) {
	const secret = "hunter2"
	empty, password := filepath.Join(t.TempDir(), "empty"), filepath.Join(t.TempDir(), "password")
	for file, text := range map[string]string{empty: "\n", password: secret + "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		options store.Options
		want    []string
	}{
		"none":                     {store.Options{}, nil},
		"a file":                   {store.Options{File: "s.db", Timeout: time.Second}, nil},
		"a socket":                 {store.Options{URL: "postgres://u@/d?host=/run/postgresql", PasswordFile: password}, nil},
		"loopback":                 {store.Options{URL: "postgresql://u@127.0.0.1,localhost/d"}, nil},
		"loopback, IPv6":           {store.Options{URL: "postgres://u@[::1]:5433/d"}, nil},
		"TLS":                      {store.Options{URL: "postgres://u@db.corp.example/d?sslmode=verify-full"}, nil},
		"clear text, told":         {store.Options{URL: "postgres://u@db.corp.example/d", Cleartext: true}, nil},
		"clear text":               {store.Options{URL: "postgres://u@db.corp.example/d?sslmode=disable"}, []string{"url"}},
		"clear text if TLS fails":  {store.Options{URL: "postgres://u@db.corp.example/d?sslmode=prefer"}, []string{"url"}},
		"clear text to the second": {store.Options{URL: "postgres://u@localhost,db.corp.example/d?sslmode=disable"}, []string{"url"}},
		"two":                      {store.Options{File: "s.db", URL: "postgres://u@localhost/d"}, []string{"url"}},
		"a password in the URL":    {store.Options{URL: "postgres://u:" + secret + "@localhost/d"}, []string{"url"}},
		"a password in the query":  {store.Options{URL: "postgres://u@localhost/d?password=" + secret}, []string{"url"}},
		"another scheme":           {store.Options{URL: "mysql://u:" + secret + "@localhost/d"}, []string{"url"}},
		"no URL":                   {store.Options{URL: "postgres://u:" + secret + "@%zz/d"}, []string{"url"}},
		"a mode that is none":      {store.Options{URL: "postgres://u@localhost/d?sslmode=maybe"}, []string{"url"}},
		"a port that is none":      {store.Options{URL: "postgres://u@localhost:99999/d"}, []string{"url"}},
		"no password file":         {store.Options{URL: "postgres://u@localhost/d", PasswordFile: "/nowhere"}, []string{"passwordFile"}},
		"an empty password file":   {store.Options{URL: "postgres://u@localhost/d", PasswordFile: empty}, []string{"passwordFile"}},
		"a password for a file":    {store.Options{File: "s.db", PasswordFile: password}, []string{"passwordFile"}},
		"a password for nothing":   {store.Options{PasswordFile: password}, []string{"passwordFile"}},
		"a negative timeout":       {store.Options{File: "s.db", Timeout: -1}, []string{"timeout"}},
		"a timeout of nothing":     {store.Options{Timeout: time.Second}, []string{""}},
		"clear text to nothing":    {store.Options{Cleartext: true}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			c.options.Check(func(path, problem string) {
				got = append(got, path)
				if strings.Contains(problem, secret) {
					t.Errorf("%s: the password stands in %q", path, problem)
				}
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDefault(t *testing.T) {
	for variable, want := range map[string]string{
		"STATE_DIRECTORY=/var/lib/a":            "/var/lib/a/scimbridge.db",
		"STATE_DIRECTORY=/var/lib/a:/var/lib/b": "/var/lib/a/scimbridge.db",
		"STATE_DIRECTORY=":                      "",
		"MY_STATE_DIRECTORY=/var/lib/a":         "",
	} {
		if got := store.Default([]string{"PATH=/bin", variable}); got != (store.Options{File: want}) {
			t.Errorf("%s: %+v", variable, got)
		}
	}
}
