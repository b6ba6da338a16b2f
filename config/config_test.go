package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/store"
	"scimbridge/ldapmap/compile"
)

var update = flag.Bool("update", false, "write the expected faults anew")

// unpack writes an archive's files into a new working folder.
func unpack(t *testing.T, a *txtar.Archive) (text map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	text = map[string]string{}
	for _, f := range a.Files {
		text[f.Name] = string(f.Data)
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return text
}

// TestBad holds every file of testdata/bad to its faults.
func TestBad(t *testing.T) {
	cases, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			path, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := unpack(t, archive)
			_, err = Load("scimbridge.yaml", strings.Split(strings.TrimSpace(text["environment"]), "\n"))
			var faults Faults
			if !errors.As(err, &faults) {
				t.Fatalf("no faults, but %v", err)
			}
			got := faults.Error() + "\n"
			if *update {
				last := &archive.Files[len(archive.Files)-1]
				last.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(text["faults"], got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const good = `
directory: {urls: [ldap://localhost], bind: {dn: "cn=admin,dc=example", passwordFile: password}, timeout: 7s}
resources:
  - type: User
    base: ou=people,dc=example,dc=org
    objectClasses: inetOrgPerson
    dn: '"uid=" + rdn(userName) + "," + base'
    attributes:
      - {scim: userName, ldap: uid}
      - {ldap: employeeType, constant: [true, 007]}
    active: {attribute: description, blocked: TRUE}
access: {tokenFile: token}
`

// load reads the text as a file in a folder that holds a password and a token.
func load(t *testing.T, text string, environ ...string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"scimbridge.yaml": text, "password": "secret\n", "token": "alpha-0123456789abcdef\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(filepath.Join(dir, "scimbridge.yaml"), environ)
	if c != nil { // file names, for the comparison
		for _, name := range c.files() {
			if *name != "" && filepath.Dir(*name) != dir && !strings.HasPrefix(*name, "/nowhere") {
				t.Errorf("%s is not in the configuration's folder", *name)
			}
			*name = strings.TrimPrefix(*name, dir+"/")
		}
	}
	return c, err
}

func TestLoad(t *testing.T) {
	got, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Directory: directory.Options{
			URLs: []string{"ldap://localhost"}, Timeout: 7 * time.Second,
			Bind: directory.BindOptions{DN: "cn=admin,dc=example", PasswordFile: "password"},
		},
		Resources: []compile.Options{{
			Type: "User", Base: compile.Bases{"ou=people,dc=example,dc=org"},
			ObjectClasses: []compile.ClassOptions{{Class: "inetOrgPerson"}},
			DN:            `"uid=" + rdn(userName) + "," + base`,
			Attributes: []compile.AttributeOptions{
				{SCIM: "userName", LDAP: "uid"},
				{LDAP: "employeeType", Constant: []string{"true", "007"}}, // as written, not as YAML understands it
			},
			Active: []compile.ActiveOptions{{Attribute: "description", Blocked: "TRUE"}},
		}},
		Access: access.Options{TokenFile: "token"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{}, directory.Options{})); diff != "" {
		t.Error(diff)
	}
}

func TestEnvironment(t *testing.T) {
	got, err := load(t, good,
		"SCIMBRIDGE_LISTEN_ADDRESS=127.0.0.1:0",
		"SCIMBRIDGE_LISTEN_TRUSTPROXY=10.0.0.5,10.1.0.0/16",
		"SCIMBRIDGE_LISTEN_REQUESTTIMEOUT=1m",
		"SCIMBRIDGE_DIRECTORY_URLS=ldaps://a.example, ldaps://b.example",
		"SCIMBRIDGE_DIRECTORY_URLS_X=", // empty: none
		"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=from the environment",
		"SCIMBRIDGE_ACCESS_TOKEN=bravo-0123456789abcdef",
		"SCIMBRIDGE_RESOURCES_0_BASE=ou=staff,dc=example,dc=org",
		"SCIMBRIDGE_RESOURCES_0_OBJECTCLASSES_1=extensibleObject",
		"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_2_LDAP=mail",
		"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_2_SCIM=emails[type eq \"work\"].value",
		"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_1_CONSTANT_0=a,b",
		"SCIMBRIDGE_RESOURCES_1_TYPE=Group",
		"SCIMBRIDGE_RESOURCES_1_BASE=ou=groups,dc=example,dc=org",
		"SCIMBRIDGE_RESOURCES_1_OBJECTCLASSES=groupOfNames",
		`SCIMBRIDGE_RESOURCES_1_DN="cn=" + rdn(displayName) + "," + base`,
		"SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_0_SCIM=displayName",
		"SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_0_LDAP=cn",
		"SCIMBRIDGE_RESOURCES_1_MEMBERS_ATTRIBUTE=member",
		"SCIMBRIDGE_RESOURCES_1_MEMBERS_PLACEHOLDER=cn=nobody,dc=example,dc=org",
		"SCIMBRIDGE_PORT_8080_TCP=tcp://10.0.0.1:8080",
		"SCIMBRIDGEX=other", "PATH=/bin", "nonsense",
	)
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen.Address != "127.0.0.1:0" || len(got.Listen.TrustProxy) != 2 || got.Listen.RequestTimeout != time.Minute {
		t.Errorf("listen: %+v", got.Listen)
	}
	if diff := cmp.Diff([]string{"ldaps://a.example", "ldaps://b.example"}, got.Directory.URLs); diff != "" {
		t.Error(diff)
	}
	bind := directory.BindOptions{DN: "cn=admin,dc=example", Password: "from the environment"}
	if diff := cmp.Diff(bind, got.Directory.Bind); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(access.Options{Token: "bravo-0123456789abcdef"}, got.Access); diff != "" {
		t.Error(diff)
	}
	want := []compile.Options{
		{
			Type: "User", Base: compile.Bases{"ou=staff,dc=example,dc=org"},
			ObjectClasses: []compile.ClassOptions{{Class: "inetOrgPerson"}, {Class: "extensibleObject"}},
			DN:            `"uid=" + rdn(userName) + "," + base`,
			Attributes: []compile.AttributeOptions{
				{SCIM: "userName", LDAP: "uid"},
				{LDAP: "employeeType", Constant: []string{"a,b", "007"}},
				{SCIM: `emails[type eq "work"].value`, LDAP: "mail"},
			},
			Active: []compile.ActiveOptions{{Attribute: "description", Blocked: "TRUE"}},
		},
		{
			Type: "Group", Base: compile.Bases{"ou=groups,dc=example,dc=org"},
			ObjectClasses: []compile.ClassOptions{{Class: "groupOfNames"}},
			DN:            `"cn=" + rdn(displayName) + "," + base`,
			Attributes:    []compile.AttributeOptions{{SCIM: "displayName", LDAP: "cn"}},
			Members:       []compile.MembersOptions{{Attribute: "member", Placeholder: "cn=nobody,dc=example,dc=org"}},
		},
	}
	if diff := cmp.Diff(want, got.Resources); diff != "" {
		t.Error(diff)
	}
}

// TestStoreByDefault: systemd's folder holds the store unless the configuration names one.
func TestStoreByDefault(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want store.Options
	}{
		"nothing said": {good, store.Options{File: "/nowhere/scimbridge/scimbridge.db"}},
		"a timeout":    {good + "store: {timeout: 1s}", store.Options{File: "/nowhere/scimbridge/scimbridge.db", Timeout: time.Second}},
		"a file":       {good + "store: {file: s.db}", store.Options{File: "s.db"}},
		"PostgreSQL":   {good + "store: {url: 'postgres:///scimbridge?host=/run'}", store.Options{URL: "postgres:///scimbridge?host=/run"}},
	} {
		got, err := load(t, c.text, "STATE_DIRECTORY=/nowhere/scimbridge:/nowhere/else")
		if err != nil {
			t.Fatal(name, err)
		}
		if got.Store != c.want {
			t.Errorf("%s: %+v", name, got.Store)
		}
	}
	if got, err := load(t, good); err != nil || got.Store.Enabled() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAFileFromTheEnvironmentReplacesTheSecret(t *testing.T) {
	secrets := strings.NewReplacer("passwordFile: password", "password: secret", "tokenFile: token", "token: charlie-0123456789abcdef")
	text := secrets.Replace(good)
	got, err := load(t, text, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORDFILE=password", "SCIMBRIDGE_ACCESS_TOKENFILE=token")
	if err != nil {
		t.Fatal(err)
	}
	bind := got.Directory.Bind
	if bind.Password != "" || bind.PasswordFile != "password" || !cmp.Equal(got.Access, access.Options{TokenFile: "token"}) {
		t.Errorf("%+v %+v", got.Directory.Bind, got.Access)
	}
}

// eachVariable hands over each key with its variable's words, the first item's of a list of sections.
func eachVariable(section reflect.Type, words []string, do func(section reflect.Type, field reflect.StructField, words []string)) {
	for field := range fieldsOf(section) {
		below, kind := append(slices.Clone(words), strings.ToUpper(field.Tag.Get("koanf"))), field.Type
		if kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct {
			below = append(below, "0")
		}
		if inner := innermost(kind); inner.Kind() == reflect.Struct {
			eachVariable(inner, below, do)
			continue
		}
		do(section, field, below)
	}
}

func TestEveryKeyHasAVariable(t *testing.T) {
	seen := map[string]bool{}
	eachSection(shape, func(section reflect.Type) {
		for field := range fieldsOf(section) {
			if key := field.Tag.Get("koanf"); key == "" || strings.ContainsAny(key, "_.") {
				t.Errorf("%s.%s has no usable key: %q", section, field.Name, key)
			}
		}
	})
	eachVariable(shape, nil, func(_ reflect.Type, _ reflect.StructField, words []string) {
		name := strings.Join(words, "_")
		if _, _, ok := locate(words); !ok || foreign.MatchString(prefix+name) || seen[name] {
			t.Errorf("%s sets nothing, or two keys", name)
		}
		seen[name] = true
	})
}

func TestMissingFile(t *testing.T) {
	if _, err := Load("/nowhere/scimbridge.yaml", nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// FuzzParse: whatever the text, there are faults or a configuration; what the strict reading lets through always fits its key.
func FuzzParse(f *testing.F) {
	f.Add(good, "SCIMBRIDGE_DIRECTORY_URLS=ldap://localhost")
	f.Add("&a {resources: [*a]}", "SCIMBRIDGE_RESOURCES_0_BASE=x")
	f.Add("resources: {attributes: {constant: !!binary aGk=}}", "")
	f.Add("listen: {maxBody: 0x10, requestTimeout: 1h}", "SCIMBRIDGE_LISTEN_MAXBODY=010")
	f.Add("access: [~]\n---\n", "SCIMBRIDGE_ACCESS_TOKENSFILE=/nowhere/tokens")
	f.Fuzz(func(t *testing.T, text, environ string) {
		c, err := Parse("scimbridge.yaml", []byte(text), strings.Split(environ, "\n"))
		var faults Faults
		if (c == nil) == (err == nil) || err != nil && !errors.As(err, &faults) {
			t.Errorf("%v, %v", c, err)
		}
	})
}

// TestASectionMayStandAsOneOfItsKeys: what a section is mostly for may be said without it.
func TestASectionMayStandAsOneOfItsKeys(t *testing.T) {
	group := "  - {type: Group, base: 'dc=example', objectClasses: [groupOfNames], " +
		"attributes: [{scim: displayName, ldap: cn}], members: {attribute: member}}\n"
	for text, want := range map[string]compile.GroupsOptions{
		"groups: transitive":                          {Show: "transitive"},
		"groups: {show: direct, attribute: memberOf}": {Show: "direct", Attribute: "memberOf"},
	} {
		c, err := load(t, strings.Replace(good, "access:", "    "+text+"\n"+group+"access:", 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Resources[0].Groups; got != want {
			t.Errorf("%s: %+v", text, got)
		}
	}
	if _, err := load(t, strings.Replace(good, "access:", "    groups: all\n"+group+"access:", 1)); err == nil ||
		!strings.Contains(err.Error(), `scimbridge.yaml:12:13: resources[0].groups.show: "all" is not known`) {
		t.Errorf("%v", err)
	}
}
