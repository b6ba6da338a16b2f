package directory

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
)

// TestWrongPasswords: which refusals a server may count against the account.
func TestWrongPasswords(t *testing.T) {
	const ad = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data %s, v1db1"
	for name, c := range map[string]struct {
		result uint16
		text   string
		want   bool
	}{
		"OpenLDAP":                   {49, "", true},
		"Active Directory":           {49, fmt.Sprintf(ad, "52e"), true},
		"Active Directory: disabled": {49, fmt.Sprintf(ad, "533"), false},
		"Active Directory: locked":   {49, fmt.Sprintf(ad, "775"), false},
		"389 DS: locked":             {19, "Exceed password retry limit. Please try later.", false},
		"no TLS":                     {8, "", false},
	} {
		if got := isWrongPassword(&ldap.Error{ResultCode: c.result, Err: errors.New(c.text)}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// rotating is a client whose password stands in a file, and a server that takes one password.
type rotating struct {
	*Client
	peer  *peer
	file  string
	right atomic.Value
}

func rotate(t *testing.T) *rotating {
	r := &rotating{file: filepath.Join(t.TempDir(), "password")}
	r.right.Store("first")
	r.write(t, "first")
	r.peer = &peer{script: func(s *session, m message) bool {
		if m.op != ldap.ApplicationBindRequest || m.request.Children[2].Data.String() == r.right.Load() {
			return false
		}
		s.result(m, ldap.LDAPResultInvalidCredentials, "")
		return true
	}}
	r.Client = network{"a": r.peer}.clientWith(t, BindOptions{DN: "cn=bridge", PasswordFile: r.file}, "a")
	return r
}

func (r *rotating) write(t *testing.T, password string) {
	t.Helper()
	if err := os.WriteFile(r.file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// restart drops the connections, as a server does that restarts.
func (r *rotating) restart() {
	synctest.Wait()
	r.peer.kill()
	r.peer.revive()
	synctest.Wait()
}

func (r *rotating) serves(t *testing.T, want bool) {
	t.Helper()
	_, err := r.Search(t.Context(), anyone)
	if want && err != nil || !want && reasonOf(err) != reason.Unavailable {
		t.Fatalf("serves %v: %v", !want, err)
	}
}

// offered says how many binds there were.
func (r *rotating) offered(t *testing.T, want int) {
	t.Helper()
	synctest.Wait()
	if n := r.peer.count(ldap.ApplicationBindRequest); n != want {
		t.Fatalf("%d binds, want %d", n, want)
	}
}

// TestPasswordRotation: whichever of the directory and the file has the new password first, no restart is needed, and no password that was
// refused is offered again before its time.
func TestPasswordRotation(t *testing.T) {
	for name, test := range map[string]func(*testing.T, *rotating){
		"the directory first": func(t *testing.T, r *rotating) {
			r.serves(t, true)
			r.right.Store("second")
			r.serves(t, true) // over the connection that there is
			r.restart()
			for range 50 {
				r.serves(t, false)
				time.Sleep(renewalPause / 10)
			}
			r.offered(t, 2)
			r.write(t, "second")
			time.Sleep(renewalPause)
			r.offered(t, 3)
			r.serves(t, true)
		},
		"the file first": func(t *testing.T, r *rotating) {
			r.serves(t, true)
			r.write(t, "second")
			busy := make(chan struct{})
			r.peer.mu.Lock()
			script := r.peer.script
			r.peer.script = func(s *session, m message) bool {
				if m.op == ldap.ApplicationSearchRequest {
					go func() {
						<-busy
						s.result(m, 0, "")
					}()
					return true
				}
				return script(s, m)
			}
			r.peer.mu.Unlock()
			for range 2 * busyAt { // which asks for another connection
				go func() {
					if _, err := r.Search(context.Background(), anyone); err != nil {
						t.Error(err)
					}
				}()
			}
			r.offered(t, 2)
			close(busy)
			synctest.Wait()
			r.right.Store("second")
			time.Sleep(secondChance)
			r.restart()
			r.serves(t, true)
			r.offered(t, 3)
		},
		"a wrong one, then the old one, then the right one": func(t *testing.T, r *rotating) {
			r.right.Store("second")
			r.serves(t, false)
			r.write(t, "wrong")
			time.Sleep(5 * renewalPause)
			r.write(t, "first")
			time.Sleep(5 * renewalPause)
			r.offered(t, 2)
			time.Sleep(lockoutPause)
			r.offered(t, 3)
			r.write(t, "second")
			time.Sleep(renewalPause)
			r.offered(t, 4)
			r.serves(t, true)
		},
		"the directory alone, and a hang-up": func(t *testing.T, r *rotating) {
			r.right.Store("second")
			r.serves(t, false)
			time.Sleep(secondChance)
			r.offered(t, 2)
			r.right.Store("first")
			time.Sleep(5 * renewalPause)
			r.Retry()
			r.offered(t, 3)
			r.serves(t, true)
		},
		"a hang-up while all is well is for no later time": func(t *testing.T, r *rotating) {
			r.serves(t, true)
			r.Retry()
			r.right.Store("second")
			r.restart()
			r.serves(t, false)
			time.Sleep(5 * renewalPause)
			r.offered(t, 2)
		},
		"the file is gone for a while": func(t *testing.T, r *rotating) {
			r.right.Store("second")
			r.serves(t, false)
			if err := os.Remove(r.file); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * renewalPause)
			r.offered(t, 1)
			r.write(t, "second")
			time.Sleep(renewalPause)
			r.offered(t, 2)
			r.serves(t, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rotate(t)
				defer r.Close()
				test(t, r)
			})
		})
	}
}

// TestWrongPasswordLocksNoAccount: on servers that lock an account after three wrong passwords, however many requests come.
func TestWrongPasswordLocksNoAccount(t *testing.T) {
	for _, s := range []struct {
		name  string
		start func(t *testing.T) (s *dirtest.Server, dn string)
	}{
		{"slapd", func(t *testing.T) (*dirtest.Server, string) {
			s := dirtest.OpenLDAP(t, dirtest.Config("overlay ppolicy", "ppolicy_default cn=policy,dc=example,dc=org"))
			s.Load(t, "dn: cn=policy,dc=example,dc=org\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy\n"+
				"pwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 3\n")
			return s, account(t, s)
		}},
		{"389 Directory Server", func(t *testing.T) (*dirtest.Server, string) {
			s := dirtest.DS389(t, dirtest.LockedAfter(3))
			return s, account(t, s)
		}},
		{"Samba", func(t *testing.T) (*dirtest.Server, string) {
			s := dirtest.ActiveDirectory(t)
			dn := "CN=locks," + s.People
			s.Load(t, "dn: "+dn+"\nobjectClass: user\nsAMAccountName: locks\nuserAccountControl: 512\nunicodePwd:: "+
				base64.StdEncoding.EncodeToString([]byte(quoted("Right-123")))+"\n")
			const container = "CN=Password Settings Container,CN=System,DC=ad,DC=test"
			s.Load(t, "dn: CN=locks,"+container+"\nobjectClass: msDS-PasswordSettings\nmsDS-PasswordSettingsPrecedence: 1\n"+
				"msDS-PasswordReversibleEncryptionEnabled: FALSE\nmsDS-PasswordHistoryLength: 0\nmsDS-PasswordComplexityEnabled: FALSE\n"+
				"msDS-MinimumPasswordLength: 0\nmsDS-MinimumPasswordAge: 0\nmsDS-MaximumPasswordAge: -864000000000\n"+
				"msDS-LockoutThreshold: 3\nmsDS-LockoutObservationWindow: -18000000000\nmsDS-LockoutDuration: -18000000000\n"+
				"msDS-PSOAppliesTo: "+dn+"\n")
			return s, dn
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			s, dn := s.start(t)
			file := filepath.Join(t.TempDir(), "password")
			write := func(password string) {
				if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("Wrong-123")
			c := open(t, s, func(o *Options) { o.Bind = BindOptions{DN: dn, PasswordFile: file} })
			for range 100 {
				_, err := c.Server(t.Context())
				if wantReason(t, err, reason.Unavailable); strings.Contains(err.Error(), "-123") {
					t.Fatal(err)
				}
			}
			write("Right-123")
			for _, err := c.Server(t.Context()); err != nil; _, err = c.Server(t.Context()) {
				wantReason(t, err, reason.Unavailable)
				time.Sleep(renewalPause / 20)
			}
			for range 4 { // and it would have been locked
				_ = s.Bind(t, dn, "Wrong-123")
			}
			if s.Bind(t, dn, "Right-123") == nil {
				t.Error("the server locks no account: the test shows nothing")
			}
		})
	}
}

// account is one whose password is right.
func account(t *testing.T, s *dirtest.Server) string {
	dn := "uid=bridge," + s.People
	s.Load(t, "dn: "+dn+"\nobjectClass: inetOrgPerson\nuid: bridge\ncn: bridge\nsn: bridge\nuserPassword: Right-123\n")
	return dn
}
