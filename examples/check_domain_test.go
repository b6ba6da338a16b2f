package examples_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
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
	login := "rights" + strings.ToLower(server.Base[3:9])
	env := domainAccount(t, server, login)
	env[0] = "SCIMBRIDGE_DIRECTORY_BIND_DN=" + login + "@ad.test" // by which an account is known that has no userPrincipalName
	text, variables := configured(t, server, its, "", append(env, "SCIMBRIDGE_RESOURCES_0_DELETE_MODE=delete")...)
	c, err := config.Parse(filepath.Join(its.folder, "scimbridge.yaml"), text, variables)
	if err != nil {
		t.Fatal(err)
	}
	s, client := inspected(t, c)
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
	b := unserved(s, client)
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

// TestBrokenDomain breaks one thing after the other of the domain; what is proposed is run, and mends it.
func TestBrokenDomain(t *testing.T) {
	t.Parallel()
	server := dirtest.ActiveDirectory(t)
	its := basedIn(productOf(server), server)
	photos := lineOf(t, server, "preferredLanguage")
	line := fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_", photos)
	its.env = append(its.env, line+"SCIM=photos.value", line+"LDAP=jpegPhoto", line+"AS=photo")
	const policy = "CN=Default Query Policy,CN=Query-Policies,CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration," + domain
	limit := func(name string, from, to int) string {
		return fmt.Sprintf("dn: %s\nchangetype: modify\ndelete: lDAPAdminLimits\nlDAPAdminLimits: %s=%d\n-\n"+
			"add: lDAPAdminLimits\nlDAPAdminLimits: %[2]s=%[4]d\n", policy, name, from, to)
	}
	for _, c := range []struct {
		name, broken, restored string
		finds, key             string
		repair                 string
	}{
		{
			name: "an index that is missing", finds: "hint index", key: "resources[0].tombstone",
			repair: "dn: CN=Extension-Name,CN=Schema,CN=Configuration," + domain + "\nchangetype: modify\n" +
				"replace: searchFlags\nsearchFlags: 1\n",
			restored: "dn: CN=Extension-Name,CN=Schema,CN=Configuration," + domain + "\nchangetype: modify\n" +
				"replace: searchFlags\nsearchFlags: 0\n",
		},
		{
			name: "small pages", broken: limit("MaxPageSize", 1000, 250), finds: "hint page-size", key: "directory.pageSize",
			repair: "pageSize: 250\n" + limit("MaxPageSize", 250, 500), restored: limit("MaxPageSize", 500, 1000),
		},
		{
			name: "few values at a time", broken: limit("MaxValRange", 1500, 30), finds: "hint value-range", key: "directory.urls",
			repair: limit("MaxValRange", 30, 1500),
		},
		{
			name: "short requests", broken: limit("MaxReceiveBuffer", 10485760, 1000000), finds: "hint request-length",
			key:      fmt.Sprintf("resources[0].attributes[%d].ldap", photos),
			repair:   "max: 934464\n" + limit("MaxReceiveBuffer", 1000000, 3211264),
			restored: limit("MaxReceiveBuffer", 3211264, 10485760),
		},
		{
			name: "little patience", broken: limit("MaxQueryDuration", 120, 2), finds: "warning query-duration", key: "directory.timeout",
			repair: "timeout: 2s\n" + limit("MaxQueryDuration", 2, 5), restored: limit("MaxQueryDuration", 5, 120),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.broken != "" {
				administer(t, server, c.broken)
			}
			is := func(f inspect.Finding) bool {
				return fmt.Sprintf("%s %s", f.Severity, f.Code) == c.finds && f.Key == c.key
			}
			all := checked(t, false, server, its)
			at := slices.IndexFunc(all, is)
			if at < 0 || all[at].Place == "" || !strings.Contains(all[at].Line+"\n"+all[at].LDIF, c.repair) {
				t.Fatalf("want %s at %s, found %+v", c.finds, c.key, all)
			}
			administer(t, server, all[at].LDIF)
			if again := checked(t, false, server, its); slices.ContainsFunc(again, is) {
				t.Errorf("after its repair: %+v", again)
			}
			if c.restored != "" {
				administer(t, server, c.restored)
			}
		})
	}
}

// TestUntoldController: of several servers, a domain controller to which nothing has come from another does not tell how far it has got.
func TestUntoldController(t *testing.T) {
	t.Parallel()
	server := dirtest.ActiveDirectory(t)
	its := basedIn(productOf(server), server)
	named := func() string {
		for _, f := range checked(t, false, server, its) {
			if f.Code == "untold-replica" {
				return f.What + f.Mend
			}
		}
		return ""
	}
	if got := named(); got != "" {
		t.Errorf("of one: %s", got)
	}
	its.env = append(its.env, "SCIMBRIDGE_DIRECTORY_URLS="+server.URL+","+dirtest.Counted(t, server).URL)
	if got := named(); !strings.Contains(got, "replUpToDateVector of "+domain) || !strings.Contains(got, "nothing has come from another") {
		t.Errorf("of two: %s", got)
	}
}

// administer runs LDIF as an administrator does.
func administer(t *testing.T, server *dirtest.Server, text string) {
	t.Helper()
	url := cmp.Or(server.LDAPS, server.URL)
	command := exec.Command("ldapmodify", "-x", "-H", url, "-D", server.BindDN, "-w", server.Password)
	command.Env = append(command.Environ(), "LDAPTLS_REQCERT=never")
	command.Stdin = strings.NewReader(text)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, text)
	}
}
