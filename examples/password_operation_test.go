package examples_test

import (
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// byOperation is the environment of passwords that the directory's operation sets, and of random ones.
func byOperation(t testing.TB, server *dirtest.Server) []string {
	t.Helper()
	at := fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_", lineOf(t, server, "scim: password"))
	return []string{at + "BY=password-modify", at + "INITIAL_LENGTH=24", at + "INITIAL_CLASSES=lower,upper,digit"}
}

// manager is the bridge's own account, to whom policies apply: not so to the administrator.
const manager = "cn=scimbridge,dc=example,dc=org"

// strictServers are directories that demand 12 characters of a password, and keep old ones. Beside TLS the operation goes over a socket
// alone where 389 Directory Server takes it.
var strictServers = []struct {
	name  string
	start func(t testing.TB) (*dirtest.Server, []string)
}{
	{"openldap", func(t testing.TB) (*dirtest.Server, []string) {
		server := openLDAP(t, dirtest.Overlay("ppolicy", "ppolicy_default cn=policy,dc=example,dc=org"),
			dirtest.Config(`access to * by dn.exact="`+manager+`" write by * break`))
		server.Load(t, "dn: "+manager+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: Secret-123\n\n"+
			"dn: cn=policy,dc=example,dc=org\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy\npwdAttribute: userPassword\n"+
			"pwdLockout: TRUE\npwdMaxFailure: 0\npwdCheckQuality: 2\npwdMinLength: 12\npwdInHistory: 3\n")
		return server, []string{"SCIMBRIDGE_DIRECTORY_BIND_DN=" + manager, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Secret-123"}
	}},
	{"389ds", func(t testing.TB) (*dirtest.Server, []string) {
		server := dirtest.DS389(t, ds389Schema, dirtest.LocalAs("cn=Directory Manager"))
		for name, value := range map[string]string{
			"passwordCheckSyntax": "on", "passwordMinLength": "12", "passwordHistory": "on", "passwordInHistory": "3",
		} {
			modify(t, server, "cn=config", name, value)
		}
		server.Load(t, "dn: "+manager+"\nobjectClass: person\ncn: scimbridge\nsn: scimbridge\nuserPassword: Secret-123456\n")
		modify(t, server, "dc=example,dc=org", "aci",
			`(targetattr="*")(version 3.0; acl "bridge"; allow (all) userdn="ldap:///`+manager+`";)`)
		return server, []string{
			"SCIMBRIDGE_DIRECTORY_URLS=" + server.LDAPI,
			"SCIMBRIDGE_DIRECTORY_BIND_DN=" + manager, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Secret-123456",
		}
	}},
}

// passwordsSet are how many passwords the plans since the last call set by the directory's operation; none shows in them.
func (d *deployment) passwordsSet(t *testing.T, passwords ...string) (set int) {
	t.Helper()
	for _, plan := range d.taken() {
		for _, s := range plan.Steps {
			isSecret := func(m ldif.Mod) bool { return ldif.Secret(m.Name) }
			if s.Change.Operation {
				set++
			} else if slices.ContainsFunc(s.Change.Mods, isSecret) {
				t.Errorf("a password goes as an attribute: %s", s.Change)
			}
		}
		for _, p := range passwords {
			if text := plan.String(); strings.Contains(text, p) || !strings.Contains(text, "# by the password modify operation\n") {
				t.Errorf("%s", text)
			}
		}
	}
	return set
}

// TestPasswordByOperation: passwords of new accounts and changed ones are set by the operation, before the account is let in; what the
// directory's policy refuses is told, and nothing of the request stands.
func TestPasswordByOperation(t *testing.T) {
	for _, s := range strictServers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server, env := s.start(t)
			d := deploy(t, server, append(byOperation(t, server), env...)...)
			const name, first, second = "anna@contoso.example", "Qy7!mmKw92xTb", "Vb3!rrJf41uHd"
			d.taken()
			id := d.login(t, name, first)
			if n := d.passwordsSet(t, first); n != 1 {
				t.Errorf("%d passwords", n)
			}
			d.letsIn(t, id, first, true)
			if held := server.Entry(t, d.entry(t, id).DN, "userPassword").Value("userPassword"); !strings.HasPrefix(held, "{") {
				t.Errorf("the password is kept as %q", held)
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(replace("password", `"`+second+`"`), replace("title", `"Clerk"`)))
			if n := d.passwordsSet(t, second); n != 1 {
				t.Errorf("%d passwords", n)
			}
			d.letsIn(t, id, second, true)
			d.letsIn(t, id, first, false)
			for bad, why := range map[string]string{"Tiny1!": "Password", first: "New password is in list of old passwords"} {
				answer, content := d.do(t, http.MethodPatch, "/Users/"+id,
					operations(replace("password", `"`+bad+`"`), replace("title", `"Boss"`)))
				if answer.StatusCode != http.StatusBadRequest || !strings.Contains(content, "invalidValue") ||
					!strings.Contains(content, "password: ") || !strings.Contains(content, why) || strings.Contains(content, bad) {
					t.Errorf("%d %s", answer.StatusCode, content)
				}
				if got := d.entry(t, id).Value("title"); got != "Clerk" {
					t.Errorf("title %q", got)
				}
			}
			d.letsIn(t, id, second, true)
			body := resource("/Users", `"userName":"bo@contoso.example","active":true,"password":"short"`)
			if answer, content := d.do(t, http.MethodPost, "/Users", body); answer.StatusCode != http.StatusBadRequest {
				t.Errorf("%d %s", answer.StatusCode, content)
			}
			if found := d.found(t, "/Users", `userName eq "bo@contoso.example"`); len(found) != 0 {
				t.Errorf("%v is there", found)
			}
			d.taken()
			d.create(t, "/Users", `"userName":"cy@contoso.example","active":true`) // with a random one
			if n := d.passwordsSet(t); n != 1 {
				t.Errorf("%d passwords", n)
			}
			for n := range 12 { // random ones share no part with a name, which 389 Directory Server refuses
				letters := make([]byte, 200)
				for i := range letters {
					letters[i] = "abcdefghijklmnopqrstuvwxyz"[mathrand.IntN(26)]
				}
				d.create(t, "/Users", fmt.Sprintf(`"userName":"%d@contoso.example","name":{"familyName":%q}`, n, letters))
			}

			// Who is blocked, and gets one, stays so; who is let in at once has it.
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
			const third = "Wd8!ttGs63yKv"
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("password", `"`+third+`"`)))
			d.letsIn(t, id, third, false)
			const fourth = "Zf2!kkLp75bNx"
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(replace("active", "true"), replace("password", `"`+fourth+`"`), replace("userName", `"lind@contoso.example"`)))
			d.letsIn(t, id, fourth, true)
			born := d.create(t, "/Users", `"userName":"dot@contoso.example","active":false,"password":"`+first+`"`)
			d.letsIn(t, born, first, false)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+born, enable)
			d.letsIn(t, born, first, true)
		})
	}
}

