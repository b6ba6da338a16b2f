package examples_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
)

// login makes a user with a password: through SCIM, or where accounts are born with one that nobody knows, as the administrator does.
func (d *deployment) login(t testing.TB, name, password string) string {
	t.Helper()
	if d.server.Birth == nil {
		return d.create(t, "/Users", `"userName":"`+name+`","active":true,"password":"`+password+`"`)
	}
	id := d.user(t, name)
	modify(t, d.server, d.entry(t, id).DN, d.server.Birth.Password, unicode(password))
	return id
}

// unicode is a password as a value of unicodePwd (MS-ADTS §3.1.1.3.1.5.1).
func unicode(password string) string {
	var value []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		value = binary.LittleEndian.AppendUint16(value, unit)
	}
	return string(value)
}

// letsIn fails unless the directory lets the user in, or keeps him out: with result 49, or 53 where the server says of a password that is
// right that the account is locked.
func (d *deployment) letsIn(t testing.TB, id, password string, want bool) {
	t.Helper()
	err := d.server.Bind(t, d.entry(t, id).DN, password)
	switch {
	case want && err != nil:
		t.Errorf("the user cannot bind: %v", err)
	case !want && err == nil:
		t.Error("the user can bind")
	case !want && !ldap.IsErrorAnyOf(err, ldap.LDAPResultInvalidCredentials, ldap.LDAPResultUnwillingToPerform):
		t.Errorf("bind: %v, want result 49 or 53", err)
	}
}

func TestDisabledCannotBind(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d := deploy(t, server)
		id := d.login(t, "bind@contoso.example", "Secret-123")
		d.letsIn(t, id, "Secret-123", true)
		for range 2 {
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
			d.letsIn(t, id, "Secret-123", false)
		}
		for range 2 {
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, enable)
			d.letsIn(t, id, "Secret-123", true)
		}
	})
}

// TestDisableKeepsOtherBits: ACCOUNTDISABLE is set and cleared, never toggled, and what else an administrator has set stays.
func TestDisableKeepsOtherBits(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		if productOf(server).active != "userAccountControl" {
			return // what blocks there has no bits
		}
		d := deploy(t, server)
		id := d.login(t, "bits@contoso.example", "Secret-123")
		dn := d.entry(t, id).DN
		for _, enabled := range []int{
			0x200,            // an account
			0x10200,          // whose password does not expire: 66048
			0x10220,          // and need not be there
			0x100200,         // that is sensitive and cannot be delegated
			0x400000 | 0x200, // that needs no Kerberos pre-authentication
		} {
			modify(t, server, dn, "userAccountControl", fmt.Sprint(enabled))
			for _, step := range []struct {
				body string
				want int
			}{{disable, enabled | 2}, {disable, enabled | 2}, {enable, enabled}, {enable, enabled}} {
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, step.body)
				if got := d.entry(t, id).Value("userAccountControl"); got != fmt.Sprint(step.want) {
					t.Fatalf("userAccountControl %s, want %d", got, step.want)
				}
			}
		}
	})
}

// TestUnusablePassword: Active Directory enables no account without a password, so a new one carries one that nobody knows.
func TestUnusablePassword(t *testing.T) {
	server := dirtest.ActiveDirectory(t)
	d := deploy(t, server)
	seen := map[string]bool{}
	for i := range 2 {
		id := d.user(t, fmt.Sprintf("fresh%d@contoso.example", i))
		e := server.Entry(t, server.ByID(id, ""), "userAccountControl", "pwdLastSet")
		if e.Value("userAccountControl") != "512" || e.Value("pwdLastSet") == "0" {
			t.Errorf("not an enabled account with a password: %v", e)
		}
		plans := d.taken()
		add := plans[len(plans)-1].Steps[0].Change
		password := ""
		for _, a := range add.Entry {
			if a.Name == "unicodePwd" {
				password = a.Values[0]
			}
		}
		if seen[password] || len(password) < 2*(2+30) {
			t.Errorf("a password of %d octets, used before: %t", len(password), seen[password])
		}
		seen[password] = true
		plain := strings.Trim(strings.ReplaceAll(password, "\x00", ""), `"`)
		d.letsIn(t, id, plain, true) // it is the account's password, and the account is enabled
		if text := plans[len(plans)-1].String(); strings.Contains(text, plain) || strings.Contains(text, "unicodePwd:: ") {
			t.Error("the plan's text holds the password")
		}
	}
	t.Run("a blocked one is created blocked", func(t *testing.T) {
		id := d.create(t, "/Users", `"userName":"early@contoso.example","active":false`)
		if got := d.entry(t, id).Value("userAccountControl"); got != "514" {
			t.Errorf("userAccountControl %s", got)
		}
	})
}

// TestAccountNames: what Active Directory demands of the names that SCIM does not know.
func TestAccountNames(t *testing.T) {
	server := dirtest.ActiveDirectory(t)
	d := deploy(t, server)
	long := strings.Repeat("long", 20)
	for i, c := range []struct{ userName, displayName, account, cn string }{
		{"Given.Family@contoso.example", "Given Family", "given.family", "Given Family"},
		{"given.family@fabrikam.example", "Given Family", "given.family2", "Given Family 2"},
		{"given.family@nowhere.example", "given family", "given.family3", "given family 3"},
		{"much.longer.than.twenty@contoso.example", "Much", "much.longer.than.twe", "Much"},
		{"much.longer.than.twenty.too@contoso.example", "Much", "much.longer.than.tw2", "Much 2"},
		{"so.long.that.a.point.stands@contoso.example", "Point", "so.long.that.a.point", "Point"},
		{"nineteen.characters.@contoso.example", "Nineteen", "nineteen.characters", "Nineteen"},
		{`o*b[r]i+e=n@contoso.example`, "O'Brien, Miles", "o_b_r_i_e_n", "O'Brien, Miles"},
		{"jürgen@contoso.example", "Jürgen Groß", "jürgen", "Jürgen Groß"},
		{"cut@contoso.example", long, "cut", long[:64]},
		{"cut.too@contoso.example", long + "!", "cut.too", long[:62] + " 2"},
		{"plain", "", "plain", "plain"},
	} {
		body := `"userName":"` + c.userName + `"`
		if c.displayName != "" {
			body += `,"displayName":"` + c.displayName + `"`
		}
		id := d.create(t, "/Users", body)
		e := d.entry(t, id)
		if e.Value("sAMAccountName") != c.account || e.Value("cn") != c.cn ||
			e.Value("userPrincipalName") != c.userName || e.Value("displayName") != c.displayName {
			t.Errorf("%d: %v", i, e)
		}
	}
	t.Run("renamed to a name that is taken", func(t *testing.T) {
		id := d.create(t, "/Users", `"userName":"later@contoso.example","displayName":"Later"`)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("displayName", `"Given Family"`)))
		e := d.entry(t, id)
		if e.Value("cn") != "Given Family 4" || e.Value("sAMAccountName") != "later" || e.Value("displayName") != "Given Family" {
			t.Errorf("got %v", e)
		}
	})
	t.Run("a group", func(t *testing.T) {
		for _, c := range []struct{ displayName, account string }{
			{"Sales, EMEA", "Sales_ EMEA"},
			{"Sales: EMEA", "Sales_ EMEA2"},
			{"given.family", "given.family4"},
			{"A department whose name is longer than twenty", "A department whose name is longer than twenty"},
		} {
			if got := d.entry(t, d.group(t, c.displayName)).Value("sAMAccountName"); got != c.account {
				t.Errorf("%s: sAMAccountName %q, want %q", c.displayName, got, c.account)
			}
		}
	})
}
