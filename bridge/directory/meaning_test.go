package directory

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// TestMeanings: each code with the result that Windows or Samba sends it with, the reason that it is, and words that its advice has.
func TestMeanings(t *testing.T) {
	seen := map[uint32]bool{}
	for _, c := range []struct {
		ad        uint32
		result    uint16
		want      reason.Reason
		attribute string
		says      string
	}{
		{0, 3, reason.LimitExceeded, "", "indexed"},
		{0, 4, reason.LimitExceeded, "", "raised"},
		{0, 11, reason.LimitExceeded, "", "administrator"},
		{0, 8, reason.Refused, "", "ldaps://"},
		{0, 13, reason.Refused, "", "ldaps://"},
		{0, 16, reason.LostRace, "", ""},
		{0, 17, reason.Invalid, "", "schema lacks"},
		{0, 18, reason.Invalid, "", ""},
		{0, 19, reason.Invalid, "", ""},
		{0, 20, reason.Occupied, "", ""},
		{0, 21, reason.Invalid, "", ""},
		{0, 32, reason.NoSuchObject, "", ""},
		{0, 34, reason.Invalid, "", "`dn`"},
		{0, 50, reason.Refused, "", "access rules"},
		{0, 53, reason.Refused, "", "log says more"},
		{0, 64, reason.Invalid, "", "`objectClasses`"},
		{0, 65, reason.Invalid, "", ""},
		{0, 66, reason.Refused, "", "below it"},
		{0, 67, reason.Invalid, "", "renames"},
		{0, 68, reason.Exists, "", ""},
		{0, 69, reason.Invalid, "", "structural"},
		{0, 71, reason.Invalid, "", "another database"},
		{0, 80, reason.Failed, "", "log says more"},
		{0, 122, reason.LostRace, "", ""},
		{0, 4096, reason.Failed, "", ""},

		{0x0005, 50, reason.Refused, "", "access is denied"},
		{0x001F, 53, reason.Refused, "", "encrypted"},
		{0x0056, 19, reason.Invalid, "unicodePwd", "old password"},
		{0x0524, 68, reason.Exists, "sAMAccountName", "an account"},
		{0x0526, 68, reason.Exists, "sAMAccountName", "a group"},
		{0x052D, 53, reason.Invalid, "unicodePwd", "policy"},
		{0x052D, 19, reason.Invalid, "unicodePwd", "policy"},
		{0x0561, 53, reason.Refused, "", "no such member"},
		{0x0562, 68, reason.Exists, "", "already"},
		{0x0563, 68, reason.Exists, "sAMAccountName", "local group"},
		{0x200A, 16, reason.LostRace, "", "quicker"},
		{0x200B, 21, reason.Invalid, "", "longer"},
		{0x200C, 17, reason.Invalid, "", "schema lacks"},
		{0x200D, 20, reason.Occupied, "", "already"},
		{0x2010, 53, reason.Failed, "", "RID master"},
		{0x2011, 53, reason.Failed, "", "any more"},
		{0x2013, 53, reason.Failed, "", "RID master"},
		{0x2014, 65, reason.Invalid, "", "object class"},
		{0x2015, 66, reason.Refused, "", "below it"},
		{0x2016, 67, reason.Invalid, "", "renames"},
		{0x2028, 8, reason.Refused, "", "ldaps://"},
		{0x202F, 19, reason.Invalid, "", "a rule of the domain"},
		{0x2030, 32, reason.NoSuchObject, "", "no such entry"},
		{0x2035, 53, reason.Refused, "", "for anybody"},
		{0x2071, 68, reason.Exists, "", "of this name or sAMAccountName"},
		{0x2077, 53, reason.Refused, "", "the system's own"},
		{0x207C, 65, reason.Invalid, "", "demands"},
		{0x207D, 65, reason.Invalid, "", "does not allow"},
		{0x2081, 19, reason.Invalid, "", "one value"},
		{0x2082, 19, reason.Invalid, "", "rangeUpper"},
		{0x2083, 20, reason.Occupied, "", "already"},
		{0x2085, 16, reason.LostRace, "", "quicker"},
		{0x2089, 80, reason.NoSuchObject, "", "the place"},
		{0x208C, 66, reason.Refused, "", "below it"},
		{0x208D, 32, reason.NoSuchObject, "", "no such entry"},
		{0x208F, 34, reason.Invalid, "", "`dn`"},
		{0x2098, 50, reason.Refused, "", "AdminSDHolder"},
		{0x21C7, 19, reason.Exists, "servicePrincipalName", "servicePrincipalName"},
		{0x21C8, 19, reason.Exists, "userPrincipalName", "userPrincipalName"},
	} {
		seen[c.ad] = true
		diagnostic := "says Hush-1"
		if c.ad != 0 {
			diagnostic = fmt.Sprintf("%08X: SvcErr: DSID-031A12D2, problem 5003, data 0 Hush-1", c.ad)
		}
		change := &ldif.Change{Kind: ldif.Add, DN: "cn=ada", Entry: []ldif.Attribute{
			{Name: "unicodePwd", Values: []string{"Hush-1"}}, {Name: "title", Values: []string{"Clerk"}},
		}}
		e := judge(&ldap.Error{ResultCode: c.result, Err: errors.New(diagnostic)}, change)
		if e.Reason != c.want || e.Attribute != c.attribute || !strings.Contains(e.Advice, c.says) || (c.says == "") != (e.Advice == "") {
			t.Errorf("%X, %d: %v, %q, %q", c.ad, c.result, e.Reason, e.Attribute, e.Advice)
		}
		if strings.Contains(e.Error(), "Hush-1") || !strings.Contains(e.Error(), e.Advice) {
			t.Errorf("%X, %d: %v", c.ad, c.result, e)
		}
		if e.Reason.Row().Status == 0 {
			t.Errorf("%v has no answer", e.Reason)
		}
	}
	unread := &ldap.Error{ResultCode: ldap.LDAPResultInvalidDNSyntax, Err: errors.New("invalid DN")}
	if e := judge(unread, nil); e.Advice == "" || strings.Contains(e.Advice, "map") { // a base may be it
		t.Errorf("of a search: %q", e.Advice)
	}
	for code := range adCodes {
		if !seen[code] {
			t.Errorf("nothing shows %X", code)
		}
	}
}

