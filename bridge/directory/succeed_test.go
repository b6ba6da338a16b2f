package directory

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// errWrong is what a server answers to a wrong password.
var errWrong = ldap.NewError(ldap.LDAPResultInvalidCredentials, errors.New("wrong"))

// TestSucceed: what the server refused of the account's password is not offered again by a client that takes another's place, unless it is
// another account's, or for another server.
func TestSucceed(t *testing.T) {
	of := func(dn, url string) *credential {
		t.Helper()
		client := func(o Options) *Client {
			t.Helper()
			c, err := New(o, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			return c
		}
		before := client(Options{URLs: []string{"ldap://127.0.0.1:1"}, Bind: BindOptions{DN: "cn=a", Password: "secret"}})
		_, digest, err := before.pool.dialer.credential.now()
		if err != nil {
			t.Fatal(err)
		}
		before.pool.dialer.credential.refuse(digest, errWrong)
		before.pool.refused = errWrong
		next := client(Options{URLs: []string{url}, Bind: BindOptions{DN: dn, Password: "secret"}, PageSize: 7})
		next.Succeed(before)
		if (next.pool.refused != nil) != (len(next.pool.dialer.credential.refused) > 0) {
			t.Error("half of it is taken over")
		}
		return &next.pool.dialer.credential
	}
	if c := of("cn=a", "ldap://127.0.0.1:1"); c.due() || c.wrong != 1 {
		t.Errorf("the same password is offered again: %+v", c.refused)
	}
	if c := of("cn=b", "ldap://127.0.0.1:1"); !c.due() {
		t.Error("another account's is not offered")
	}
	if c := of("cn=a", "ldap://127.0.0.1:2"); !c.due() {
		t.Error("it is not offered to another server")
	}
}
