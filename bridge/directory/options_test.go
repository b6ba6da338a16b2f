package directory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := file("password", "sesame\n")
	bind := BindOptions{DN: "cn=bridge", PasswordFile: secret}
	urls := func(urls ...string) Options { return Options{URLs: urls, Bind: bind} }
	with := func(o Options, change func(*Options)) Options {
		change(&o)
		return o
	}
	secure := urls("ldaps://dc1.example")
	for name, test := range map[string]struct {
		options Options
		want    []string
	}{
		"ldaps": {secure, nil},
		"loopback and socket": {
			urls("ldap://localhost", "ldap://127.0.0.1:3389", "ldap://[::1]:389", "ldapi://%2Frun%2Fslapd%2Fldapi"), nil,
		},
		"anonymous": {Options{URLs: secure.URLs}, nil},
		"no URL":    {urls(), []string{"urls"}},
		"bad URLs": {
			urls("ldaps://dc1", "http://dc1", "ldaps://", "ldaps://dc1:0", "ldaps://dc1/dc=example", "ldapi://", "dc1",
				"ldaps://cn=x:sesame@dc1", ":"),
			[]string{"urls[1]", "urls[2]", "urls[3]", "urls[4]", "urls[5]", "urls[6]", "urls[7]", "urls[8]"},
		},
		"services": {
			urls("ldaps://_ldap._tcp.corp.example", "ldaps://ldap._tcp.corp.example", "ldaps://_ldap.corp.example", "ldaps://_ldap._tcp",
				"ldaps://an_old_name.corp.example"),
			[]string{"urls[1]", "urls[2]", "urls[3]"},
		},
		"clear text":           {urls("ldap://dc1", "ldap://127.0.0.1"), []string{"urls[0]"}},
		"clear text allowed":   {with(urls("ldap://dc1"), func(o *Options) { o.AllowCleartext = true }), nil},
		"StartTLS":             {with(urls("ldap://dc1"), func(o *Options) { o.TLS.StartTLS = true }), nil},
		"StartTLS without use": {with(secure, func(o *Options) { o.TLS.StartTLS = true }), []string{"tls.startTLS"}},
		"TLS options unused":   {with(urls("ldap://localhost"), func(o *Options) { o.TLS.ServerName = "dc1" }), nil},
		"kind":                 {with(secure, func(o *Options) { o.Kind = "edirectory" }), []string{"kind"}},
		"durations": {
			with(secure, func(o *Options) { o.Timeout, o.Breaker.Pause, o.Breaker.Failures = -1, -time.Second, -1 }),
			[]string{"timeout", "breaker.failures", "breaker.pause"},
		},
		"failover": {
			with(secure, func(o *Options) { o.Failover = FailoverOptions{Back: minBack - 1, Lag: -1} }),
			[]string{"failover.back", "failover.lag"},
		},
		"no pages":            {with(secure, func(o *Options) { o.PageSize = -1 }), []string{"pageSize"}},
		"large pages":         {with(secure, func(o *Options) { o.PageSize = maxPageSize + 1 }), []string{"pageSize"}},
		"CA missing":          {with(secure, func(o *Options) { o.TLS.CA = filepath.Join(dir, "none") }), []string{"tls.ca"}},
		"CA not PEM":          {with(secure, func(o *Options) { o.TLS.CA = secret }), []string{"tls.ca"}},
		"two passwords":       {with(secure, func(o *Options) { o.Bind.Password = "x" }), []string{"bind.passwordFile"}},
		"password without DN": {with(secure, func(o *Options) { o.Bind.DN = "" }), []string{"bind.dn"}},
		"DN without password": {with(secure, func(o *Options) { o.Bind.PasswordFile = "" }), []string{"bind.password"}},
		"password file missing": {
			with(secure, func(o *Options) { o.Bind.PasswordFile = filepath.Join(dir, "none") }),
			[]string{"bind.passwordFile"},
		},
		"password file is empty": {
			with(secure, func(o *Options) { o.Bind.PasswordFile = file("empty", "\n") }), []string{"bind.passwordFile"},
		},
		"all at once": {
			Options{Kind: "x", Timeout: -1, Bind: BindOptions{Password: "x"}},
			[]string{"urls", "kind", "bind.dn", "timeout"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			test.options.Check(func(path, problem string) {
				got = append(got, path)
				if problem == "" || strings.Contains(problem, "sesame") {
					t.Errorf("%s: %q", path, problem)
				}
			})
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