// TestBindMeanings: what Active Directory says of the bridge's own bind is told to the operator, without the password.
func TestBindMeanings(t *testing.T) {
	d := &dialer{options: Options{Bind: BindOptions{DN: "bridge@ad.test", Password: "Hush-1"}}, servers: []address{{url: "ldaps://dc1"}}}
	for code, says := range map[string]string{
		"525": "no such account", "52e": "password is wrong", "52f": "Protected Users", "530": "at this time", "531": "this machine",
		"532": "has expired", "533": "disabled", "568": "too many groups", "701": "accountExpires", "773": "must be changed",
		"775": "locked out",
	} {
		text := "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data " + code + ", v1db1"
		refused := &ldap.Error{ResultCode: ldap.LDAPResultInvalidCredentials, Err: errors.New(text)}
		got := d.refusal(&conn{}, "as bridge@ad.test", refused).Error()
		if !strings.Contains(got, says) || !strings.Contains(got, "directory.bind") || !strings.Contains(got, "data "+code) ||
			strings.Contains(got, "Hush-1") {
			t.Errorf("%s: %s", code, got)
		}
	}
	for _, c := range []struct {
		result     uint16
		text, says string
	}{
		{8, "00002028: LdapErr: DSID-0C090257, comment: The server requires binds to turn on integrity checking", "ldaps://"},
		{34, "invalid DN", "the account's name is no DN"},
		{34, "0000208F: NameErr: DSID-03100225, problem 2006 (BAD_NAME), data 8350", "the account's name is no DN"},
		{49, "", "49"},
		{49, "AcceptSecurityContext error, data 999, v1db1", "data 999"},
	} {
		got := d.refusal(&conn{}, "as bridge@ad.test", &ldap.Error{ResultCode: c.result, Err: errors.New(c.text)}).Error()
		if !strings.Contains(got, c.says) || strings.HasSuffix(got, "()") || strings.Contains(got, "map") {
			t.Errorf("%d: %s", c.result, got)
		}
	}
}

