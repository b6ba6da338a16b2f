package directory

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// open starts a client of a real server, over TLS where the test changes nothing.
func open(t *testing.T, s *dirtest.Server, change ...func(*Options)) *Client {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	o := Options{
		URLs: []string{s.LDAPS}, Bind: BindOptions{DN: s.BindDN, Password: s.Password},
		TLS: TLSOptions{CA: s.CA, ServerName: s.ServerName},
	}
	if s.LDAPS == "" {
		o.URLs, o.TLS = []string{s.URL}, TLSOptions{}
	}
	for _, c := range change {
		c(&o)
	}
	c, err := New(o, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		goleak.VerifyNone(t, leaks, goleak.IgnoreAnyFunction("scimbridge/bridge/directory/dirtest.run")) // the server outlives the client
	})
	return c
}

// onOpenLDAP runs a test on slapd and on memdir, which behaves like it.
func onOpenLDAP(t *testing.T, test func(*testing.T, *dirtest.Server)) {
	t.Run("slapd", func(t *testing.T) { test(t, dirtest.OpenLDAP(t)) })
	t.Run("memdir", func(t *testing.T) { test(t, dirtest.Memory(t)) })
}

func steps(changes ...ldif.Change) ldif.Plan {
	var p ldif.Plan
	for _, c := range changes {
		p.Steps = append(p.Steps, ldif.Step{Change: c})
	}
	return p
}

func read(t *testing.T, c *Client, dn string, attributes ...string) *ldif.Entry {
	t.Helper()
	found, err := c.Search(t.Context(), Search{Base: dn, Scope: BaseObject, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

func person(t *testing.T, s *dirtest.Server, uid string) string {
	t.Helper()
	dn := "uid=" + uid + "," + s.People
	s.Load(t, fmt.Sprintf("dn: %s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\nmail: %s@example.org\n", dn, uid, uid, uid, uid))
	return dn
}

func TestTransports(t *testing.T) {
	s := dirtest.OpenLDAP(t)
	other := dirtest.OpenLDAP(t)
	for name, test := range map[string]struct {
		change func(*Options)
		want   reason.Reason
		says   string // what the operator can do
	}{
		"ldaps":          {func(*Options) {}, reason.None, ""},
		"StartTLS":       {func(o *Options) { o.URLs, o.TLS.StartTLS = []string{s.URL}, true }, reason.None, ""},
		"ldapi":          {func(o *Options) { o.URLs, o.TLS = []string{s.LDAPI}, TLSOptions{} }, reason.None, ""},
		"loopback":       {func(o *Options) { o.URLs, o.TLS = []string{s.URL}, TLSOptions{} }, reason.None, ""},
		"another CA":     {func(o *Options) { o.TLS.CA = other.CA }, reason.Unavailable, "directory.tls.ca"},
		"no CA":          {func(o *Options) { o.TLS.CA = "" }, reason.Unavailable, "directory.tls.ca"},
		"another name":   {func(o *Options) { o.TLS.ServerName = "dc1.example.org" }, reason.Unavailable, "directory.tls.serverName"},
		"wrong password": {func(o *Options) { o.Bind.Password = "wrong" }, reason.Unavailable, "the password is wrong, there"},
		"LDAP to LDAPS": {func(o *Options) {
			o.URLs, o.TLS = []string{"ldap" + strings.TrimPrefix(o.URLs[0], "ldaps")}, TLSOptions{}
		}, reason.Unavailable, "ldaps://"},
		"LDAPS to LDAP": {func(o *Options) {
			o.URLs = []string{"ldaps" + strings.TrimPrefix(s.URL, "ldap")}
		}, reason.Unavailable, "ldap://"},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, s, test.change)
			server, err := c.Server(t.Context())
			if reasonOf(err) != test.want {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				if told := err.Error(); !strings.Contains(told, test.says) || !strings.Contains(told, c.options.URLs[0]) {
					t.Errorf("it does not say %q of %s: %s", test.says, c.options.URLs[0], told)
				}
				return
			}
			if server.Traits != ldif.OpenLDAP.Traits() || !server.Controls[controlAssertion] || !server.Controls[controlPostRead] ||
				!server.Controls[controlMatchedValues] || server.Schema.Canonical("surname") != "sn" {
				t.Errorf("got kind %s, controls %v", server.Kind, server.Controls)
			}
		})
	}
}

