package memdir_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func read(t testing.TB, c *ldap.Conn, dn string, names ...string) *ldap.Entry {
	t.Helper()
	found, err := c.Search(searchRequest(dn, ldap.ScopeBaseObject, "(objectClass=*)", names...))
	if err != nil {
		t.Fatal(err)
	}
	return found.Entries[0]
}

func TestRootDSE(t *testing.T) {
	c := dial(t, start(t, memdir.Options{}).URL())
	root := read(t, c, "", "*", "+")
	for name, want := range map[string]string{
		"objectClass": "OpenLDAProotDSE", "structuralObjectClass": "OpenLDAProotDSE", "namingContexts": "dc=example,dc=org",
		"supportedControl": assertion, "supportedExtension": "1.3.6.1.4.1.4203.1.11.3", "supportedFeatures": "1.3.6.1.4.1.4203.1.5.3",
		"supportedLDAPVersion": "3", "vendorName": "memdir", "subschemaSubentry": "cn=Subschema",
	} {
		if !slices.Contains(root.GetAttributeValues(name), want) {
			t.Errorf("%s is %q, without %q", name, root.GetAttributeValues(name), want)
		}
	}
	if slices.Contains(root.GetAttributeValues("supportedControl"), permissive) {
		t.Error("the permissive modify control is announced")
	}
	if got := read(t, c, "").Attributes; len(got) != 1 || got[0].Name != "objectClass" {
		t.Errorf("user attributes of the root DSE: %v", got)
	}
	entry := read(t, c, "cn=subschema", "attributeTypes", "objectClasses")
	s, err := ldif.ParseSubschema(entry.GetAttributeValues("attributeTypes"), entry.GetAttributeValues("objectClasses"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Canonical("surname"); got != "sn" {
		t.Errorf("surname is %s", got)
	}
	for name, want := range map[string]ldif.AttributeType{
		"scimExternalId":     {Equality: "caseExactMatch", SingleValue: true},
		"scimUserName":       {Equality: "caseIgnoreMatch", SingleValue: true},
		"userAccountControl": {SingleValue: true},
		"manager":            {Equality: "distinguishedNameMatch"},
		"displayName":        {Equality: "caseIgnoreMatch", SingleValue: true},
		"employeeNumber":     {Equality: "caseIgnoreMatch", SingleValue: true},
		"preferredLanguage":  {Equality: "caseIgnoreMatch", SingleValue: true},
		"mail":               {Equality: "caseIgnoreIA5Match"},
	} {
		a := s.Attribute(name)
		if a == nil || a.Equality != want.Equality || a.SingleValue != want.SingleValue {
			t.Errorf("%s is %+v", name, a)
		}
	}
	if a := s.Attribute("facsimileTelephoneNumber"); a == nil || a.Equality != "" {
		t.Errorf("facsimileTelephoneNumber is %+v", a)
	}
	if a := s.Attribute("pwdAccountLockedTime"); a == nil || !a.Operational || a.NoUserMod {
		t.Errorf("pwdAccountLockedTime is %+v", a)
	}
	if got := s.May("scimbridgeUser"); !cmp.Equal(got, []string{"userAccountControl", "scimUserName", "scimExternalId", "scimRole", "co"}) {
		t.Errorf("scimbridgeUser may hold %q", got)
	}
}

func TestWhoAmI(t *testing.T) {
	c := dial(t, start(t, memdir.Options{}).URL())
	for _, as := range []struct{ dn, password, want string }{
		{"", "", ""},
		{"UID=Ann, " + people, "annsecret", "dn:" + ann},
		{rootDN, rootPassword, "dn:" + rootDN},
	} {
		if as.dn == "" {
			if err := c.UnauthenticatedBind(""); err != nil {
				t.Fatal(err)
			}
		} else if err := c.Bind(as.dn, as.password); err != nil {
			t.Fatal(err)
		}
		who, err := c.WhoAmI(nil)
		if err != nil || who.AuthzID != as.want {
			t.Errorf("%q is %+v, %v", as.dn, who, err)
		}
	}
}

func TestStartTLSIsRefused(t *testing.T) {
	c := dial(t, start(t, memdir.Options{}).URL())
	if err := c.StartTLS(nil); !ldap.IsErrorWithCode(err, ldap.LDAPResultProtocolError) {
		t.Errorf("StartTLS: %v", err)
	}
}

// TestPermanentLock: what a default password policy with lockout would make of the value.
func TestPermanentLock(t *testing.T) {
	c := bound(t, start(t, memdir.Options{}).URL())
	for _, s := range []struct {
		do   step
		want string
	}{
		{bindAs(ann, "annsecret"), "0"},
		{modify(ann, "replace pwdAccountLockedTime: 000001010000Z"), "0"},
		{bindAs(ann, "annsecret"), "49"},
		{modify(ann, "delete pwdAccountLockedTime"), "0"},
		{bindAs(ann, "annsecret"), "0"},
	} {
		if got := outcome(s.do(c)); got != s.want {
			t.Errorf("got %s, want %s", got, s.want)
		}
	}
}

// TestStamps: the operational attributes of a write, with a clock that stands still.
func TestStamps(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 345678000, time.UTC)
	ids := 0
	s := start(t, memdir.Options{
		Clock: func() time.Time { return noon },
		NewID: func() string { ids++; return fmt.Sprintf("00000000-0000-0000-0000-%012d", ids) },
	})
	c := bound(t, s.URL())
	before := read(t, c, ann, "*", "+")
	if err := modify(ann, "replace title: x")(c); err != nil {
		t.Fatal(err)
	}
	after := read(t, c, ann, "*", "+")
	for name, want := range map[string]string{
		"entryUUID": "00000000-0000-0000-0000-000000000004", "structuralObjectClass": "inetOrgPerson",
		"creatorsName": rootDN, "modifiersName": rootDN,
		"createTimestamp": "20260102120000Z", "modifyTimestamp": "20260102120000Z", "entryCSN": "20260102120000.345678Z#000006#000#000000",
		"entryDN": ann, "subschemaSubentry": "cn=Subschema", "hasSubordinates": "FALSE",
	} {
		if got := after.GetAttributeValue(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if b, a := before.GetAttributeValue("entryCSN"), after.GetAttributeValue("entryCSN"); a <= b {
		t.Errorf("entryCSN went from %s to %s", b, a)
	}
	noon = noon.Add(-time.Hour)
	if err := modify(ann, "replace title: y")(c); err != nil {
		t.Fatal(err)
	}
	if a, b := after.GetAttributeValue("entryCSN"), read(t, c, ann, "entryCSN").GetAttributeValue("entryCSN"); b <= a {
		t.Errorf("entryCSN went from %s to %s when the clock went back", a, b)
	}
	if got := read(t, c, people, "hasSubordinates").GetAttributeValue("hasSubordinates"); got != "TRUE" {
		t.Errorf("hasSubordinates of a parent is %s", got)
	}
}

// TestEntries: the snapshot is a copy, and can be the starting content of another directory.
func TestEntries(t *testing.T) {
	s := start(t, memdir.Options{})
	all := s.Entries()
	all[3].Set("cn", "spoilt")
	all = s.Entries()
	if len(all) != 6 || all[3].DN != ann || all[3].Value("cn") != "Ann Example" || all[3].Value("entryDN") != "" {
		t.Errorf("entries: %+v", all)
	}
	again := start(t, memdir.Options{Entries: all})
	if diff := cmp.Diff(all, again.Entries()); diff != "" {
		t.Error(diff)
	}
}

func TestStartRefuses(t *testing.T) {
	for _, bad := range []struct {
		name    string
		options memdir.Options
		names   string
	}{
		{"an address that is not loopback", memdir.Options{Address: "0.0.0.0:0"}, "0.0.0.0"},
		{"a bad suffix", memdir.Options{Suffix: "nonsense"}, "nonsense"},
		{"a bad root DN", memdir.Options{RootDN: "nonsense"}, "nonsense"},
		{"a bad schema", memdir.Options{Schema: "attributetype ( 1.2.3 NAME"}, "1.2.3"},
		{"a statement that is none", memdir.Options{Schema: "nonsense ( 1.2.3 )"}, "nonsense"},
		{
			"an entry against the schema",
			memdir.Options{Entries: entries(t, "dn: dc=example,dc=org\nobjectClass: domain\n\n"+
				"dn: uid=x,dc=example,dc=org\nobjectClass: person\nuid: x\n")},
			"uid=x,dc=example,dc=org",
		},
		{
			"an entry without a parent",
			memdir.Options{Entries: entries(t, "dn: uid=x,dc=example,dc=org\nobjectClass: account\nuid: x\n")},
			"uid=x,dc=example,dc=org",
		},
	} {
		s, err := memdir.Start(bad.options)
		if err == nil {
			s.Close()
			t.Errorf("%s is accepted", bad.name)
		} else if !strings.Contains(err.Error(), bad.names) {
			t.Errorf("%s: %q does not name %s", bad.name, err, bad.names)
		}
	}
}

// TestOwnSchema: a schema file's text behind the default one.
func TestOwnSchema(t *testing.T) {
	s := start(t, memdir.Options{Schema: memdir.DefaultSchema + `
# a badge
attributetype ( 1.2.3.1 NAME 'badge'
	SUP name )
objectclass ( 1.2.3.2 NAME 'badged' SUP top AUXILIARY
	MAY badge )
`})
	c := bound(t, s.URL())
	if err := modify(ann, "add objectClass: badged", "add badge: Blue")(c); err != nil {
		t.Fatal(err)
	}
	if got := outcome(under("(name=blue)")(c)); got != "[uid=ann]" {
		t.Errorf("found %s", got)
	}
}

func TestCountsAndOperations(t *testing.T) {
	var mu sync.Mutex
	var logged []string
	s := start(t, memdir.Options{Log: func(o memdir.Operation) {
		mu.Lock()
		defer mu.Unlock()
		logged = append(logged, fmt.Sprintf("%s %s %s %d %s", o.Name, o.DN, o.Filter, o.Code, o.Text))
	}})
	c := bound(t, s.URL())
	s.ResetCounts()
	steps := []step{
		modify(ann, "add Title: a", "delete mail"),
		modify(ann, "delete title: b"),
		rename(bob, "uid=rob", true, groups),
		del("uid=rob," + groups),
		add("cn=g,"+groups, "objectClass: groupOfNames", "cn: g", "member: "+ann),
		under("(uid=ann)"),
		compare(ann, "uid", "ann"),
	}
	for _, do := range steps {
		do(c)
	}
	want := map[string]int{"modify": 2, "modrdn": 1, "delete": 1, "add": 1, "search": 1, "compare": 1}
	if diff := cmp.Diff(want, s.Counts()); diff != "" {
		t.Error(diff)
	}
	changes := []ldif.Change{
		{
			Kind: ldif.Modify, DN: ann,
			Mods: []ldif.Mod{{Op: ldif.AddValues, Name: "Title", Values: []string{"a"}}, {Op: ldif.DeleteValues, Name: "mail"}},
		},
		{Kind: ldif.ModifyDN, DN: bob, NewRDN: "uid=rob", DeleteOldRDN: true, NewSuperior: groups},
		{Kind: ldif.Delete, DN: "uid=rob," + groups},
		{
			Kind: ldif.Add, DN: "cn=g," + groups,
			Entry: []ldif.Attribute{
				{Name: "objectClass", Values: []string{"groupOfNames"}},
				{Name: "cn", Values: []string{"g"}},
				{Name: "member", Values: []string{ann}},
			},
		},
	}
	if diff := cmp.Diff(changes, s.Operations()); diff != "" {
		t.Error(diff)
	}
	mu.Lock()
	for _, line := range []string{"modify " + ann + "  16 modify/delete: title: no such value", "search " + people + " (uid=ann) 0 "} {
		if !slices.Contains(logged, line) {
			t.Errorf("log %q is without %q", logged, line)
		}
	}
	mu.Unlock()
	s.ResetCounts()
	if len(s.Counts()) != 0 || len(s.Operations()) != 0 {
		t.Error("ResetCounts leaves something")
	}
}

func TestFaults(t *testing.T) {
	s := start(t, memdir.Options{})
	title := func(c *ldap.Conn) string { return read(t, c, ann, "title").GetAttributeValue("title") }
	only := func(f memdir.Fault) func(op, dn string) memdir.Fault {
		return func(op, dn string) memdir.Fault {
			if op == "modify" && dn == ann {
				return f
			}
			return memdir.Fault{}
		}
	}
	c := bound(t, s.URL())
	s.Fault(only(memdir.Fault{Code: ldap.LDAPResultBusy, Text: "later"}))
	if got := outcome(modify(ann, "replace title: code")(c)); got != "51 later" || title(c) != "" {
		t.Errorf("result %s, title %q", got, title(c))
	}
	s.Fault(only(memdir.Fault{Drop: memdir.DropBefore}))
	if err := modify(ann, "replace title: before")(c); err == nil {
		t.Error("a dropped connection is no error")
	}
	c = bound(t, s.URL())
	if got := title(c); got != "" {
		t.Errorf("done before the drop: %q", got)
	}
	s.Fault(only(memdir.Fault{Drop: memdir.DropAfter}))
	if err := modify(ann, "replace title: after")(c); err == nil {
		t.Error("a dropped connection is no error")
	}
	c = bound(t, s.URL())
	if got := title(c); got != "after" {
		t.Errorf("title %q after the drop", got)
	}
	release, arrived := make(chan struct{}), make(chan struct{})
	s.Fault(func(op, dn string) memdir.Fault {
		if op != "modify" {
			return memdir.Fault{}
		}
		close(arrived)
		return memdir.Fault{Until: release, Delay: time.Millisecond}
	})
	done := make(chan error)
	go func() { done <- modify(ann, "replace title: held")(c) }()
	<-arrived
	if got := title(c); got != "after" { // on the same connection: one operation does not hold up another
		t.Errorf("title %q while held", got)
	}
	close(release)
	if err := <-done; err != nil || title(c) != "held" {
		t.Errorf("released: %v, title %q", err, title(c))
	}
	s.Fault(nil)
	if err := modify(ann, "replace title: fine")(c); err != nil {
		t.Error(err)
	}
}

// TestClose ends what is held back, and is done twice without harm.
func TestClose(t *testing.T) {
	s := start(t, memdir.Options{})
	c := bound(t, s.URL())
	arrived := make(chan struct{})
	s.Fault(func(string, string) memdir.Fault {
		close(arrived)
		return memdir.Fault{Until: make(chan struct{})}
	})
	done := make(chan error)
	go func() { done <- modify(ann, "replace title: x")(c) }()
	<-arrived
	s.Close()
	s.Close()
	if err := <-done; err == nil {
		t.Error("no error from a closed directory")
	}
	if _, err := ldap.DialURL(s.URL()); err == nil {
		t.Error("a closed directory still listens")
	}
}

func TestCleanReferences(t *testing.T) {
	for _, clean := range []bool{true, false} {
		s := start(t, memdir.Options{CleanReferences: clean})
		c := bound(t, s.URL())
		holds := func(dn, name string) string {
			return strings.Join(read(t, c, dn, name).GetAttributeValues(name), "|")
		}
		must := func(do step) {
			t.Helper()
			if err := do(c); err != nil {
				t.Fatal(err)
			}
		}
		must(rename(ann, "uid=anne", true, ""))
		want := map[bool]string{true: bob + "|uid=anne," + people, false: ann + "|" + bob}[clean]
		if got := holds(staff, "member"); got != want {
			t.Errorf("clean %v: members after a rename: %s", clean, got)
		}
		want = map[bool]string{true: "uid=anne," + people, false: ann}[clean]
		if got := holds(bob, "manager"); got != want {
			t.Errorf("clean %v: manager after a rename: %s", clean, got)
		}
		must(rename(people, "ou=folk", true, ""))
		must(rename("ou=folk,dc=example,dc=org", "ou=people", true, ""))
		must(rename("uid=anne,"+people, "uid=ann", true, ""))
		must(del(ann))
		want = map[bool]string{true: bob, false: ann + "|" + bob}[clean]
		if got := holds(staff, "member"); got != want {
			t.Errorf("clean %v: members after a delete: %s", clean, got)
		}
		must(del(bob))
		want = map[bool]string{true: bob, false: ann + "|" + bob}[clean]
		if got := holds(staff, "member"); got != want {
			t.Errorf("clean %v: the last member dangles: %s", clean, got)
		}
		must(add("uid=eve,"+people, "objectClass: account", "uid: eve"))
		must(modify(staff, "add member: uid=eve,"+people, "add member: uid=eva,"+people))
		want = holds(staff, "member")
		must(rename("uid=eve,"+people, "uid=eva", true, ""))
		if got := holds(staff, "member"); got != want {
			t.Errorf("clean %v: members after a rename to a name that is there: %s", clean, got)
		}
	}
}

// TestSubtreeMove: everything below takes its new name, in every look-up.
func TestSubtreeMove(t *testing.T) {
	c := bound(t, start(t, memdir.Options{}).URL())
	below := add("ou=a,"+people, "objectClass: organizationalUnit", "ou: a")
	deep := add("uid=deep,ou=a,"+people, "objectClass: account", "uid: deep")
	for _, do := range []step{below, deep, rename("ou=a,"+people, "ou=b", true, groups)} {
		if err := do(c); err != nil {
			t.Fatal(err)
		}
	}
	moved := "uid=deep,ou=b," + groups
	if got := read(t, c, moved, "entryDN").GetAttributeValue("entryDN"); got != moved {
		t.Errorf("entryDN %s", got)
	}
	for _, filter := range []string{"(uid=deep)", "(entryDN=" + moved + ")", "(&(objectClass=account)(!(uid=x)))"} {
		if got := outcome(search(groups, ldap.ScopeWholeSubtree, filter, "1.1")(c)); got != "["+moved+"]" {
			t.Errorf("%s finds %s", filter, got)
		}
		if got := outcome(search(people, ldap.ScopeWholeSubtree, filter, "1.1")(c)); got != "[]" {
			t.Errorf("%s still finds %s", filter, got)
		}
	}
	if got := outcome(del("ou=b," + groups)(c)); got != "66 subordinate objects must be deleted first" {
		t.Errorf("delete: %s", got)
	}
	if got := outcome(del(people)(c)); got != "66 subordinate objects must be deleted first" {
		t.Errorf("delete: %s", got)
	}
}

// TestIndexed: an indexed attribute finds the same as the filter alone, through changes and values with options.
func TestIndexed(t *testing.T) {
	s := start(t, memdir.Options{})
	c := bound(t, s.URL())
	steps := []step{
		modify(ann, "replace cn: Twin", "replace cn;lang-de: twin"),
		modify(ann, "replace cn: Ann"),
		modify(bob, "add cn: twin", "add cn;lang-de: Twin", "add cn;lang-fr: TWIN"),
		modify(bob, "delete cn;lang-de"),
		modify(bob, "delete cn: TWIN"),
		rename(bob, "cn=Twin", false, ""),
		rename("cn=twin,"+people, "uid=bob", true, ""),
		modify(bob, "delete cn;lang-fr"),
		modify(ann, "delete cn;lang-de"),
	}
	filter, err := ldif.ParseFilter("(cn=twin)")
	if err != nil {
		t.Fatal(err)
	}
	for i, do := range steps {
		if err := do(c); err != nil {
			t.Fatal(i, err)
		}
		var want []string
		for _, e := range s.Entries() {
			optioned := &ldif.Entry{}
			optioned.Set("cn", slices.Concat(e.Values("cn"), e.Values("cn;lang-de"), e.Values("cn;lang-fr"))...)
			if filter.Matches(e, nil) || filter.Matches(optioned, nil) {
				want = append(want, strings.TrimSuffix(e.DN, ","+people))
			}
		}
		slices.Sort(want)
		if got := outcome(under("(cn=twin)")(c)); got != "["+strings.Join(want, "; ")+"]" {
			t.Errorf("step %d: found %s, want %s", i, got, want)
		}
	}
}

// TestConcurrent: many members added at once on one connection and on several all land, beside searches, renames and deletes.
func TestConcurrent(t *testing.T) {
	s := start(t, memdir.Options{CleanReferences: true})
	shared := bound(t, s.URL())
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			c := shared
			if i%4 == 0 {
				c = bound(t, s.URL())
			}
			uid := fmt.Sprintf("u%d", i)
			dn := "uid=" + uid + "," + people
			for _, do := range []step{person(uid), modify(staff, "add member: "+dn), rename(dn, "uid=v"+uid, true, "")} {
				if err := do(c); err != nil {
					t.Error(uid, err)
				}
			}
			under("(|(uid=*)(cn=x*))")(c)
			if i%2 == 0 {
				if err := del("uid=v" + uid + "," + people)(c); err != nil {
					t.Error(uid, err)
				}
			}
		})
	}
	all.Wait()
	if got := len(read(t, shared, staff, "member").GetAttributeValues("member")); got != 22 {
		t.Errorf("%d members", got)
	}
	var last string
	for _, e := range s.Entries() {
		last = max(last, e.Value("entryCSN"))
	}
	if last == "" || len(s.Operations()) != 140 {
		t.Errorf("%d operations, last %s", len(s.Operations()), last)
	}
}