// TestDomainMeanings: what a domain controller says for real.
func TestDomainMeanings(t *testing.T) {
	s := dirtest.ActiveDirectory(t)
	c := open(t, s)
	at := func(name string) string { return "CN=" + name + "," + s.People }
	add := func(name string, pairs ...string) ldif.Change {
		e := &ldif.Entry{}
		e.Set("objectClass", "user")
		e.Set("sAMAccountName", name)
		for i := 0; i < len(pairs); i += 2 {
			e.Set(pairs[i], pairs[i+1])
		}
		return ldif.Change{Kind: ldif.Add, DN: at(name), Entry: e.Attributes}
	}
	modify := func(name, attribute, value string) ldif.Change {
		mods := []ldif.Mod{{Op: ldif.ReplaceValues, Name: attribute, Values: []string{value}}}
		return ldif.Change{Kind: ldif.Modify, DN: at(name), Mods: mods}
	}
	move := ldif.Change{Kind: ldif.ModifyDN, DN: at("ada"), NewRDN: "CN=ada", DeleteOldRDN: true, NewSuperior: "OU=no," + s.Base}
	if r := c.Execute(t.Context(), steps(add("ada", "userPrincipalName", "ada@ad.test")), nil); r.Err != nil {
		t.Fatal(r.Err)
	}
	for name, test := range map[string]struct {
		change ldif.Change
		want   reason.Reason
		says   string
	}{
		"a password":          {add("weak", "unicodePwd", quoted("x")), reason.Invalid, "policy"},
		"a name":              {ldif.Change{Kind: ldif.Add, DN: at("ada"), Entry: add("other").Entry}, reason.Exists, ""},
		"an account name":     {add("bob", "sAMAccountName", "ada"), reason.Exists, "sAMAccountName"},
		"a UPN":               {add("carl", "userPrincipalName", "ada@ad.test"), reason.Exists, "userPrincipalName"},
		"a value's length":    {modify("ada", "title", strings.Repeat("x", 200)), reason.Invalid, "longer"},
		"an unknown entry":    {modify("nobody", "title", "x"), reason.NoSuchObject, ""},
		"another's attribute": {modify("ada", "macAddress", "x"), reason.Invalid, "does not allow"},
		"no place":            {move, reason.Failed, "log says more"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.Execute(t.Context(), steps(test.change), nil).Err
			if e, _ := errors.AsType[*Error](err); e == nil || e.Reason != test.want || !strings.Contains(e.Advice, test.says) {
				t.Errorf("%v", err)
			} else {
				t.Log(e)
			}
		})
	}
	wrong := open(t, s, func(o *Options) { o.Bind.Password = "Hush-wrong-1" })
	_, err := wrong.Server(t.Context())
	if err == nil || !strings.Contains(err.Error(), "password is wrong") || strings.Contains(err.Error(), "Hush") {
		t.Errorf("%v", err)
	}
}

// A diagnostic that repeats a password is not told, in whichever form the attribute has it.
func TestNoPasswordInDiagnostic(t *testing.T) {
	quoted := ""
	for _, r := range `"Hunter-2x"` {
		quoted += string(r) + "\x00"
	}
	for name, value := range map[string]string{"unicodePwd": quoted, "userPassword": "Hunter-2x"} {
		change := &ldif.Change{Kind: ldif.Modify, DN: "cn=x", Mods: []ldif.Mod{
			{Op: ldif.ReplaceValues, Name: name, Values: []string{value}},
		}}
		err := judge(&ldap.Error{ResultCode: 19, Err: errors.New("0000052D: 'hunter-2x' is too short")}, change)
		if strings.Contains(strings.ToLower(err.Error()), "hunter") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