func TestOpenLDAPConditions(t *testing.T) { onOpenLDAP(t, testConditions) }

func testConditions(t *testing.T, s *dirtest.Server) {
	c := open(t, s)
	dn := person(t, s, "ada")
	before := read(t, c, dn, "entryUUID", "entryCSN")
	id, version := before.Value("entryUUID"), before.Value("entryCSN")
	title := func(op ldif.ModOp, value string, condition ldif.Condition) ldif.Change {
		return ldif.Change{Kind: ldif.Modify, DN: dn, Mods: []ldif.Mod{{Op: op, Name: "title", Values: []string{value}}}, If: condition}
	}
	rename := ldif.Change{Kind: ldif.ModifyDN, DN: dn, NewRDN: "uid=countess", DeleteOldRDN: true, If: ldif.Condition{ID: id, AsLeft: true}}

	change := title(ldif.AddValues, "Countess", ldif.Condition{ID: id, Version: version})
	receipt := c.Execute(t.Context(), steps(change), []string{"title", "entryCSN"})
	if receipt.Err != nil {
		t.Fatal(receipt.Err)
	}
	after := receipt.Steps[0].Left
	if after.Value("title") != "Countess" || after.Value("entryCSN") == version || after.Value("entryCSN") == "" {
		t.Errorf("the post-read showed %v", after)
	}
	err := c.Execute(t.Context(), steps(title(ldif.ReplaceValues, "Duchess", ldif.Condition{ID: id, Version: version})), nil).Err
	wantReason(t, err, reason.LostRace)
	err = c.Execute(t.Context(), steps(title(ldif.DeleteValues, "Duchess", ldif.Condition{ID: id})), nil).Err
	wantReason(t, err, reason.LostRace)
	deletion := ldif.Change{Kind: ldif.Delete, DN: dn, If: ldif.Condition{ID: "00000000-0000-0000-0000-000000000000"}}
	err = c.Execute(t.Context(), steps(deletion), nil).Err
	wantReason(t, err, reason.LostRace)
	if err = c.Execute(t.Context(), steps(title(ldif.ReplaceValues, "Duchess", ldif.Condition{ID: id}), rename), nil).Err; err != nil {
		t.Fatal(err)
	}
	if got := read(t, c, "uid=countess,"+s.People, "title").Value("title"); got != "Duchess" {
		t.Errorf("got title %q", got)
	}
	_, err = c.Search(t.Context(), Search{Base: dn, Scope: BaseObject})
	wantReason(t, err, reason.NoSuchObject)
	deletion = ldif.Change{Kind: ldif.Delete, DN: "uid=countess," + s.People, If: ldif.Condition{ID: id}}
	if err = c.Execute(t.Context(), steps(deletion), nil).Err; err != nil {
		t.Fatal(err)
	}
}

func TestOpenLDAPTakesBack(t *testing.T) { onOpenLDAP(t, testTakesBack) }

