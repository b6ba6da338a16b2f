package directory

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

func TestJudge(t *testing.T) {
	add := func(names ...string) *ldif.Change {
		c := &ldif.Change{Kind: ldif.Add, DN: "uid=ada"}
		for _, n := range names {
			c.Entry = append(c.Entry, ldif.Attribute{Name: n, Values: []string{"top-secret-value"}})
		}
		return c
	}
	for name, test := range map[string]struct {
		code       uint16
		diagnostic string
		change     *ldif.Change
		want       reason.Reason
		attribute  string
	}{
		"syntax, named by OpenLDAP": {21, "mail: value #0 invalid per syntax", add("mail", "sn"), reason.Invalid, "mail"},
		"a name not of the request": {21, "title: value #0 invalid per syntax", add("mail", "sn"), reason.Invalid, ""},
		"the only attribute":        {21, "", add("mail"), reason.Invalid, "mail"},
		"named by AD": {
			20,
			"00002083: AtrErr: DSID-03151907, #1:\n" +
				"\t0: 00002083: DSID-03151907, problem 1006 (ATT_OR_VALUE_EXISTS), data 0, Att 20000 (member)",
			add("member", "info"), reason.Occupied, "member",
		},
		"a sAMAccountName in use": {
			68, "00000524: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0", add("cn", "sAMAccountName"),
			reason.Exists, "sAMAccountName",
		},
		"a DN in use": {
			68, "00002071: UpdErr: DSID-0305038D, problem 6005 (ENTRY_EXISTS), data 0", add("cn", "sAMAccountName"),
			reason.Exists, "",
		},
		"a UPN in use, Samba": {
			19, "0000202F: samldb: userPrincipalName 'a' is not unique", add("cn", "userPrincipalName"), reason.Exists,
			"userPrincipalName",
		},
		"a UPN in use, Windows": {
			19, "000021C8: AtrErr: DSID-03200E96, #1", add("cn", "userPrincipalName"), reason.Exists, "userPrincipalName",
		},
		"an SPN in use": {
			19, "000021C7: AtrErr: DSID-03200E96, #1", add("servicePrincipalName"), reason.Exists, "servicePrincipalName",
		},
		"taken, slapd": {
			19, "non-unique attributes found with (|(mail=a@x))", add("uid", "mail", "sn"), reason.Exists, "mail",
		},
		"one of two taken, slapd": {
			19, "non-unique attributes found with (|(uid=a)(mail=a@x))", add("uid", "mail", "sn"), reason.Exists, "",
		},
		"taken, an older slapd": {19, "some attributes not unique", add("uid", "mail"), reason.Exists, ""},
		"taken, 389": {
			19, `Another entry with the same attribute value already exists (attribute: "mail")`, add("uid", "mail"), reason.Exists, "mail",
		},
		"taken, OpenDJ": {
			19,
			"The entry cannot be added: A unique attribute conflict was detected for attribute mail:  " +
				"value a@x already exists in entry uid=a",
			add("cn", "mail"), reason.Exists, "mail",
		},
		"a value that constraint refuses": {19, "modify breaks constraint on l", add("cn", "l"), reason.Invalid, "l"},
		"another constraint":              {19, "0000202F: something", add("cn", "title"), reason.Invalid, ""},
		"a weak password, Windows": {
			53, "0000052D: SvcErr: DSID-031A124C, problem 5003 (WILL_NOT_PERFORM), data 0", add("unicodePwd"),
			reason.Invalid, "unicodePwd",
		},
		"a weak password, Samba": {
			19, "0000052D: Constraint violation - check_password_restrictions: the password is too short",
			add("cn", "unicodePwd"), reason.Invalid, "unicodePwd",
		},
		"refused":                      {50, "no write access", add("mail"), reason.Refused, ""},
		"a missing parent":             {32, "", add("mail"), reason.NoSuchObject, ""},
		"an assertion":                 {122, "", add("mail"), reason.LostRace, ""},
		"a value that is gone":         {16, "modify/delete: mail: no such value", add("mail"), reason.LostRace, ""},
		"a limit":                      {11, "", nil, reason.LimitExceeded, ""},
		"anything else":                {80, "oops", add("mail"), reason.Failed, ""},
		"a code that nobody knows":     {4096, "", nil, reason.Failed, ""},
		"a required attribute missing": {65, "object class 'person' requires attribute 'sn'", add("cn", "objectClass"), reason.Invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := judge(&ldap.Error{ResultCode: test.code, Err: errors.New(test.diagnostic)}, test.change)
			if e.Reason != test.want || e.Attribute != test.attribute || e.Code != test.code {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// TestOccupied: servers differ in what they answer to a second value of an attribute that takes one.
func TestOccupied(t *testing.T) {
	schema, err := ldif.ParseSubschema([]string{
		"( 2.16.840.1.113730.3.1.241 NAME 'displayName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )",
		"( 2.5.4.12 NAME 'title' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		code       uint16
		diagnostic string
		op         ldif.ModOp
		attribute  string
		want       bool
	}{
		"slapd":             {19, "attribute 'displayName' cannot have multiple values", ldif.AddValues, "displayName", true},
		"389":               {65, `single-valued attribute "displayName" has multiple values`, ldif.AddValues, "displayName", true},
		"Windows":           {19, "00002081: AtrErr: problem 1005, Att 2 (displayName)", ldif.AddValues, "displayName", true},
		"one that is taken": {19, "some attributes not unique: displayName", ldif.AddValues, "displayName", false},
		"one of many":       {19, "modify breaks constraint on title", ldif.AddValues, "title", false},
		"nothing is added":  {65, "displayName is demanded", ldif.DeleteValues, "displayName", false},
		"another attribute": {65, "attribute 'l' not allowed", ldif.AddValues, "displayName", false},
		"the syntax":        {21, "displayName: value #0 invalid per syntax", ldif.AddValues, "displayName", false},
	} {
		mod := ldif.Mod{Op: test.op, Name: test.attribute, Values: []string{"x"}}
		change := ldif.Change{Kind: ldif.Modify, DN: "uid=ada", Mods: []ldif.Mod{mod}}
		e := judge(&ldap.Error{ResultCode: test.code, Err: errors.New(test.diagnostic)}, &change)
		if got := e.isOccupied(change, schema); got != test.want {
			t.Errorf("%s: %v (%v)", name, got, e)
		}
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	for _, change := range []*ldif.Change{
		{Kind: ldif.Add, Entry: []ldif.Attribute{{Name: "userPassword", Values: []string{"hunter2"}}}},
		{Kind: ldif.Modify, Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "unicodePwd", Values: []string{"hunter2"}}}},
		{
			Kind: ldif.Modify, Secrets: []string{"description"},
			Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "Description", Values: []string{"Hunter2", "Hunter2*"}}},
		},
	} {
		for _, text := range []string{
			"the password hunter2 is weak", "HUNTER2", `non-unique attributes found with (|(description=hunter2\2a))`,
		} {
			e := judge(&ldap.Error{ResultCode: 19, Err: errors.New(text)}, change)
			for _, err := range []error{e, partlyDone(e, e)} {
				if strings.Contains(strings.ToLower(err.Error()), "hunter2") {
					t.Errorf("%v", err)
				}
			}
		}
	}
	unreadable := Search{Base: "dc=example", Filter: "(uid=ada"}
	c := network{"a": {}}.client(t, "a")
	_, err := c.Search(t.Context(), unreadable)
	for _, err := range []error{err, c.Enumerate(t.Context(), unreadable, func(*ldif.Entry) error { return nil })} {
		if e := wantReason(t, err, reason.Invalid); strings.Contains(e.Error(), "ada") || !c.Available() {
			t.Errorf("%v", e)
		}
	}
}