// TestMany: 5,000 entries and a group of 2,500, by indexed filters.
func TestMany(t *testing.T) {
	all := entries(t, content)
	group := &ldif.Entry{DN: "cn=all," + groups}
	group.Set("objectClass", "groupOfNames")
	group.Set("cn", "all")
	var members []string
	for i := range 5000 {
		e := &ldif.Entry{DN: fmt.Sprintf("uid=u%d,%s", i, people)}
		e.Set("objectClass", "inetOrgPerson")
		e.Set("uid", fmt.Sprint("u", i))
		e.Set("cn", fmt.Sprint("User ", i))
		e.Set("sn", fmt.Sprint(i))
		e.Set("mail", fmt.Sprintf("u%d@example.org", i))
		all = append(all, e)
		if i < 2500 {
			members = append(members, e.DN)
		}
	}
	group.Set("member", members...)
	s := start(t, memdir.Options{Entries: append(all, group)})
	c := bound(t, s.URL())
	ors := "(|"
	for i := range 500 {
		ors += fmt.Sprintf("(uid=u%d)", i*10)
	}
	found, err := c.Search(searchRequest(people, ldap.ScopeWholeSubtree, "(&(objectClass=inetOrgPerson)"+ors+"))", "uid"))
	if err != nil || len(found.Entries) != 500 {
		t.Fatalf("found %d, %v", len(found.Entries), err)
	}
	for i := range 100 {
		member := fmt.Sprintf("uid=u%d,%s", 2500+i, people)
		if err := modify("cn=all,"+groups, "add member: "+member)(c); err != nil {
			t.Fatal(err)
		}
		got := outcome(search(groups, ldap.ScopeWholeSubtree, "(member="+member+")", "1.1")(c))
		if got != "[cn=all,"+groups+"]" {
			t.Fatal(got)
		}
	}
	found, err = c.SearchWithPaging(searchRequest(people, ldap.ScopeWholeSubtree, "(uid=*)", "entryUUID"), 1000)
	if err != nil || len(found.Entries) != 5002 {
		t.Fatalf("paged: %d, %v", len(found.Entries), err)
	}
}

