package inspect_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/inspect"
	"scimbridge/examples"
)

// broad is the sound map with most of what writes elsewhere than into the entry that a request is about.
var broad = func() string {
	const number = "{from: 20000, to: 29999, counter: 'cn=numbers,dc=example,dc=org', attribute: serialNumber, objectClasses: [device]}"
	text := strings.Replace(withPassword, "    active:", `      - {ldap: employeeNumber, on: create, allocate: `+number+`}
      - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: manager, reference: User}
    delete: {mode: move, to: 'ou=leavers,dc=example,dc=org'}
    active:`, 1)
	return text + "references: {bases: ['ou=apps,dc=example,dc=org']}\n"
}()

// places are what the broad map names besides.
const places = "dn: ou=leavers,dc=example,dc=org\nobjectClass: organizationalUnit\nou: leavers\n\n" +
	"dn: ou=apps,dc=example,dc=org\nobjectClass: organizationalUnit\nou: apps\n"

// TestLeastRights: with the rights that check proposes, and no other, all can be done, and nothing besides.
func TestLeastRights(t *testing.T) {
	t.Parallel()
	need(t)
	for _, c := range []struct {
		name  string
		start func(t *testing.T) *dirtest.Server
		env   string
	}{
		{"OpenLDAP", func(t *testing.T) *dirtest.Server {
			return dirtest.OpenLDAP(t, dirtest.Schema(examples.OpenLDAPSchema), dirtest.WithoutRefint(),
				dirtest.Global("database config", `rootdn "cn=admin,dc=example,dc=org"`,
					`access to * by dn.exact="`+account+`" read by * none`),
				dirtest.Config("access to * by anonymous auth by * none"))
		}, "userAccountControl"},
		{"389 Directory Server", func(t *testing.T) *dirtest.Server {
			return dirtest.DS389(t, dirtest.DS389Schema(strings.Replace(examples.OpenLDAPSchema, "userAccountControl $ ", "", 1)))
		}, "nsAccountLock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := c.start(t)
			server.Load(t, password(account)+"\n"+places)
			text := broad
			if server.LDAPS == "" { // and the operation wants TLS
				text = strings.Replace(text, ", by: password-modify", "", 1)
			}
			d := deployment{t, server, text, []string{
				"SCIMBRIDGE_DIRECTORY_URLS=" + server.URL, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + accountPassword,
				"SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=" + c.env,
			}, nil, false}
			d.leastRights(t)
		})
	}
}

func (d deployment) leastRights(t *testing.T) {
	s, client, b := d.by(t, d.env)
	defer client.Close()
	v := inspect.Look(t.Context(), s, client)
	rights := inspect.RightsOf(s, v)
	d.apply(t, rights.LDIF)
	live(t, b)

	conn, err := ldap.DialURL(d.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Bind(account, accountPassword); err != nil {
		t.Fatal(err)
	}
	d.server.Load(t, "dn: uid=sam,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: sam\ncn: sam\nsn: sam\n"+
		"userPassword: hidden\nemployeeType: staff\n")
	refuses := func(what string, err error) {
		if !ldap.IsErrorWithCode(err, ldap.LDAPResultInsufficientAccessRights) {
			t.Errorf("%s: %v", what, err)
		}
	}
	other := ldap.NewModifyRequest("uid=sam,ou=people,dc=example,dc=org", nil)
	other.Replace("employeeType", []string{"boss"})
	refuses("another attribute", conn.Modify(other))
	unit := ldap.NewAddRequest("ou=more,ou=people,dc=example,dc=org", nil)
	unit.Attribute("objectClass", []string{"organizationalUnit"})
	refuses("another class", conn.Add(unit))
	refuses("the base", conn.Del(ldap.NewDelRequest("ou=people,dc=example,dc=org", nil)))
	itself := ldap.NewModifyRequest(account, nil)
	itself.Replace("userPassword", []string{"mine"})
	refuses("the account itself", conn.Modify(itself))
	for _, e := range d.searchAs(t, conn) {
		if len(e.GetAttributeValues("userPassword"))+len(e.GetAttributeValues("employeeType")) > 0 {
			t.Errorf("it reads %v", e)
		}
	}
}

func (d deployment) searchAs(t *testing.T, conn *ldap.Conn) []*ldap.Entry {
	t.Helper()
	found, err := conn.Search(ldap.NewSearchRequest("ou=people,dc=example,dc=org", ldap.ScopeSingleLevel, 0, 0, 0, false, "(objectClass=*)",
		nil, nil))
	if err != nil || len(found.Entries) == 0 {
		t.Errorf("it sees %v: %v", found, err)
		return nil
	}
	return found.Entries
}

// live is a life of users and a group.
func live(t *testing.T, b bridge.Local) {
	t.Helper()
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
	const manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
	user := func(name string) map[string]any {
		return map[string]any{"userName": name, "externalId": "x-" + name, "displayName": name, "password": "Open-sesame-1", "active": true}
	}
	mara, ines := create("User", user("mara")), create("User", user("ines"))
	group := create("Group", map[string]any{
		"displayName": "Night Shift", "externalId": "g1", "members": []any{map[string]any{"value": mara}, map[string]any{"value": ines}},
	})
	patch("User", ines, fmt.Sprintf(`{"op": "add", "path": %q, "value": %q}`, manager+".value", mara))
	patch("User", mara, `{"op": "replace", "path": "userName", "value": "mara.lind"}`)
	patch("User", mara, `{"op": "replace", "path": "password", "value": "Open-sesame-2"}`)
	patch("User", mara, `{"op": "replace", "path": "active", "value": false}`)
	patch("User", mara, `{"op": "replace", "path": "active", "value": true}`)
	patch("User", mara, `{"op": "replace", "path": "userName", "value": "0123456789abcdef0123456789abcdefmara.lind"}`)
	patch("User", mara, `{"op": "replace", "path": "userName", "value": "mara.lind"}`)
	patch("Group", group, fmt.Sprintf(`{"op": "remove", "path": "members[value eq \"%s\"]"}`, ines))
	patch("Group", group, `{"op": "replace", "path": "displayName", "value": "Day Shift"}`)
	for _, gone := range [][2]string{{"User", mara}, {"Group", group}, {"User", ines}} {
		if err := b.Delete(t.Context(), gone[0], gone[1]); err != nil {
			t.Errorf("delete %s: %v", gone[0], err)
		}
	}
	if again := create("User", user("mara.lind")); again == "" {
		t.Error("nobody is revived")
	}
}
