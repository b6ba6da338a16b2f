package ldif

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	got, err := Parse("version: 1\r\n# a comment\r\n#  that goes on\r\n  and on\r\n" +
		"dn: cn=a,\r\n dc=b\r\ncn: a\r\nCN:: w6k=\r\ndescription:  two words \r\nseeAlso:\r\nversion: 2\r\n\r\n\r\n" +
		"dn:: Y249w6k=\r\nsn:x\r\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []*Entry{
		{DN: "cn=a,dc=b", Attributes: []Attribute{
			{"cn", []string{"a", "é"}}, {"description", []string{"two words "}}, {"seeAlso", []string{""}}, {"version", []string{"2"}},
		}},
		{DN: "cn=é", Attributes: []Attribute{{"sn", []string{"x"}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"cn: a":                        "LDIF line 1: a record begins with dn, not cn",
		"dn: cn=a\nnothing":            `LDIF line 2: "nothing" is not ` + "`attribute: value`",
		"dn: cn=a\n: x":                `LDIF line 2: ": x" is not ` + "`attribute: value`",
		"dn: cn=a\njpegPhoto:< file:x": "LDIF line 2: jpegPhoto: values from URLs are not read",
		"dn: cn=a\nchangetype: delete": "LDIF line 2: a change record, where entries are expected",
		"dn: cn=a\n\ndn: cn=b\ncn:: !": "LDIF line 4: illegal base64 data at input byte 0",
		"dn: cn=a\ndn: cn=b":           "LDIF line 2: a second dn: in one record: an empty line is missing",
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func TestChangeText(t *testing.T) {
	for _, c := range []struct {
		change Change
		want   string
	}{
		{Change{Kind: Add, DN: "cn=é,dc=b", Entry: []Attribute{
			{"cn", []string{"é", " a", "a ", ":", "<", "", "a\nb", "\xff"}}, {"userPassword", []string{"Secret-1"}},
		}}, `# dn: cn=é,dc=b
dn:: Y249w6ksZGM9Yg==
changetype: add
# cn: é
cn:: w6k=
# cn:  a
cn:: IGE=
# cn: a 
cn:: YSA=
# cn: :
cn:: Og==
# cn: <
cn:: PA==
cn: 
cn:: YQpi
cn:: /w==
# userPassword: (not shown)
`},
		{Change{Kind: Modify, DN: "cn=a", If: Condition{ID: "7", Version: "v", AsLeft: true}, Mods: []Mod{
			{Op: DeleteValues, Name: "cn", Values: []string{"a", "b"}},
			{Op: AddValues, Name: "member", Values: []string{"x"}, Settled: true},
			{Op: ReplaceValues, Name: "UserPassword;x-old", Values: []string{"Secret-2"}},
			{Op: DeleteValues, Name: "title"},
		}}, `# if id=7 version=v as an earlier change left it
dn: cn=a
changetype: modify
delete: cn
cn: a
cn: b
-
# settled: success where it is so already
add: member
member: x
-
replace: UserPassword;x-old
# UserPassword;x-old: (not shown)
-
delete: title
-
`},
		{
			Change{Kind: ModifyDN, DN: "cn=a,dc=b", NewRDN: "cn=b", DeleteOldRDN: true, NewSuperior: "dc=c"},
			"dn: cn=a,dc=b\nchangetype: modrdn\nnewrdn: cn=b\ndeleteoldrdn: 1\nnewsuperior: dc=c\n",
		},
		{Change{Kind: ModifyDN, DN: "cn=a,dc=b", NewRDN: "cn=b"}, "dn: cn=a,dc=b\nchangetype: modrdn\nnewrdn: cn=b\ndeleteoldrdn: 0\n"},
		{Change{Kind: Delete, DN: "cn=a"}, "dn: cn=a\nchangetype: delete\n"},
	} {
		if diff := cmp.Diff(c.want, c.change.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	p := Plan{Steps: []Step{{Change: Change{Kind: Delete, DN: "cn=a"}}, {Change: Change{Kind: Delete, DN: "cn=b"}}}}
	if got := p.String(); got != "dn: cn=a\nchangetype: delete\n\ndn: cn=b\nchangetype: delete\n" || p.Empty() || !(Plan{}).Empty() {
		t.Errorf("the plan is printed\n%s", got)
	}
}

// No password is ever printed, whatever stands around it.
func TestSecrets(t *testing.T) {
	for _, name := range []string{
		"userPassword", "USERPASSWORD", "unicodePwd", "userPassword;binary", "2.5.4.35", "sambaNTPassword", "pwdHistory",
	} {
		if !Secret(name) {
			t.Errorf("%s is no secret", name)
		}
		values := []string{"hunter2", "hunter2 ", "{SSHA}hunter2"}
		e := &Entry{DN: "cn=a", Attributes: []Attribute{{name, values}}}
		texts := []string{e.String(), Change{Kind: Add, DN: "cn=a", Entry: e.Attributes}.String()}
		for _, op := range []ModOp{AddValues, DeleteValues, ReplaceValues} {
			texts = append(texts, Change{Kind: Modify, DN: "cn=a", Mods: []Mod{{Op: op, Name: name, Values: values}}}.String())
		}
		for _, text := range texts {
			if strings.Contains(text, "hunter") || strings.Contains(text, "::") {
				t.Errorf("a secret is printed:\n%s", text)
			}
		}
	}
	if Secret("cn") || Secret("userPasswordPolicy") {
		t.Error("everything is a secret")
	}
}

// What is printed is read again as the same, and no text makes the reader fall over.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"dn: cn=a\ncn: a\n",
		"version: 1\ndn:: Y249YQ==\ncn:  x \n y\n\ndn: cn=b\nobjectClass: top\nobjectclass: person\n",
		"dn: a\ncn:< file:x", "#\n # x\n x", "dn:\n\n: :", "\r\n \r\n",
		"dn: a\nuserPassword: x\ncn:: /w==\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := Parse(text)
		if err != nil {
			return
		}
		records := make([]string, len(entries))
		for i, e := range entries {
			e.Attributes = slices.DeleteFunc(e.Attributes, func(a Attribute) bool { return Secret(a.Name) })
			records[i] = e.String()
		}
		again, err := Parse(strings.Join(records, "\n"))
		if err != nil {
			t.Fatalf("%q: %v", records, err)
		}
		if diff := cmp.Diff(entries, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q, printed %q (-first +second):\n%s", text, records, diff)
		}
	})
}