// TestBrokenPackets: what is no LDAP ends its own connection only.
func TestBrokenPackets(t *testing.T) {
	s := start(t, memdir.Options{})
	deep := strings.Repeat("\xa0\x80", 1<<16)
	for name, packet := range map[string]string{
		"no BER":               "GET / HTTP/1.1\r\n\r\n",
		"a huge length":        "\x30\x84\x7f\xff\xff\xff",
		"an impossible one":    "\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff",
		"an indefinite one":    "\x30\x80\x02\x01\x01",
		"deep nesting":         "\x30\x83\x02\x00\x00" + deep,
		"an empty message":     "\x30\x00",
		"no operation":         "\x30\x03\x02\x01\x01",
		"an unknown one":       "\x30\x05\x02\x01\x01\x7e\x00",
		"a modify of one part": "\x30\x11\x02\x01\x01\x66\x0c\x04\x01x\x30\x07\x30\x05\x30\x03\x04\x01x",
		"an empty search":      "\x30\x05\x02\x01\x01\x63\x00",
		"an empty bind":        "\x30\x05\x02\x01\x01\x60\x00",
		"a string for an id":   "\x30\x05\x04\x01\x01\x60\x00",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "ldap://"))
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte(packet))
		if p, err := ber.ReadPacket(conn); err == nil && p.Children[1].Tag != ldap.ApplicationExtendedResponse {
			t.Errorf("%s is answered by %v", name, p)
		}
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: the connection stays, %d", name, n)
		}
		conn.Close()
	}
	read(t, dial(t, s.URL()), ann)
}

// FuzzPacket: no packet stops the directory.
func FuzzPacket(f *testing.F) {
	s := start(f, memdir.Options{})
	address := strings.TrimPrefix(s.URL(), "ldap://")
	bind := sequence(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""), rawBind(rootDN, rootPassword)).Bytes()
	for _, e := range exchanges {
		p := sequence(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 2, ""), e.op)
		if len(e.controls) > 0 {
			list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
			for _, c := range e.controls {
				list.AppendChild(c)
			}
			p.AppendChild(list)
		}
		f.Add(p.Bytes())
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.Write(bind)
		if _, err := ber.ReadPacket(conn); err != nil {
			t.Fatal(err)
		}
		conn.Write(packet)
		conn.(*net.TCPConn).CloseWrite()
		buffer := make([]byte, 1<<12)
		for err == nil {
			_, err = conn.Read(buffer)
		}
		again, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		again.Write(bind)
		if _, err := ber.ReadPacket(again); err != nil {
			t.Fatal("the directory does not answer any more", err)
		}
		if n := s.Counts()["panic"]; n > 0 {
			t.Fatalf("%d panics", n)
		}
	})
}
