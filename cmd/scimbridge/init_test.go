package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scimbridge/ldapmap/ldif"
)

// staff are people, and where they stand.
func staff() (all []*ldif.Entry) {
	unit := func(dn string) { all = append(all, entry(dn, "organizationalUnit")) }
	person := func(name, below string) {
		all = append(all, entry("uid="+name+","+below, "inetOrgPerson", ldif.Attribute{Name: "uid", Values: []string{name}},
			ldif.Attribute{Name: "cn", Values: []string{name}}, ldif.Attribute{Name: "sn", Values: []string{name}}))
	}
	unit("ou=groups,dc=example,dc=org")
	all = append(all, entry("dc=two,dc=example,dc=org", "domain"))
	unit("ou=staff,dc=two,dc=example,dc=org")
	unit("ou=guests,dc=two,dc=example,dc=org")
	for i := range 3 {
		person(fmt.Sprintf("u%d@contoso.example", i), "ou=people,dc=example,dc=org")
		person(fmt.Sprintf("s%d@contoso.example", i), "ou=staff,dc=two,dc=example,dc=org")
	}
	person("g@contoso.example", "ou=guests,dc=two,dc=example,dc=org")
	return all
}

// TestInitCommand holds what init prints and writes to testdata/init.txtar.
func TestInitCommand(t *testing.T) {
	ldap := company(t, staff()...)
	folder := t.TempDir()
	wrong := filepath.Join(folder, "wrong")
	if err := os.WriteFile(wrong, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	normal := func(text string) string {
		return strings.NewReplacer(folder+"/", "", ldap.URL(), "ldap://127.0.0.1:389",
			strings.TrimPrefix(ldap.URL(), "ldap://"), "127.0.0.1:389", "\t", "    ").Replace(text)
	}
	golden(t, "testdata/init.txtar", func(section string) string {
		if !strings.HasPrefix(section, "init") {
			text, err := os.ReadFile(filepath.Join(folder, section))
			if err != nil {
				t.Fatal(err)
			}
			return normal(string(text))
		}
		line, typed, isTyped := strings.Cut(section, " (")
		typed, more, _ := strings.Cut(typed, ")")
		arguments := strings.Fields(strings.ReplaceAll(line+more, "URL", ldap.URL()))
		if !slices.Contains(arguments, "--help") && !slices.Contains(arguments, "--output") {
			arguments = append(arguments, "--output", "scimbridge.yaml")
		}
		for i, argument := range arguments {
			if i > 0 && (arguments[i-1] == "--output" || arguments[i-1] == "--bind-password-file") {
				arguments[i] = filepath.Join(folder, argument)
			}
		}
		if isTyped {
			return normal(typedInit(t, strings.ReplaceAll(typed, "URL", "_"), ldap.URL(), arguments))
		}
		code, stdout, stderr := program(t, []string{"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=secret"}, arguments...)
		text := stdout + stderr
		if code != exitOK {
			text += "(it fails)\n"
		}
		return normal(text)
	})
}

// typedInit runs init for who sits at a terminal and types these lines, the password unseen.
func typedInit(t *testing.T, typed, url string, arguments []string) string {
	t.Helper()
	var out bytes.Buffer
	lines := strings.ReplaceAll(strings.ReplaceAll(typed, "/", "\n"), "_", url) + "\n"
	d := &dialog{bufio.NewReader(strings.NewReader(lines)), &out, func() (string, error) { return "secret", nil }}
	command := initCommand{Output: arguments[2], Below: arguments[4]}
	if err := command.run(&world{t.Context(), nil, &out, &out}, d); err != nil {
		fmt.Fprintf(&out, "%v\n(it fails)\n", err)
	}
	return out.String()
}

// TestInitNamesFiles: the configuration names files from its own folder; where the bridge binds as another, no password's.
func TestInitNamesFiles(t *testing.T) {
	folder := t.TempDir()
	i := initCommand{
		URL: "ldaps://ldap.example.org", BindDN: "cn=admin", BindPasswordFile: filepath.Join(folder, "etc", "secret", "bind"),
		TLSCA: filepath.Join(folder, "ca.pem"), Output: filepath.Join(folder, "etc", "bridge.yaml"),
	}
	o, err := i.directory(&world{Context: t.Context()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := i.choices(o)
	if c.Name != "bridge" || c.CA != i.TLSCA || c.PasswordFile != filepath.Join("secret", "bind") || c.Account != "cn=admin" {
		t.Errorf("%+v", c)
	}
	i.Account = "cn=scimbridge"
	if c = i.choices(o); c.PasswordFile != "" || c.Account != "cn=scimbridge" {
		t.Errorf("%+v", c)
	}
	if name := i.besideOutput("access.ldif"); name != filepath.Join(folder, "etc", "bridge.access.ldif") {
		t.Error(name)
	}
}

// TestInitOfHostileNames: what a directory says reaches no terminal as more than a text, in what init saw, asks and refuses.
func TestInitOfHostileNames(t *testing.T) {
	const hostile = "\x1b[2J\u009bK\u202ex"
	var all []*ldif.Entry
	for _, unit := range []string{"ou=a" + hostile + ",dc=example,dc=org", "ou=b" + hostile + ",dc=example,dc=org"} {
		all = append(all, entry(unit, "organizationalUnit"), entry("uid=u@x,"+unit, "inetOrgPerson",
			ldif.Attribute{Name: "uid", Values: []string{"u@x"}}, ldif.Attribute{Name: "cn", Values: []string{"u"}},
			ldif.Attribute{Name: "sn", Values: []string{"u"}}))
	}
	url := company(t, all...).URL()
	arguments := []string{"init", "--output", filepath.Join(t.TempDir(), "c.yaml"), "--below", "dc=example,dc=org"}
	_, refused, told := program(t, []string{"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=secret"},
		append(arguments, "--url", url, "--bind-dn", "cn=admin,dc=example,dc=org")...)
	asked := typedInit(t, "_/cn=admin,dc=example,dc=org/1", url, arguments)
	obeyed := strings.ContainsAny(refused+told+asked, "\x1b\u009b\u202e")
	if obeyed || !strings.Contains(told, `ou=b\u001b`) || strings.Count(asked, `ou=a\u001b`) < 2 {
		t.Errorf("%q\n%q\n%q", refused, told, asked)
	}
	if !strings.Contains(asked, "Written:") {
		t.Errorf("no configuration is made of it: %q", asked)
	}
}
