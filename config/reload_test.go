package config

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
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
	keys := filepath.Join(t.TempDir(), "webhook.key")
	if err := os.WriteFile(keys, []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="), 0o600); err != nil {
		t.Fatal(err)
	}
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
	kept := small + "store: {file: s.db}\n"
	for change, want := range map[string]string{
		"journal: {onFailure: continue, retention: 48h, maxSize: 16777216}": "",
		"journal: {lease: 5s}": "scimbridge.yaml:13:11: journal.lease: takes a restart",
		"webhook: {url: \"http://localhost/\", keyFile: " + keys + ", events: held}": "",
	} {
		told := ""
		if err := parsed(t, kept).Restart(parsed(t, kept+change+"\n")); err != nil {
			told = err.Error()
		}
		if told != want {
			t.Errorf("%s: %q, want %q", change, told, want)
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
		go r.Run(ctx, slog.New(slog.DiscardHandler), ask, nil, func(context.Context, bool) error {
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

// TestLooking: what a file was changed to is read within a second, at the second look that finds it the same.
func TestLooking(t *testing.T) {
	if 3*looking >= time.Second {
		t.Errorf("the file is looked at each %v", looking)
	}
}

// TestReloaderGoesOn: while one taking waits, as for a directory that is away, a change of the file is taken in its place.
func TestReloaderGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scimbridge.yaml")
	if err := os.WriteFile(file, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := NewReloader(file)
		ctx, stop := context.WithCancel(t.Context())
		ask := make(chan os.Signal)
		var mu sync.Mutex
		var began []bool // whether each was asked for
		go r.Run(ctx, slog.New(slog.DiscardHandler), ask, nil, func(ctx context.Context, asked bool) error {
			mu.Lock()
			began = append(began, asked)
			mu.Unlock()
			<-ctx.Done()
			return ctx.Err()
		})
		ask <- os.Interrupt
		synctest.Wait()
		if err := os.WriteFile(file, []byte("22"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * looking)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(began) != 2 || !began[1] {
			t.Errorf("began, and asked for: %v; what was asked for is not done yet", began)
		}
		if _, err := r.Last(); err != nil {
			t.Errorf("what became of the one that was given up is told: %v", err)
		}
		stop()
	})
}

// TestAccess: who may call is read of a file that is faulty elsewhere, and of none where it cannot be told what it says of that.
func TestAccess(t *testing.T) {
	const token = "access: {token: alpha-0123456789abcdef}\n"
	none := &Config{origins: &reader{}}
	for name, c := range map[string]struct {
		text   string
		stored bool
		want   string // the token; "-": it cannot be told
	}{
		"sound":                         {small, false, "alpha-0123456789abcdef"},
		"faulty elsewhere":              {"directory: {urls: 7, what: 8}\n" + token, false, "alpha-0123456789abcdef"},
		"no YAML above":                 {"directory: {urls: [\n" + token, false, "alpha-0123456789abcdef"},
		"no YAML below":                 {token + "log: {level: 'debug}\n", false, "alpha-0123456789abcdef"},
		"no YAML between":               {"access:\n  # it\n  token: alpha-0123456789abcdef\n#\nlog: }\n", false, "alpha-0123456789abcdef"},
		"no YAML, and whose is unclear": {token + "\tlog: {level: debug}\n", false, "-"},
		"no YAML, in flow style":        {"{access: {token: alpha-0123456789abcdef}, log: [}", false, "-"},
		"no YAML in it":                 {"access: {token: alpha-0123456789abcdef}}\n", false, "-"},
		"no YAML, and twice":            {token + "log: [\n" + token, false, "-"},
		"twice":                         {token + token, false, "-"},
		"two documents":                 {token + "---\n" + token, false, "-"},
		"a key that is none":            {"access: {tokn: alpha-0123456789abcdef}\n", false, "-"},
		"the section's name is wrong":   {"acess: {token: alpha-0123456789abcdef}\n", true, "-"},
		"a conflict":                    {"access:\n<<<<<<< a\n  token: alpha\n=======\n>>>>>>> b\nlog: {}\n", true, "-"},
		"ended by no key":               {"access:\n  token: alpha-0123456789abcdef\n]\nlog: {}\n", false, "-"},
		"no YAML, in quotes":            {"\ufeff'access' : {token: alpha-0123456789abcdef}\nlog: [\n", false, "alpha-0123456789abcdef"},
		"within another section":        {"log:\n  level: debug\n  access: {token: alpha}\n", true, "-"},
		"a list":                        {"access: [alpha-0123456789abcdef]\n", false, "-"},
		"nobody":                        {"access: {}\n", false, ""},
		"no section":                    {"log: {level: debug}\n", false, "-"},
		"no section, but a store":       {"log: {level: debug}\n", true, ""},
		"nothing":                       {" \n", true, "-"},
	} {
		file := filepath.Join(t.TempDir(), "scimbridge.yaml")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		o, readable := Access(file, nil, none, c.stored)
		if want := c.want != "-"; readable != want || readable && o.Token != c.want {
			t.Errorf("%s: readable %v, %q", name, readable, o.Token)
		}
	}
	if _, readable := Access(filepath.Join(t.TempDir(), "none"), nil, none, true); readable {
		t.Error("of a file that is not there it is told who may call")
	}
}

// TestAccessOfHalfAFile: from a file that is cut off, as on a full disk, who may call is taken as the whole has it, or not at all.
func TestAccessOfHalfAFile(t *testing.T) {
	const who = `access:
  tokenFile: token
  entra:
    - tenant: 9c1b5ab5-7c0a-4f5e-9d0f-0d6f4a1f7f6e
      audience: api://scimbridge
      role: reader
      addresses: [192.0.2.0/24]
`
	_, rest, _ := strings.Cut(small, "\nresources:")
	rest, _, _ = strings.Cut(rest, "access:")
	head, _, _ := strings.Cut(small, "resources:")
	tail := "resources:" + rest
	file := filepath.Join(t.TempDir(), "scimbridge.yaml")
	environ := []string{"SCIMBRIDGE_ACCESS_TOKEN=alpha-0123456789abcdef"}
	for name, text := range map[string]string{
		"first": who + head + tail, "between": head + who + tail, "last but one": head + tail + who + "log: {level: debug}\n",
	} {
		before, faults, err := read(file, []byte(text), environ, nil)
		if err != nil {
			t.Fatal(err, faults)
		}
		taken := 0
		for cut := range len(text) {
			if cut%7 > 0 && text[cut] != '\n' && text[cut-1] != '\n' {
				continue
			}
			if err := os.WriteFile(file, []byte(text[:cut]), 0o600); err != nil {
				t.Fatal(err)
			}
			if o, readable := Access(file, environ, before, true); readable {
				if taken++; !reflect.DeepEqual(o, before.Access) {
					t.Fatalf("%s: %+v is taken from\n%s", name, o, text[:cut])
				}
			}
		}
		if taken == 0 {
			t.Errorf("%s: who may call is never told", name)
		}
	}
}
