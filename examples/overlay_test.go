package examples_test

import (
	"net/http"
	"slices"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// overlaid is a slapd with every overlay that writes or looks at entries besides the one that a request is about, and an account for the
// bridge that is not the rootdn.
func overlaid(t testing.TB) *dirtest.Server {
	const account = "cn=scimbridge,dc=example,dc=org"
	const writes = ` by dn.exact="` + account + `" write by * break`
	rights := []string{
		`access to dn.base="dc=example,dc=org" attrs=children` + writes, // for the counter
		`access to dn.base="cn=uidNext,dc=example,dc=org"` + writes,
		`limits dn.exact="` + account + `" size=unlimited size.prtotal=unlimited time=unlimited`,
	}
	for _, place := range []string{"people", "staff", "leavers", "groups", "system"} {
		rights = append(rights, `access to dn.subtree="ou=`+place+`,dc=example,dc=org"`+writes)
	}
	server := dirtest.OpenLDAP(t,
		dirtest.Schema(uidSchema), dirtest.SchemaFile("/etc/ldap/schema/dyngroup.schema"),
		dirtest.AccessLog(),
		dirtest.Overlay("ppolicy", "ppolicy_hash_cleartext"),
		dirtest.Overlay("dynlist", "dynlist-attrset groupOfURLs memberURL"),
		dirtest.Overlay("unique",
			"unique_uri ldap:///ou=people,dc=example,dc=org?uid?sub", "unique_uri ldap:///ou=groups,dc=example,dc=org?cn?sub"),
		dirtest.Overlay("constraint", "constraint_attribute l uri ldap:///"+account+"?description?base"),
		dirtest.Overlay("memberof"),
		dirtest.Config(rights...))
	server.Load(t, "dn: "+account+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: bridge-secret\n"+
		"description: Dundee\ndescription: Leith\ndescription: Perth\n")
	server.Account, server.AccountPassword = account, "bridge-secret"
	return server
}

// memberOfHolds fails the test where an entry's memberOf is not what the groups say.
func memberOfHolds(t *testing.T, server *dirtest.Server) {
	t.Helper()
	groups := map[string][]string{} // by member
	entries := server.Entries(t, server.Suffix)
	for _, e := range entries {
		for _, m := range e.Values("member") {
			groups[ldif.NormalDN(m)] = append(groups[ldif.NormalDN(m)], ldif.NormalDN(e.DN))
		}
	}
	for _, e := range entries {
		var shown []string
		for _, g := range server.Entry(t, e.DN, "memberOf").Values("memberOf") {
			shown = append(shown, ldif.NormalDN(g))
		}
		want := groups[ldif.NormalDN(e.DN)]
		slices.Sort(shown)
		slices.Sort(want)
		if !slices.Equal(shown, want) {
			t.Errorf("%s has memberOf %q and is in %q", e.DN, shown, want)
		}
	}
}

// TestOverlays: slapd's overlays do their work in operations that inherit the controls of the request: what the bridge asserts must neither
// keep memberof from writing memberOf nor unique and constraint from looking.
func TestOverlays(t *testing.T) {
	server := overlaid(t)
	d := deploy(t, server)
	boss, mara, noor := d.user(t, "boss@contoso.example"), d.user(t, "mara@contoso.example"), d.user(t, "noor@contoso.example")
	group := d.group(t, "Night Shift", mara)
	locality := func(value string) string { return operations(replace(`addresses[type eq "work"].locality`, value)) }
	userName := func(value string, more ...string) string {
		return operations(append(more, replace("userName", value))...)
	}
	tombstone := `"283405f5aa11bb22cc33dd44ee55ff66noor.haan@contoso.example"`
	version := func() string {
		return "If-Match: " + d.want(t, http.StatusOK, http.MethodGet, "/Groups/"+group, "")["meta"].(object)["version"].(string)
	}
	for _, c := range []struct {
		name, method, path, body string
		match                    bool
		status                   int
	}{
		{"add", "PATCH", "/Groups/" + group, addMembers(noor), false, http.StatusNoContent},
		{"remove", "PATCH", "/Groups/" + group, removeMembers(noor), false, http.StatusNoContent},
		{"add to a version", "PATCH", "/Groups/" + group, addMembers(noor, group), true, http.StatusNoContent},
		{"itself to a version", "PATCH", "/Groups/" + group, removeMembers(group), true, http.StatusNoContent},
		{
			"replace", "PUT", "/Groups/" + group, resource("/Groups", `"displayName":"Night Shift","members":`+values(boss, noor)), true,
			http.StatusOK,
		},
		{"rename the group", "PATCH", "/Groups/" + group, operations(replace("displayName", `"Late Shift"`)), false, http.StatusNoContent},
		{"rename a member", "PATCH", "/Users/" + noor, userName(`"noor.haan@contoso.example"`), false, http.StatusOK},
		{"a manager", "PATCH", "/Users/" + mara, operations(replace(managerPath, `"`+noor+`"`)), false, http.StatusOK},
		{"a password", "PATCH", "/Users/" + mara, operations(replace("password", `"Secret-123"`)), false, http.StatusOK},
		{"what constraint finds elsewhere", "PATCH", "/Users/" + mara, locality(`"Leith"`), false, http.StatusOK},
		{"what constraint finds nowhere", "PATCH", "/Users/" + mara, locality(`"Nowhere"`), false, http.StatusBadRequest},
		{"soft delete", "PATCH", "/Users/" + noor, userName(tombstone, replace("active", `"False"`)), false, http.StatusOK},
		{"displacement", "POST", "/Users", resource("/Users", `"userName":"noor.haan@contoso.example"`), false, http.StatusCreated},
		{"delete a member", "DELETE", "/Users/" + noor, "", false, http.StatusNoContent},
		{"delete the group", "DELETE", "/Groups/" + group, "", false, http.StatusNoContent},
	} {
		t.Run(c.name, func(t *testing.T) {
			var header []string
			if c.match {
				header = append(header, version())
			}
			if answer, content := d.do(t, c.method, c.path, c.body, header...); answer.StatusCode != c.status {
				t.Errorf("%d, want %d: %s", answer.StatusCode, c.status, content)
			}
			memberOfHolds(t, server)
		})
	}
}

// TestExchangesBesideOverlays runs every exchange on such a server.
func TestExchangesBesideOverlays(t *testing.T) {
	t.Parallel()
	for _, file := range exchangeFiles(t) {
		t.Run(exchangeName(file), func(t *testing.T) {
			t.Parallel()
			x := readExchange(t, file, "openldap")
			if !x.runsOn("openldap") {
				return
			}
			server := overlaid(t)
			x.run(t, server)
			memberOfHolds(t, server)
		})
	}
}
