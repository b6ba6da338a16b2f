package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// lockingRole are a role whose members 389 Directory Server shows nsAccountLock of, which no modification of the account takes away, as
// its tools lock accounts by (`dsidm role lock`).
const lockingRole = `dn: cn=locked,SUFFIX
objectClass: ldapsubentry
objectClass: nsRoleDefinition
objectClass: nsSimpleRoleDefinition
objectClass: nsManagedRoleDefinition
cn: locked

dn: cn=templates,SUFFIX
objectClass: nsContainer
cn: templates

dn: cn="cn=locked,SUFFIX",cn=templates,SUFFIX
objectClass: extensibleObject
objectClass: costemplate
objectClass: ldapsubentry
cosPriority: 1
nsAccountLock: true

dn: cn=lock,SUFFIX
objectClass: ldapsubentry
objectClass: cosSuperDefinition
objectClass: cosClassicDefinition
cosTemplateDn: cn=templates,SUFFIX
cosAttribute: nsAccountLock operational
cosSpecifier: nsRole
cn: lock
`

// locksByRole gives 389 Directory Server the role, and returns its DN once it locks whom it is given to: the server learns of it in its own
// time, and may have to be told again.
func locksByRole(t *testing.T, server *dirtest.Server) (role string) {
	t.Helper()
	server.Load(t, strings.ReplaceAll(lockingRole, "SUFFIX", server.Suffix))
	role = "cn=locked," + server.Suffix
	probe := "uid=probe," + server.People
	server.Load(t, "dn: "+probe+"\nobjectClass: inetOrgPerson\nuid: probe\ncn: probe\nsn: probe\nnsRoleDN: "+role+"\n")
	for deadline, n := time.Now().Add(time.Minute), 1; server.Entry(t, probe, "nsAccountLock").Value("nsAccountLock") != "true"; n++ {
		if time.Now().After(deadline) {
			t.Fatal("the role does not lock")
		}
		if time.Sleep(20 * time.Millisecond); n%20 == 0 { // what came while it was learning of the rest it may have missed
			modify(t, server, "cn=lock,"+server.Suffix, "description", fmt.Sprint(n))
		}
	}
	if err := server.Connect(t).Del(ldap.NewDelRequest(probe, nil)); err != nil {
		t.Fatal(err)
	}
	return role
}

// TestLockedByRole: an account that 389 Directory Server locks by a role stays locked, and no client is told otherwise.
func TestLockedByRole(t *testing.T) {
	server := dirtest.DS389(t, ds389Schema)
	role := locksByRole(t, server)
	d := deploy(t, server)
	user := d.login(t, "locked@contoso.example", "Secret-123")
	dn := d.entry(t, user).DN
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, disable)
	modify(t, server, dn, "nsRoleDN", role)
	enable := replace("active", "true")
	for _, request := range []string{operations(enable), operations(enable, replace("title", `"x"`))} {
		fault := d.want(t, http.StatusBadGateway, http.MethodPatch, "/Users/"+user, request)
		if detail, _ := fault["detail"].(string); !strings.Contains(detail, "still blocked by nsAccountLock") {
			t.Errorf("the detail is %q", detail)
		}
		d.letsIn(t, user, "Secret-123", false)
	}
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, disable)
	modify(t, server, dn, "nsRoleDN")
	d.letsIn(t, user, "Secret-123", false)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(enable))
	d.letsIn(t, user, "Secret-123", true)
}

// TestBlockThatDoesNotLast: a server that has no post-read is read, and where something there enables who was disabled, once or for good,
// the client hears of it.
func TestBlockThatDoesNotLast(t *testing.T) {
	const postRead = "1.3.6.1.1.13.2"
	server := dirtest.Memory(t, func(o *memdir.Options) { o.Without = []string{postRead} })
	proxy := dirtest.Counted(t, server)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)
	user := d.user(t, "stubborn@contoso.example")
	dn := d.entry(t, user).DN
	times := 0 // that it is enabled again
	last := ""
	proxy.Before(func(operation string) {
		if operation == "search" && last == "modify" && times > 0 {
			times--
			modify(t, server, dn, "userAccountControl", "512")
		}
		last = operation
	})
	times = 1
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, disable)
	if got := d.entry(t, user).Value("userAccountControl"); got != "514" || times > 0 {
		t.Errorf("after another enabled him at the same time: userAccountControl %s", got)
	}
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("active", "true")))
	times = 100
	fault := d.want(t, http.StatusBadGateway, http.MethodPatch, "/Users/"+user, disable)
	if detail, _ := fault["detail"].(string); !strings.Contains(detail, "is not blocked by userAccountControl") {
		t.Errorf("the detail is %q", detail)
	}
	proxy.Before(nil)
}