func testTakesBack(t *testing.T, s *dirtest.Server) {
	c := open(t, s)
	dn := person(t, s, "ada")
	person(t, s, "countess")
	id := read(t, c, dn, "entryUUID").Value("entryUUID")
	mail := func(old, value string, condition ldif.Condition) ldif.Change {
		return ldif.Change{Kind: ldif.Modify, DN: dn, If: condition, Mods: []ldif.Mod{
			{Op: ldif.DeleteValues, Name: "mail", Values: []string{old}}, {Op: ldif.AddValues, Name: "mail", Values: []string{value}},
		}}
	}
	back := mail("new@example.org", "ada@example.org", ldif.Condition{ID: id, AsLeft: true})
	plan := ldif.Plan{Steps: []ldif.Step{
		{Change: mail("ada@example.org", "new@example.org", ldif.Condition{ID: id}), Inverse: &back},
		{Change: ldif.Change{
			Kind: ldif.ModifyDN, DN: dn, NewRDN: "uid=countess", DeleteOldRDN: true, If: ldif.Condition{ID: id, AsLeft: true},
		}},
	}}
	err := c.Execute(t.Context(), plan, nil).Err
	wantReason(t, err, reason.Exists)
	if got := read(t, c, dn, "mail").Value("mail"); got != "ada@example.org" {
		t.Errorf("mail is %q", got)
	}
}

func TestOpenLDAPSettledMembers(t *testing.T) { onOpenLDAP(t, testSettledMembers) }

func testSettledMembers(t *testing.T, s *dirtest.Server) {
	c := open(t, s)
	dn := func(uid string) string { return "uid=" + uid + "," + s.People }
	group := "cn=staff," + s.Groups
	s.Load(t, fmt.Sprintf("dn: %s\nobjectClass: groupOfNames\ncn: staff\nmember: %s\nmember: %s\n", group, dn("a"), dn("b")))
	mods := func(description string, settled bool, ops ...ldif.Mod) ldif.Plan {
		for i := range ops {
			if ops[i].Name == "" {
				ops[i].Name, ops[i].Settled = "member", settled
			}
		}
		ops = append(ops, ldif.Mod{Op: ldif.ReplaceValues, Name: "description", Values: []string{description}})
		return steps(ldif.Change{Kind: ldif.Modify, DN: group, Mods: ops})
	}
	add := func(values ...string) ldif.Mod { return ldif.Mod{Op: ldif.AddValues, Values: values} }
	remove := func(values ...string) ldif.Mod { return ldif.Mod{Op: ldif.DeleteValues, Values: values} }
	for _, test := range []struct {
		plan ldif.Plan
		err  reason.Reason
		want []string
	}{
		{mods("present, spelled otherwise", true, add("UID=A, "+s.People, dn("c"))), reason.None, []string{"a", "b", "c"}},
		{mods("absent", true, remove(dn("b"), dn("x"))), reason.None, []string{"a", "c"}},
		{mods("both", true, add(dn("a"), dn("d")), remove(dn("b"), dn("c"))), reason.None, []string{"a", "d"}},
		{mods("nothing", true, add(dn("a")), remove(dn("x"))), reason.None, []string{"a", "d"}},
		{
			mods("the fault lies elsewhere", true, add(dn("e")), ldif.Mod{Op: ldif.AddValues, Name: "cn", Values: []string{"staff"}}),
			reason.Occupied,
			[]string{"a", "d"},
		},
		{mods("not settled", false, add(dn("a"), dn("e"))), reason.Occupied, []string{"a", "d"}},
		{mods("not settled", false, remove(dn("x"))), reason.LostRace, []string{"a", "d"}},
	} {
		description := test.plan.Steps[0].Change.Mods[len(test.plan.Steps[0].Change.Mods)-1].Values[0]
		err := c.Execute(t.Context(), test.plan, nil).Err
		if reasonOf(err) != test.err {
			t.Fatalf("%s: %v", description, err)
		}
		e := read(t, c, group, "member", "description")
		var got []string
		for _, m := range e.Values("member") {
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(m, "uid="), ","+s.People))
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s: %s", description, d)
		}
		if (e.Value("description") == description) != (test.err == reason.None) {
			t.Errorf("%s: the other change: %q", description, e.Value("description"))
		}
	}
}

func TestOpenLDAPErrors(t *testing.T) { onOpenLDAP(t, testErrors) }