// TestPasswordOperation: likewise where nothing is demanded of passwords.
func TestPasswordOperation(t *testing.T) {
	for _, s := range []namedServer{servers[0], {"openldap with overlays", overlaid}} {
		t.Run(s.name, func(t *testing.T) {
			server := s.start(t)
			d := deploy(t, server, byOperation(t, server)...)
			const first, second = "Qy7!mmKw92xTb", "Vb3!rrJf41uHd"
			id := d.login(t, "anna@contoso.example", first)
			d.letsIn(t, id, first, true)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("password", `"`+second+`"`)))
			d.letsIn(t, id, second, true)
			d.letsIn(t, id, first, false)
			if n := d.passwordsSet(t, first, second); n != 2 {
				t.Errorf("%d passwords", n)
			}
		})
	}
}

// TestPasswordOperationIsStopped: it may stop at any write. What stands is nobody who gets in; a lost answer is asked again, and where the
// directory refuses that, the client is told that nobody knows.
func TestPasswordOperationIsStopped(t *testing.T) {
	const name, password = "anna@contoso.example", "First-secret-4711"
	for _, drop := range []memdir.Drop{memdir.DropBefore, memdir.DropAfter} {
		for _, refused := range []bool{false, true} {
			t.Run(fmt.Sprint(drop, refused), func(t *testing.T) {
				server := dirtest.Memory(t)
				d := deploy(t, server, append(byOperation(t, server), "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")...)
				var come atomic.Int32
				server.Mem.Fault(func(op, _ string) memdir.Fault {
					switch {
					case op != "extended":
					case come.Add(1) == 1:
						return memdir.Fault{Drop: drop}
					case refused:
						return memdir.Fault{Code: 19, Text: "Password is in history of old passwords"}
					}
					return memdir.Fault{}
				})
				answer, content := d.do(t, http.MethodPost, "/Users",
					resource("/Users", `"userName":"`+name+`","active":true,"password":"`+password+`"`))
				server.Mem.Fault(nil)
				want := http.StatusCreated
				if refused {
					want = http.StatusInternalServerError
				}
				if answer.StatusCode != want || refused && !strings.Contains(content, "it may be set") {
					t.Errorf("%d %s", answer.StatusCode, content)
				}
				id := d.found(t, "/Users", `userName eq "`+name+`"`)[0]["id"].(string)
				d.letsIn(t, id, password, !refused)
			})
		}
	}
	atEachWrite(t, "create", func(t *testing.T, at int32, drop memdir.Drop) (reached bool) {
		server := dirtest.Memory(t)
		d := deploy(t, server, append(byOperation(t, server), "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")...)
		away := atomic.Bool{}
		var come atomic.Int32
		server.Mem.Fault(func(op, _ string) memdir.Fault {
			writes := slices.Contains([]string{"add", "modify", "modrdn", "delete", "extended"}, op)
			switch n := come.Load(); {
			case away.Load():
				return memdir.Fault{Drop: memdir.DropBefore}
			case writes && n == at:
				away.Store(true)
				return memdir.Fault{Drop: drop}
			case writes:
				come.Add(1)
			}
			return memdir.Fault{}
		})
		answer, _ := d.do(t, http.MethodPost, "/Users",
			resource("/Users", `"userName":"`+name+`","active":true,"password":"`+password+`"`))
		server.Mem.Fault(nil)
		reached = answer.StatusCode != http.StatusCreated
		d.await(t, http.StatusOK, "/Users")
		for _, found := range d.found(t, "/Users", `userName eq "`+name+`"`) {
			if err := server.Bind(t, d.entry(t, found["id"].(string)).DN, password); found["active"] != (err == nil) {
				t.Errorf("%v, and a bind %v", found["active"], err)
			}
		}
		return reached
	})
}
