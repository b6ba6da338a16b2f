package examples_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// TestLateEnable: an account that was confirmed as blocked stays so, though the directory has an enable before it that nobody waits for any
// more, and does it only then.
func TestLateEnable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, asked string
		renames     bool
		status      int
	}{
		{"memory", enable, false, http.StatusServiceUnavailable},
		{
			"memory, renamed", operations(replace("active", "true"), replace("userName", `"noor@contoso.example"`)), true,
			http.StatusInternalServerError,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, until := dirtest.Memory(t), make(chan struct{})
			l := newLate(t, server, server.URL)
			var renamed atomic.Bool
			server.Mem.Fault(func(op, _ string) memdir.Fault {
				renamed.CompareAndSwap(false, op == "modrdn")
				if op == "modify" && renamed.Load() == test.renames {
					return memdir.Fault{Until: until}
				}
				return memdir.Fault{}
			})
			l.enables(t, test.asked, test.status)
			server.Mem.Fault(nil)
			disabled := l.disables(t)
			<-disabled
			close(until)
			l.staysOut(t)
		})
	}
	t.Run("openldap", func(t *testing.T) {
		t.Parallel()
		server := openLDAP(t)
		d := deploy(t, server)
		id := d.user(t, "anna@contoso.example")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
		e := d.entry(t, id)
		version := server.Entry(t, e.DN, server.VersionAttribute).Value(server.VersionAttribute)
		was, err := ldap.CompileFilter(ldif.Equality(server.VersionAttribute, version))
		if err != nil {
			t.Fatal(err)
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
		late := ldap.NewModifyRequest(e.DN, []ldap.Control{ldap.NewControlString(controlAssertion, true, string(was.Bytes()))})
		late.Replace("userAccountControl", []string{"512"})
		if err := server.Connect(t).Modify(late); !ldap.IsErrorWithCode(err, ldap.LDAPResultAssertionFailed) {
			t.Errorf("%v, want result 122", err)
		}
	})
}

// late are a bridge that waits for a fifth of a second, and another that waits for as long as it takes, with a user whom it has disabled.
type late struct {
	hasty, patient *deployment
	user, password string
}

func newLate(t *testing.T, server *dirtest.Server, hasty string) late {
	t.Helper()
	l := late{
		hasty: deploy(t, server, "SCIMBRIDGE_DIRECTORY_TIMEOUT=200ms", "SCIMBRIDGE_DIRECTORY_URLS="+hasty,
			"SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms"),
		patient:  deploy(t, server, "SCIMBRIDGE_DIRECTORY_TIMEOUT=1m"),
		password: "Qy7!mmKw92xTb",
	}
	l.user = l.patient.login(t, "anna@contoso.example", l.password)
	l.patient.want(t, http.StatusOK, http.MethodPatch, "/Users/"+l.user, disable)
	return l
}

// enables sends what is not answered in time.
func (l late) enables(t *testing.T, asked string, status int) {
	t.Helper()
	if answer, content := l.hasty.do(t, http.MethodPatch, "/Users/"+l.user, asked); answer.StatusCode != status {
		t.Fatalf("the enable did not wait: %d %s", answer.StatusCode, content)
	}
}

// disables disables who seems to be disabled, which is answered with success.
func (l late) disables(t *testing.T) (done <-chan struct{}) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if answer, content := l.patient.do(t, http.MethodPatch, "/Users/"+l.user, disable); answer.StatusCode != http.StatusOK {
			t.Errorf("%d %s", answer.StatusCode, content)
		}
	}()
	return ended
}

// staysOut gives the enable time to be done.
func (l late) staysOut(t *testing.T) {
	t.Helper()
	for range 5 {
		l.patient.letsIn(t, l.user, l.password, false)
		time.Sleep(50 * time.Millisecond)
	}
}

// TestBlockedAgain: who is blocked is as asked though nobody may write him: the guard lets nobody, or the server refuses.
func TestBlockedAgain(t *testing.T) {
	t.Parallel()
	server := dirtest.Memory(t)
	d := deploy(t, server)
	id := d.user(t, "anna@contoso.example")
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
	dn := d.entry(t, id).DN
	again := func(d *deployment, status int) {
		t.Helper()
		d.want(t, status, http.MethodPatch, "/Users/"+id, disable)
	}
	server.Mem.ResetCounts()
	again(deploy(t, server, "SCIMBRIDGE_GUARD_PROTECTED_0="+dn), http.StatusOK)
	if n := server.Mem.Counts()["modify"]; n > 0 {
		t.Errorf("%d changes of a protected entry", n)
	}
	for code, status := range map[uint16]int{
		ldap.LDAPResultInsufficientAccessRights: http.StatusOK,
		ldap.LDAPResultUnwillingToPerform:       http.StatusOK,
		ldap.LDAPResultBusy:                     http.StatusServiceUnavailable, // there may be an enable in its queue
	} {
		server.Mem.Fault(func(op, _ string) memdir.Fault {
			if op == "modify" {
				return memdir.Fault{Code: code}
			}
			return memdir.Fault{}
		})
		again(deploy(t, server), status)
	}
	var sent atomic.Int64 // whether the first was done does not show: it is sent again
	server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op == "modify" && sent.Add(1) == 1 {
			return memdir.Fault{Drop: memdir.DropBefore}
		}
		return memdir.Fault{}
	})
	if again(d, http.StatusOK); sent.Load() != 2 {
		t.Errorf("%d changes were sent", sent.Load())
	}
}
