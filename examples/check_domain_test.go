package examples_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/inspect"
	"scimbridge/config"
	"scimbridge/ldapmap"
)

// domainAccount makes an ordinary account of the domain for the bridge, and gives what says so to its configuration.
func domainAccount(t *testing.T, server *dirtest.Server, name string) (env []string) {
	t.Helper()
	const secret = "Bridge-secret-1"
	password := base64.StdEncoding.EncodeToString([]byte(ldapmap.PasswordValue("unicodePwd", secret)))
	server.Load(t, fmt.Sprintf("dn: CN=%s,%s\nobjectClass: user\nsAMAccountName: %[1]s\nuserAccountControl: 512\nunicodePwd:: %[3]s\n",
		name, server.Base, password))
	server.Account, server.AccountPassword = "CN="+name+","+server.Base, secret
	return []string{
		"SCIMBRIDGE_DIRECTORY_BIND_DN=" + server.Account, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + secret,
	}
}

// onSamba are the lines of a finding's command that are Samba's.
func onSamba(command string) string {
	_, lines, _ := strings.Cut(command, "# on Samba, at the domain controller\n")
	return lines
}

// TestRightsInADomain: with the rights that check proposes, and no other, all can be done, and nothing besides; and it has nothing more to
// propose.
func TestRightsInADomain(t *testing.T) {
	t.Parallel()
	server := dirtest.ActiveDirectory(t)
	its := basedIn(productOf(server), server)
	env := domainAccount(t, server, "rights"+strings.ToLower(server.Base[3:9]))
	text, variables := configured(t, server, its, "", append(env, "SCIMBRIDGE_RESOURCES_0_DELETE_MODE=delete")...)
	c, err := config.Parse(filepath.Join(its.folder, "scimbridge.yaml"), text, variables)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Map()
	if err != nil {
		t.Fatal(err)
	}
	client, err := directory.New(c.Directory, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s := inspect.Subject{Map: compiled, Directory: c.Directory, Guard: c.Guard, Place: c.Place}
	rights := inspect.RightsOf(s, inspect.Look(t.Context(), s, client))
	if !strings.Contains(rights.Command, `dsacls "`+server.People+`" /I:S /G "AD\rights`) {
		t.Errorf("%s", rights.Command)
	}
	server.AtController(t, onSamba(rights.Command))
	for _, f := range inspect.Live(s, inspect.Look(t.Context(), s, client)) {
		if f.Severity != inspect.Hint {
			t.Errorf("%+v", f)
		}
	}
	b := bridge.Local{Bridge: bridge.New(bridge.Options{
		Map: compiled, Directory: client, Guard: guard.New(c.Guard, client.Self, client), Log: slog.New(slog.DiscardHandler),
	})}
	create := func(typ string, values map[string]any) string {
		body, _ := json.Marshal(values)
		id, err := b.Create(t.Context(), typ, body)
		if err != nil {
			t.Errorf("create %s: %v", values, err)
		}
		return id
	}
	patch := func(typ, id, operations string) {
		body := fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [%s]}`, operations)
		if err := b.Patch(t.Context(), typ, id, []byte(body)); err != nil {
			t.Errorf("%s: %v", operations, err)
		}
	}
	name := "r" + strings.ToLower(server.Base[3:9])
	mara := create("User", map[string]any{
		"userName": name + "@contoso.example", "displayName": "Mara " + name, "externalId": "x" + name, "title": "Nurse", "active": true,
		"name": map[string]any{"familyName": "Lind", "givenName": "Mara"},
	})
	group := create("Group", map[string]any{"displayName": "Shift " + name, "members": []any{map[string]any{"value": mara}}})
	patch("User", mara, `{"op": "replace", "path": "displayName", "value": "Mara Lind `+name+`"}`)
	patch("User", mara, `{"op": "replace", "path": "active", "value": false}`)
	patch("User", mara, `{"op": "replace", "path": "active", "value": true}`)
	patch("Group", group, fmt.Sprintf(`{"op": "remove", "path": "members[value eq \"%s\"]"}`, mara))
	patch("Group", group, `{"op": "replace", "path": "displayName", "value": "Day `+name+`"}`)

	secret := base64.StdEncoding.EncodeToString([]byte(ldapmap.PasswordValue("unicodePwd", "Other-secret-1")))
	server.Load(t, "dn: CN=other"+name+","+server.People+"\nobjectClass: user\nsAMAccountName: o"+name+"\nunicodePwd:: "+secret+"\n")
	conn, err := ldap.DialURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Bind(server.Account, server.AccountPassword); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, err error) {
		if !ldap.IsErrorWithCode(err, ldap.LDAPResultInsufficientAccessRights) {
			t.Errorf("%s: %v", what, err)
		}
	}
	other := ldap.NewModifyRequest("CN=other"+name+","+server.People, nil)
	other.Replace("homeDirectory", []string{`\\evil\share`})
	refused("another attribute", conn.Modify(other))
	reset := ldap.NewModifyRequest("CN=other"+name+","+server.People, nil)
	reset.Replace("unicodePwd", []string{ldapmap.PasswordValue("unicodePwd", "Evil-secret-1")})
	refused("a password, which the map does not set", conn.Modify(reset))
	unit := ldap.NewAddRequest("OU=more,"+server.People, nil)
	unit.Attribute("objectClass", []string{"organizationalUnit"})
	refused("another class", conn.Add(unit))
	for typ, id := range map[string]string{"User": mara, "Group": group} {
		if err := b.Delete(t.Context(), typ, id); err != nil {
			t.Errorf("delete %s: %v", typ, err)
		}
	}
}
