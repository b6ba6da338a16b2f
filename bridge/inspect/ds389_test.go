package inspect_test

import (
	"fmt"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples"
)

// TestBrokenDS389 is TestBrokenOpenLDAP with a 389 Directory Server.
func TestBrokenDS389(t *testing.T) {
	t.Parallel()
	need(t)
	server := dirtest.DS389(t, dirtest.DS389Schema(strings.Replace(examples.OpenLDAPSchema, "userAccountControl $ ", "", 1)))
	server.Load(t, password(account))
	d := deployment{t, server, sound, []string{
		"SCIMBRIDGE_DIRECTORY_URLS=" + server.URL, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + accountPassword,
		"SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=nsAccountLock",
	}, nil, false}
	grant := func(dn, what string) string {
		return fmt.Sprintf("dn: %s\nchangetype: modify\nadd: aci\n"+
			"aci: (targetattr=\"*\")(version 3.0; acl \"%[2]s\"; allow (%[2]s) userdn=\"ldap:///%[3]s\";)\n\n", dn, what, account)
	}
	manager := "SCIMBRIDGE_DIRECTORY_BIND_DN=cn=Directory" + space + "Manager SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + server.Password
	d.breaks([]fault{
		{
			name: "no right to make users", finds: "error may-not-create", key: "resources[0].base[0]", repair: "no inetOrgPerson below",
			broken: grant("dc=example,dc=org", "read, search, compare") + grant("ou=groups,dc=example,dc=org", "all") +
				grant("ou=people,dc=example,dc=org", "write"), mends: true,
		},
		{
			name: "no right to write users", finds: "error may-not-write", key: "resources[0].base[0]", repair: "targetattr", mends: true,
			broken: "dn: ou=people,dc=example,dc=org\nchangetype: modify\ndelete: aci\n\n" +
				grant("ou=people,dc=example,dc=org", "add") + many(1),
		},
		{name: "as it should be", env: manager},
		{
			name: "an account that no rule holds for", env: manager, finds: "hint administrator", key: "directory.bind",
			repair: "scimbridge init",
		},
		{
			name: "no TLS", env: "SCIMBRIDGE_DIRECTORY_TLS_STARTTLS=true", finds: "error no-starttls", key: "directory.urls[0]",
			repair: "urls: [ldaps://127.0.0.1]",
		},
		{
			name: "an index that is missing", env: manager, finds: "hint index", key: "resources[0].tombstone",
			repair: "cn: scimUserName", mends: true,
		},
		{
			name: "nothing tells when something was written", env: manager, finds: "hint no-mark", key: "directory.urls",
			repair: "dn: cn=USN,cn=plugins,cn=config",
		},
		{
			name: "a server that takes short requests", finds: "hint request-length", key: "resources[0].attributes[8].ldap", mends: true,
			env: manager + " " + photos, repair: "takes requests of 2097152 octets, by nsslapd-maxbersize",
		},
		{
			name: "a limit of entries", finds: "error size-limit", key: "resources[0].base[0]", repair: "nsPagedSizeLimit: -1", mends: true,
			broken: strings.Replace(many(200), "uid=u0,", "uid=first,", 1) +
				"dn: cn=config\nchangetype: modify\nreplace: nsslapd-sizelimit\nnsslapd-sizelimit: 100\n",
		},
		{
			name: "the bridge's account is locked", finds: "error bind", key: "directory.urls[0]", repair: "inactivated",
			broken: "dn: " + account + "\nchangetype: modify\nreplace: nsAccountLock\nnsAccountLock: true\n",
		},
	})
}

// space stands for one in a variable of a fault's environment.
const space = "\u00a0"