func testErrors(t *testing.T, s *dirtest.Server) {
	c := open(t, s)
	dn := person(t, s, "ada")
	modify := func(name string, values ...string) ldif.Change {
		return ldif.Change{Kind: ldif.Modify, DN: dn, Mods: []ldif.Mod{
			{Op: ldif.ReplaceValues, Name: "description", Values: []string{"x"}}, {Op: ldif.ReplaceValues, Name: name, Values: values},
		}}
	}
	for name, test := range map[string]struct {
		change    ldif.Change
		want      reason.Reason
		attribute string
	}{
		"syntax":              {modify("seeAlso", "nonsense"), reason.Invalid, "seeAlso"},
		"undefined attribute": {modify("nonsense", "x"), reason.Invalid, "nonsense"},
		"required attribute":  {modify("sn"), reason.Invalid, ""},
		"the RDN":             {modify("uid", "x"), reason.Invalid, ""},
		"missing parent": {
			ldif.Change{Kind: ldif.Add, DN: "uid=x,ou=none," + s.Suffix, Entry: []ldif.Attribute{
				{Name: "objectClass", Values: []string{"account"}}, {Name: "uid", Values: []string{"x"}},
			}},
			reason.NoSuchObject, "",
		},
		"DN in use": {
			ldif.Change{Kind: ldif.Add, DN: dn, Entry: []ldif.Attribute{
				{Name: "objectClass", Values: []string{"account"}}, {Name: "uid", Values: []string{"ada"}},
			}},
			reason.Exists, "",
		},
		"has children": {ldif.Change{Kind: ldif.Delete, DN: s.People}, reason.Refused, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.Execute(t.Context(), steps(test.change), nil).Err
			if e := wantReason(t, err, test.want); e.Attribute != test.attribute {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestOpenLDAPEnumerates(t *testing.T) {
	limits := `limits dn.exact="uid=reader,ou=people,dc=example,dc=org" size=20 size.prtotal=unlimited`
	s := dirtest.OpenLDAP(t, dirtest.Config("sizelimit 20", limits))
	var people strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&people, "dn: uid=u%d,%s\nobjectClass: account\nuid: u%d\n\n", i, s.People, i)
	}
	s.Load(t, people.String())
	for _, uid := range []string{"reader", "limited"} {
		s.Load(t, fmt.Sprintf("dn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %s\ncn: x\nsn: x\nuserPassword: sesame\n",
			uid, s.People, uid))
	}
	as := func(uid string) func(*Options) {
		return func(o *Options) { o.Bind = BindOptions{DN: "uid=" + uid + "," + s.People, Password: "sesame"} }
	}
	all := Search{Base: s.People, Filter: "(objectClass=account)", Attributes: []string{"uid"}}
	c := open(t, s, as("reader"))
	for name, search := range map[string]func(context.Context) ([]*ldif.Entry, error){
		"search": func(ctx context.Context) ([]*ldif.Entry, error) { return c.Search(ctx, all) },
		"enumerate": func(ctx context.Context) (found []*ldif.Entry, err error) {
			return found, c.Enumerate(ctx, all, func(e *ldif.Entry) error {
				found = append(found, e)
				// Other work on the client, paged too, does not disturb the cookie.
				if len(found)%500 == 0 {
					_, err := c.Search(ctx, all)
					return err
				}
				return nil
			})
		},
	} {
		found, err := search(t.Context())
		seen := map[string]bool{}
		for _, e := range found {
			seen[e.Value("uid")] = true
		}
		if err != nil || len(seen) != 1200 || len(found) != 1200 {
			t.Errorf("%s: %d entries, %d different: %v", name, len(found), len(seen), err)
		}
	}
	_, err := open(t, s, as("limited")).Search(t.Context(), all)
	wantReason(t, err, reason.LimitExceeded)
}

// eventually asks until the directory answers.
func eventually(t *testing.T, c *Client, s Search) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := c.Search(t.Context(), s)
		if err == nil {
			return
		}
		e := wantReason(t, err, reason.Unavailable)
		if e.RetryAfter <= 0 {
			t.Fatalf("no RetryAfter: %v", err)
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func quick(o *Options) {
	o.Timeout = 500 * time.Millisecond
	o.Breaker.Pause = 20 * time.Millisecond
}

func TestOpenLDAPKilled(t *testing.T) {
	s := dirtest.OpenLDAP(t)
	c := open(t, s, quick)
	base := Search{Base: s.People, Scope: BaseObject}
	if _, err := c.Search(t.Context(), base); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	for range DefaultFailures {
		_, err := c.Search(t.Context(), base)
		wantReason(t, err, reason.Unavailable)
	}
	s.Restart()
	eventually(t, c, base)
	// A restart between two requests is not noticed at all.
	s.Kill()
	s.Restart()
	if _, err := c.Search(t.Context(), base); err != nil {
		t.Fatal(err)
	}
}

func TestOpenLDAPHangs(t *testing.T) {
	s := dirtest.OpenLDAP(t)
	dn := person(t, s, "ada")
	c := open(t, s, quick)
	if err := c.Execute(t.Context(), modifyMail(dn), nil).Err; err != nil {
		t.Fatal(err)
	}
	s.Stop()
	err := c.Execute(t.Context(), modifyMail(dn), nil).Err
	wantReason(t, err, reason.Unknown)
	for range DefaultFailures {
		_, err := c.Search(t.Context(), Search{Base: dn, Scope: BaseObject})
		wantReason(t, err, reason.Unavailable)
	}
	s.Cont()
	eventually(t, c, Search{Base: dn, Scope: BaseObject})

	second := dirtest.OpenLDAP(t)
	both := open(t, s, quick, func(o *Options) {
		// One account for both: the second has another password, so the test reads without one.
		o.URLs, o.Bind, o.TLS = []string{s.URL, second.URL}, BindOptions{}, TLSOptions{}
	})
	if _, err := both.Search(t.Context(), Search{Base: dn, Scope: BaseObject}); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	_, err = both.Search(t.Context(), Search{Base: dn, Scope: BaseObject})
	wantReason(t, err, reason.Unavailable)
	_, err = both.Search(t.Context(), Search{Base: dn, Scope: BaseObject})
	wantReason(t, err, reason.NoSuchObject) // by the second server, which answers
	s.Cont()
}

func TestActiveDirectory(t *testing.T) {
	s := dirtest.ActiveDirectory(t)
	c := open(t, s)
	server, err := c.Server(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if server.Traits != ldif.ActiveDirectory.Traits() || server.Schema.Attribute("member") == nil || server.Default == "" {
		t.Fatalf("got kind %s, default %q", server.Kind, server.Default)
	}
	attribute := func(name string, values ...string) ldif.Attribute {
		return ldif.Attribute{Name: name, Values: values}
	}
	unique := strings.ToLower(strings.NewReplacer("=", "", ",", "").Replace(s.Base))[:12]
	add := func(cn string, attributes ...ldif.Attribute) ldif.Change {
		attributes = append([]ldif.Attribute{attribute("objectClass", "user")}, attributes...)
		return ldif.Change{Kind: ldif.Add, DN: "CN=" + cn + "," + s.People, Entry: attributes}
	}
	var dns, guids []string
	for i := range 4 {
		name := fmt.Sprintf("%s%d", unique, i)
		change := add(name, attribute("sAMAccountName", name), attribute("userPrincipalName", name+"@ad.test"))
		if err := c.Execute(t.Context(), steps(change), nil).Err; err != nil {
			t.Fatal(err)
		}
		dns = append(dns, change.DN)
		guids = append(guids, guidText(read(t, c, change.DN, "objectGUID").Value("objectGUID")))
	}

	t.Run("errors", func(t *testing.T) {
		for name, test := range map[string]struct {
			change    ldif.Change
			want      reason.Reason
			attribute string
		}{
			"DN in use": {add(unique+"0", attribute("sAMAccountName", unique+"x")), reason.Exists, ""},
			"UPN in use": {
				add(unique+"y", attribute("sAMAccountName", unique+"y"), attribute("userPrincipalName", unique+"0@ad.test")),
				reason.Exists, "userPrincipalName",
			},
			"account name": {add(unique+"z", attribute("sAMAccountName", unique+"0")), reason.Exists, ""},
			"a weak password": {
				add(unique+"p", attribute("sAMAccountName", unique+"p"), attribute("userAccountControl", "512"),
					attribute("unicodePwd", quoted("x"))),
				reason.Invalid, "unicodePwd",
			},
			"a missing entry": {
				ldif.Change{Kind: ldif.Delete, DN: "CN=x", If: ldif.Condition{ID: "00000000-0000-0000-0000-000000000001"}},
				reason.NoSuchObject, "",
			},
		} {
			t.Run(name, func(t *testing.T) {
				err := c.Execute(t.Context(), steps(test.change), nil).Err
				e := wantReason(t, err, test.want)
				t.Logf("%+v", e)
				if test.attribute != "" && e.Attribute != test.attribute {
					t.Errorf("got %+v", e)
				}
			})
		}
	})

	group := "CN=" + unique + "g," + s.Groups
	if err := c.Execute(t.Context(), steps(ldif.Change{Kind: ldif.Add, DN: group, Entry: []ldif.Attribute{
		attribute("objectClass", "group"), attribute("sAMAccountName", unique+"g"), attribute("member", dns[0], dns[1]),
	}}), nil).Err; err != nil {
		t.Fatal(err)
	}
	groupID := guidText(read(t, c, group, "objectGUID").Value("objectGUID"))
	members := func(op ldif.ModOp, values ...string) ldif.Plan {
		return steps(ldif.Change{Kind: ldif.Modify, DN: group, If: ldif.Condition{ID: groupID}, Mods: []ldif.Mod{
			{Op: op, Name: "member", Values: values, Settled: true},
		}})
	}
	byGUID := func(n int) string { return "<GUID=" + guids[n] + ">" }
	for name, test := range []struct {
		plan ldif.Plan
		want []int
	}{
		{members(ldif.AddValues, byGUID(1), byGUID(2)), []int{0, 1, 2}},
		{members(ldif.AddValues, byGUID(1)), []int{0, 1, 2}},
		{members(ldif.DeleteValues, byGUID(0), byGUID(3)), []int{1, 2}},
		{members(ldif.DeleteValues, dns[0], dns[1]), []int{2}},
		{members(ldif.AddValues, dns[2], strings.ToUpper(dns[3])), []int{2, 3}},
		{members(ldif.DeleteValues, byGUID(0)), []int{2, 3}},
	} {
		if err := c.Execute(t.Context(), test.plan, nil).Err; err != nil {
			t.Fatalf("%d: %v", name, err)
		}
		got := map[string]bool{}
		for _, m := range read(t, c, group, "member").Values("member") {
			got[ldif.NormalDN(m)] = true
		}
		for _, n := range test.want {
			if !got[ldif.NormalDN(dns[n])] || len(got) != len(test.want) {
				t.Errorf("%d: members %v, want %v", name, got, test.want)
			}
		}
	}
	deletion := ldif.Change{Kind: ldif.Delete, DN: "CN=moved away," + s.Base, If: ldif.Condition{ID: guids[0]}}
	if err := c.Execute(t.Context(), steps(deletion), nil).Err; err != nil {
		t.Fatal(err)
	}
}

// guidText writes the octets of objectGUID in the usual form, the first three fields little-endian.
func guidText(raw string) string {
	b := []byte(raw)
	ordered := []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]}
	h := hex.EncodeToString(append(ordered, b[8:]...))
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// quoted is the form of a unicodePwd value (MS-ADTS §3.1.1.3.1.5).
func quoted(password string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(`"` + password + `"`)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}
