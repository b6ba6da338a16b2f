package examples_test

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/inspect/layout"
	"scimbridge/ldapmap"
)

// Names of places that take quoting: in DNs, YAML, LDIF, access rules, and commands.
const (
	oddPeople = `ou=Köln\, \"Süd\" by 'Rhein' \#1 \5C x: y`
	oddGroups = `ou=\#Gruppen [a]\, {b} * (c) $HOME %PATH%`
	oddBridge = `cn=bridge\, \"the\" Brücke #1`
)

// oddly is LDIF of a company with its places renamed so.
func oddly(text string) string {
	units := ""
	for _, dn := range []string{oddPeople, oddGroups} {
		units += "dn: " + dn + ",dc=example,dc=org\nobjectClass: organizationalUnit\nou: x\n\n"
	}
	return units + strings.NewReplacer("ou=people,", oddPeople+",", "ou=groups,", oddGroups+",").Replace(text)
}

// TestInitQuotesNames is TestInit where the names of places and of the account take quoting.
func TestInitQuotesNames(t *testing.T) {
	t.Parallel()
	const account = oddBridge + ",dc=example,dc=org"
	entries := oddly(strings.NewReplacer("cn=scimbridge,", oddBridge+",", "cn: scimbridge", "cn: x").Replace(bridgeAccount) + "\n" +
		strings.ReplaceAll(linuxCompany(), "system", "other"))
	t.Run("openldap", func(t *testing.T) {
		t.Parallel()
		f := found(t, slapdOf(t, entries), account, layout.Choices{})
		f.load(t)
		f.silent(t)
		f.lives(t, "mara@contoso.example", "homePhone")
	})
	t.Run("slapd.conf", func(t *testing.T) {
		t.Parallel()
		var lines []string
		for _, file := range found(t, slapdOf(t, entries), account, layout.Choices{}).files {
			if filepath.Ext(file.Name) == ".conf" {
				lines = append(lines, file.Text)
			}
		}
		f := found(t, slapdOf(t, entries, dirtest.Config(lines...)), account, layout.Choices{})
		f.silent(t)
		f.lives(t, "mara@contoso.example", "homePhone")
	})
	t.Run("389ds", func(t *testing.T) {
		t.Parallel()
		server := dirtest.DS389(t)
		server.Load(t, entries)
		f := found(t, server, account, layout.Choices{})
		f.load(t)
		f.silent(t)
		f.lives(t, "mara@contoso.example", "homePhone")
	})
	t.Run("active-directory", func(t *testing.T) {
		t.Parallel()
		server := dirtest.ActiveDirectory(t)
		base := `OU=The O'Brien's\, 50% Größe,` + server.Base
		name := "o" + strings.ToLower(strings.TrimSuffix(server.Base, ","+domain)[len(server.Base)-len(domain)-8:])
		account := "CN=" + name + "," + server.Base
		server.Load(t, "dn: "+base+"\nobjectClass: organizationalUnit\n\n"+
			fmt.Sprintf("dn: %s\nobjectClass: user\nsAMAccountName: %s\nuserAccountControl: 512\nunicodePwd:: %s\n", account, name,
				base64.StdEncoding.EncodeToString([]byte(ldapmap.PasswordValue("unicodePwd", bridgeSecret)))))
		f := found(t, server, account, layout.Choices{UserBase: base, GroupBase: base})
		for _, file := range f.files {
			if want := "chcp 65001 >nul\nrem The rights of "; file.Name == "access.cmd" &&
				(!strings.HasPrefix(file.Text, want) || !strings.Contains(file.Text, `dsacls "OU=The O'Brien's\, 50%% Größe,`)) {
				t.Error(file.Text)
			}
		}
		f.load(t)
		f.silent(t)
		f.lives(t, name+"x@contoso.example", "homePhone")
	})
}
