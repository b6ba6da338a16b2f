package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

var (
	openLDAP = []ldif.Attribute{
		{Name: "objectClass", Values: []string{"top", "OpenLDAProotDSE"}},
		{Name: "supportedControl", Values: []string{controlAssertion, controlPostRead, controlMatchedValues}},
	}
	activeDirectory = []ldif.Attribute{
		{Name: "supportedCapabilities", Values: []string{"1.2.840.113556.1.4.800"}},
		{Name: "defaultNamingContext", Values: []string{"DC=ad,DC=test"}},
	}
)

const ada = "4c6f7a10-0102-0304-0506-0708090a0b0c"

// asserted returns the filter of a request's assertion control.
func (m message) asserted() string {
	if len(m.packet.Children) < 3 {
		return ""
	}
	for _, child := range m.packet.Children[2].Children {
		c, err := ldap.DecodeControl(child)
		if s, ok := c.(*ldap.ControlString); err == nil && ok && s.ControlType == controlAssertion {
			filter, _ := ldap.DecompileFilter(ber.DecodePacket([]byte(s.ControlValue)))
			return filter
		}
	}
	return ""
}

// reads returns the attributes of a request's pre-read or post-read control.
func (m message) reads(control string) (names []string) {
	if len(m.packet.Children) < 3 {
		return nil
	}
	for _, child := range m.packet.Children[2].Children {
		c, err := ldap.DecodeControl(child)
		if s, ok := c.(*ldap.ControlString); err == nil && ok && s.ControlType == control {
			for _, name := range ber.DecodePacket([]byte(s.ControlValue)).Children {
				names = append(names, text(name))
			}
		}
	}
	return names
}

func TestConditions(t *testing.T) {
	mods := []ldif.Mod{{Op: ldif.AddValues, Name: "title", Values: []string{"Countess"}}}
	itself := []ldif.Mod{{Op: ldif.AddValues, Name: "member", Values: []string{"CN=Staff"}}}
	steps := []ldif.Step{
		{Change: ldif.Change{Kind: ldif.Modify, DN: "uid=ada", Mods: mods, If: ldif.Condition{ID: ada, Version: "csn(1)"}}},
		{Change: ldif.Change{Kind: ldif.ModifyDN, DN: "uid=ada", NewRDN: "uid=countess", If: ldif.Condition{ID: ada, AsLeft: true}}},
		{Change: ldif.Change{Kind: ldif.Modify, DN: "uid=countess", Mods: mods, If: ldif.Condition{ID: ada, AsLeft: true}}},
		{Change: ldif.Change{Kind: ldif.Modify, DN: "cn=staff", Mods: mods}},
		{Change: ldif.Change{Kind: ldif.Modify, DN: "cn=staff", Mods: itself, If: ldif.Condition{ID: ada, Version: "csn"}}},
		{Change: ldif.Change{Kind: ldif.Delete, DN: "uid=countess", If: ldif.Condition{ID: ada}}},
	}
	for name, test := range map[string]struct {
		root []ldif.Attribute
		want []string
	}{
		"openldap": {openLDAP, []string{
			"uid=ada (|(&(entryUUID=" + ada + ")(entryCSN=csn\\281\\29))(!(entryDN=uid=ada)))",
			"uid=ada (|(&(entryUUID=" + ada + ")(entryCSN=csn2))(!(entryDN=uid=ada)))",
			"uid=countess (|(&(entryUUID=" + ada + ")(entryCSN=csn3))(!(entryDN=uid=countess)))", // a ModifyDN shows none: it is read
			"cn=staff ",
			"cn=staff (|(entryUUID=" + ada + ")(!(entryDN=cn=staff)))", // itself is written
			"uid=countess (|(entryUUID=" + ada + ")(!(entryDN=uid=countess)))",
		}},
		"active-directory": {
			activeDirectory,
			[]string{"<GUID=" + ada + "> ", "uid=ada ", "<GUID=" + ada + "> ", "cn=staff ", "<GUID=" + ada + "> ", "<GUID=" + ada + "> "},
		},
		"generic": {nil, []string{"uid=ada ", "uid=ada ", "uid=countess ", "cn=staff ", "cn=staff ", "uid=countess "}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []string
				p := &peer{root: test.root, script: func(s *session, m message) bool {
					switch m.op {
					case ldap.ApplicationModifyRequest:
						entry := encodeEntry("uid=ada", ldif.Attribute{Name: "entryCSN", Values: []string{"csn2"}})
						s.result(m, 0, "", ldap.NewControlString(controlPostRead, false, string(entry.Bytes())))
						got = append(got, m.target()+" "+m.asserted())
						return true
					case ldap.ApplicationModifyDNRequest, ldap.ApplicationDelRequest:
						got = append(got, m.target()+" "+m.asserted())
					case ldap.ApplicationSearchRequest:
						if m.target() == "uid=countess" {
							s.entry(m, m.target(), ldif.Attribute{Name: "entryCSN", Values: []string{"csn3"}})
						}
					}
					return false
				}}
				c := network{"a": p}.client(t, "a")
				defer c.Close()
				if err := c.Execute(t.Context(), ldif.Plan{Steps: steps}, nil).Err; err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(test.want, got); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

// TestLookedAtAgain: what is to find its entry as a rename left it is held to what the look before it showed, and where another changes the
// entry in between, it is looked at again.
func TestLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asserted []string
		p := &peer{root: openLDAP, script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationModifyRequest {
				return false
			}
			asserted = append(asserted, m.asserted())
			if len(asserted) < 3 {
				s.result(m, ldap.LDAPResultAssertionFailed, "")
			}
			return len(asserted) < 3
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		looks := 0
		look := func(step ldif.Step) (*ldif.Entry, error) {
			if step.Change.Kind != ldif.Modify {
				return nil, nil
			}
			looks++
			return &ldif.Entry{Attributes: []ldif.Attribute{{Name: "entryCSN", Values: []string{fmt.Sprint(looks)}}}}, nil
		}
		mail := modifyMail("uid=countess").Steps[0].Change
		mail.If = ldif.Condition{ID: ada, AsLeft: true}
		plan := steps(ldif.Change{Kind: ldif.ModifyDN, DN: "uid=ada", NewRDN: "uid=countess"}, mail)
		if err := c.ExecuteUnless(t.Context(), plan, nil, look).Err; err != nil {
			t.Fatal(err)
		}
		var want []string
		for n := range 3 {
			want = append(want, fmt.Sprintf("(|(&(entryUUID=%s)(entryCSN=%d))(!(entryDN=uid=countess)))", ada, n+1))
		}
		if d := cmp.Diff(want, asserted); d != "" {
			t.Error(d)
		}
	})
}

// TestAssertionOfTheServersOwn: 122 is a lost race where the entry is no longer as it was read. Where it is, an operation of the server's
// own inherited the assertion.
func TestAssertionOfTheServersOwn(t *testing.T) {
	for name, test := range map[string]struct {
		holds bool
		want  reason.Reason
		sent  int
	}{"a race": {false, reason.LostRace, 1}, "an overlay's": {true, reason.None, 2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{root: openLDAP, script: func(s *session, m message) bool {
					switch {
					case m.op == ldap.ApplicationModifyRequest && m.asserted() != "":
						s.result(m, ldap.LDAPResultAssertionFailed, "unique_search failed")
						return true
					case m.op == ldap.ApplicationSearchRequest && m.target() == "uid=ada":
						if test.holds {
							s.entry(m, "uid=ada")
						}
						s.result(m, 0, "")
						return true
					}
					return false
				}}
				c := network{"a": p}.client(t, "a")
				defer c.Close()
				plan := modifyMail("uid=ada")
				plan.Steps[0].Change.If = ldif.Condition{ID: ada, Version: "csn"}
				err := c.Execute(t.Context(), plan, nil).Err
				if got := reasonOf(err); got != test.want || p.count(ldap.ApplicationModifyRequest) != test.sent {
					t.Errorf("%v after %d modifies", err, p.count(ldap.ApplicationModifyRequest))
				}
			})
		})
	}
}

func TestPostRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shown := []ldif.Attribute{
			{Name: "mail", Values: []string{"ada@example.org", "\x00\xff"}}, {Name: "entryCSN", Values: []string{"csn"}},
		}
		var asked []string
		p := &peer{root: openLDAP, script: func(s *session, m message) bool {
			if m.op == ldap.ApplicationModifyRequest {
				asked = m.reads(controlPostRead)
				s.result(m, 0, "", ldap.NewControlString(controlPostRead, false, string(encodeEntry("uid=ada", shown...).Bytes())))
			}
			return m.op == ldap.ApplicationModifyRequest
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		for _, test := range []struct {
			read []string
			want []string // asked for
		}{
			{[]string{"mail"}, []string{"mail", "entryCSN"}},
			{[]string{"mail", "entrycsn"}, []string{"mail", "entrycsn"}},
			{nil, []string{"entryCSN"}}, // whoever takes the change back later goes by the version
		} {
			got := c.Execute(t.Context(), modifyMail("uid=ada"), test.read)
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			if d := cmp.Diff(test.want, asked); d != "" {
				t.Errorf("reading %v: %s", test.read, d)
			}
			if d := cmp.Diff(&ldif.Entry{DN: "uid=ada", Attributes: shown}, got.Steps[0].Left); d != "" {
				t.Errorf("reading %v: %s", test.read, d)
			}
		}
	})
}

// TestFoundAnother: a change that is not asserted, and that found what it was not planned on, is taken back, and lost a race.
func TestFoundAnother(t *testing.T) {
	ds389 := []ldif.Attribute{{Name: "supportedControl", Values: []string{controlPreRead}}}
	one := func(name string, values ...string) ldif.Attribute { return ldif.Attribute{Name: name, Values: values} }
	add := ldif.Mod{Op: ldif.AddValues, Name: "title", Values: []string{"Chief"}}
	remove := ldif.Mod{Op: ldif.DeleteValues, Name: "title", Values: []string{"Clerk"}}
	fax := ldif.Mod{Op: ldif.ReplaceValues, Name: "fax", Values: []string{"1", "2"}}
	member := ldif.Mod{Op: ldif.AddValues, Name: "member", Values: []string{"uid=x"}, Settled: true}
	password := ldif.Mod{Op: ldif.ReplaceValues, Name: "userPassword", Values: []string{"Secret-123"}}
	clerk, oneFax := []ldif.Attribute{one("title", "Clerk")}, []ldif.Attribute{one("fax", "1")}
	for name, test := range map[string]struct {
		root    []ldif.Attribute
		mods    []ldif.Mod
		planned []ldif.Attribute // on what
		found   []ldif.Attribute // by the change; nil: it is not shown
		refuse  bool             // what is to take it back
		asked   string
		back    string // what takes it back
		want    reason.Reason
		state   ldif.State
	}{
		"as it was read": {ds389, []ldif.Mod{remove, add}, clerk, clerk, false, "title", "", reason.None, ldif.Done},
		"another beside it": {
			ds389,
			[]ldif.Mod{remove, add, member, password},
			clerk,
			[]ldif.Attribute{one("title", "Head", "Clerk")},
			false, "title",
			"delete title Chief, add title Clerk", reason.LostRace, ldif.TakenBack,
		},
		"another in a replaced one": {
			ds389,
			[]ldif.Mod{fax},
			oneFax,
			[]ldif.Attribute{one("fax", "1", "3")},
			false, "fax", "replace fax 1 3",
			reason.LostRace, ldif.TakenBack,
		},
		"a replaced one gone": {
			ds389, []ldif.Mod{fax}, oneFax, []ldif.Attribute{}, false, "fax", "replace fax ", reason.LostRace, ldif.TakenBack,
		},
		"another in one that goes": {
			ds389,
			[]ldif.Mod{{Op: ldif.DeleteValues, Name: "title"}},
			clerk,
			[]ldif.Attribute{one("title", "Clerk", "Head")},
			false, "title",
			"add title Clerk Head", reason.LostRace, ldif.TakenBack,
		},
		"another gone": {ds389, []ldif.Mod{add}, clerk, []ldif.Attribute{}, false, "title", "", reason.None, ldif.Done},
		"it cannot be taken back": {
			ds389,
			[]ldif.Mod{add},
			clerk,
			[]ldif.Attribute{one("title", "Head")},
			true, "title", "delete title Chief",
			reason.PartlyDone, ldif.Stands,
		},
		"planned on nothing": {ds389, []ldif.Mod{member, password}, nil, nil, false, "", "", reason.None, ldif.Done},
		"not shown":          {ds389, []ldif.Mod{add}, clerk, nil, false, "title", "", reason.None, ldif.Done},
		"asserted":           {openLDAP, []ldif.Mod{add}, clerk, nil, false, "", "", reason.None, ldif.Done},
		"not announced":      {nil, []ldif.Mod{add}, clerk, nil, false, "", "", reason.None, ldif.Done},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked, back := "", ""
				p := &peer{root: test.root, script: func(s *session, m message) bool {
					switch {
					case m.op != ldap.ApplicationModifyRequest:
						return false
					case m.nth == 1:
						asked = strings.Join(m.reads(controlPreRead), " ")
						var shown []ldap.Control
						if test.found != nil {
							entry := encodeEntry("uid=ada", test.found...)
							shown = []ldap.Control{ldap.NewControlString(controlPreRead, false, string(entry.Bytes()))}
						}
						s.result(m, 0, "", shown...)
						return true
					}
					var mods []string
					for _, mod := range m.changes() {
						mods = append(mods, fmt.Sprintf("%s %s %s", mod.Op, mod.Name, strings.Join(mod.Values, " ")))
					}
					back = strings.Join(mods, ", ")
					if test.refuse {
						s.result(m, ldap.LDAPResultUnwillingToPerform, "not now")
					}
					return test.refuse
				}}
				c := network{"a": p}.client(t, "a")
				defer c.Close()
				condition := ldif.Condition{ID: ada, Found: test.planned}
				got := c.Execute(t.Context(), steps(ldif.Change{Kind: ldif.Modify, DN: "uid=ada", Mods: test.mods, If: condition}), nil)
				if reasonOf(got.Err) != test.want || got.Steps[0].State != test.state || asked != test.asked || back != test.back {
					t.Errorf("%v, %s, pre-read of %q, taken back by %q", got.Err, got.Steps[0].State, asked, back)
				}
			})
		})
	}
}

// group is a scripted Active Directory group that answers 68 and 53 as a whole, as Samba and Windows do.
func group(members map[string]bool, sent *[]string) func(*session, message) bool {
	return func(s *session, m message) bool {
		switch m.op {
		case ldap.ApplicationModifyRequest:
			for _, mod := range m.changes() {
				*sent = append(*sent, fmt.Sprintf("%s %s %s", mod.Op, mod.Name, strings.Join(mod.Values, " ")))
				for _, v := range mod.Values {
					switch {
					case mod.Op == ldif.AddValues && members[v]:
						s.result(m, ldap.LDAPResultEntryAlreadyExists, "00000562: UpdErr: DSID-031A11E2")
						return true
					case mod.Op == ldif.DeleteValues && !members[v]:
						s.result(m, ldap.LDAPResultUnwillingToPerform, "00000561: SvcErr: DSID-031A1236")
						return true
					}
				}
			}
			return false
		case ldap.ApplicationSearchRequest:
			if m.target() == "" {
				return false
			}
			if m.request.Children[1].Value == int64(ldap.ScopeBaseObject) {
				s.entry(m, "CN=Staff,DC=ad,DC=test")
				s.result(m, 0, "")
				return true
			}
			for v := range members {
				id, _ := ldif.ActiveDirectory.Traits().IDNamed(v)
				raw := ldif.ActiveDirectory.Traits().IDValue(id)
				if strings.Contains(string(m.request.Bytes()), raw) {
					s.entry(m, "CN=x,DC=ad,DC=test", ldif.Attribute{Name: "objectGUID", Values: []string{raw}})
				}
			}
			s.result(m, 0, "")
			return true
		}
		return false
	}
}

func TestSettledMembersOnActiveDirectory(t *testing.T) {
	guid := func(n int) string { return fmt.Sprintf("<GUID=4c6f7a10-0102-0304-0506-0708090a0b%02x>", n) }
	for name, test := range map[string]struct {
		add, remove []int
		want        []string // sent
		err         reason.Reason
	}{
		"new ones":      {[]int{7, 8}, nil, []string{"add member " + guid(7) + " " + guid(8)}, reason.None},
		"a present one": {[]int{1, 7}, nil, []string{"add member " + guid(1) + " " + guid(7), "add member " + guid(7)}, reason.None},
		"only present":  {[]int{1, 2}, nil, []string{"add member " + guid(1) + " " + guid(2)}, reason.None},
		"only absent":   {nil, []int{9}, []string{"delete member " + guid(9)}, reason.None},
		"one absent": {
			nil, []int{1, 9}, []string{"delete member " + guid(1) + " " + guid(9), "delete member " + guid(1)}, reason.None,
		},
		"both directions": {
			[]int{2, 7},
			[]int{1, 9},
			[]string{"add member " + guid(2) + " " + guid(7), "add member " + guid(7), "delete member " + guid(1)},
			reason.None,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []string
				p := &peer{root: activeDirectory, script: group(map[string]bool{guid(1): true, guid(2): true}, &sent)}
				c := network{"a": p}.client(t, "a")
				defer c.Close()
				var mods []ldif.Mod
				mod := func(op ldif.ModOp, ns []int) {
					m := ldif.Mod{Op: op, Name: "member", Settled: true}
					for _, n := range ns {
						m.Values = append(m.Values, guid(n))
					}
					if len(ns) > 0 {
						mods = append(mods, m)
					}
				}
				mod(ldif.AddValues, test.add)
				mod(ldif.DeleteValues, test.remove)
				plan := ldif.Plan{Steps: []ldif.Step{{Change: ldif.Change{Kind: ldif.Modify, DN: "CN=Staff,DC=ad,DC=test", Mods: mods}}}}
				err := c.Execute(t.Context(), plan, nil).Err
				if reasonOf(err) != test.err {
					t.Fatal(err)
				}
				if d := cmp.Diff(test.want, sent); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestSettledReadInRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var added [][]string
		p := &peer{root: activeDirectory, script: func(s *session, m message) bool {
			switch m.op {
			case ldap.ApplicationModifyRequest:
				added = append(added, m.changes()[0].Values)
				if m.nth == 1 {
					s.result(m, ldap.LDAPResultAttributeOrValueExists, "")
					return true
				}
			case ldap.ApplicationSearchRequest:
				if m.target() == "" {
					return false
				}
				switch asked := text(m.request.Children[7].Children[0]); asked {
				case "proxyAddresses":
					part := ldif.Attribute{Name: "proxyAddresses;range=0-1", Values: []string{"a", "b"}}
					s.entry(m, "cn=x", ldif.Attribute{Name: "proxyAddresses"}, part)
				case "proxyAddresses;range=1-*":
					s.entry(m, "cn=x", ldif.Attribute{Name: "proxyAddresses;Range=1-3", Values: []string{"b", "c", "d"}})
				case "proxyAddresses;range=3-*":
					s.entry(m, "cn=x", ldif.Attribute{Name: "proxyAddresses;range=3-*", Values: []string{"d", "e"}})
				default:
					t.Errorf("asked for %q", asked)
				}
			}
			return false
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		plan := ldif.Plan{Steps: []ldif.Step{{Change: ldif.Change{Kind: ldif.Modify, DN: "cn=x", Mods: []ldif.Mod{
			{Op: ldif.AddValues, Name: "proxyAddresses", Values: []string{"new", "b", "e"}, Settled: true},
		}}}}}
		if err := c.Execute(t.Context(), plan, nil).Err; err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([][]string{{"new", "b", "e"}, {"new"}}, added); d != "" {
			t.Error(d)
		}
	})
}

func TestTakeBackOutlivesTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		server, err := c.Server(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		change := modifyMail("uid=ada").Steps[0].Change
		cause := &Error{Reason: reason.Unavailable}
		receipt := ldif.NewReceipt(ldif.Plan{Steps: []ldif.Step{{Change: change, Inverse: &change}, {Change: change}}})
		receipt.Steps[0].State = ldif.Done
		err = (&run{client: c, server: server}).takeBack(gone, receipt, 1, cause)
		if err != cause || receipt.Steps[0].State != ldif.TakenBack || p.count(ldap.ApplicationModifyRequest) != 1 {
			t.Errorf("got %v after %d modifies", err, p.count(ldap.ApplicationModifyRequest))
		}
	})
}

// TestMadeHasGone: what a plan made and another has renamed, or deleted, is not taken back by its name: that may be somebody else's.
func TestMadeHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationSearchRequest || m.target() != "uid=ada" {
				return false
			}
			s.result(m, ldap.LDAPResultNoSuchObject, "")
			return true
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		made := ldif.Condition{Made: true}
		change := modifyMail("uid=ada").Steps[0].Change
		change.If = made
		receipt := c.Execute(t.Context(), ldif.Plan{Steps: []ldif.Step{
			{Change: ldif.Change{Kind: ldif.Add, DN: "uid=ada"}, Inverse: &ldif.Change{Kind: ldif.Delete, DN: "uid=ada", If: made}},
			{Change: change},
		}}, nil)
		wantReason(t, receipt.Err, reason.LostRace)
		if n := p.count(ldap.ApplicationDelRequest); n != 0 || receipt.Steps[0].State != ldif.Stands {
			t.Errorf("%d deletes, %+v", n, receipt.Steps)
		}
	})
}

func TestEnumerate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pages []int // the connection of each page
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationSearchRequest {
				return false
			}
			paging := (*ldap.ControlPaging)(nil)
			if len(m.packet.Children) > 2 {
				c, _ := ldap.DecodeControl(m.packet.Children[2].Children[0])
				paging, _ = c.(*ldap.ControlPaging)
			}
			if paging == nil {
				s.result(m, ldap.LDAPResultSizeLimitExceeded, "")
				return true
			}
			pages = append(pages, s.nth)
			n := len(paging.Cookie)
			s.entry(m, fmt.Sprintf("uid=%d", n), ldif.Attribute{Name: "uid", Values: []string{"x"}})
			next := ldap.NewControlPaging(0)
			if n < 2 {
				next.SetCookie([]byte(strings.Repeat("c", n+1)))
			}
			s.result(m, 0, "", next)
			return true
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		found, err := c.Search(t.Context(), anyone) // the server's size limit makes it page
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 3 || found[2].DN != "uid=2" || !cmp.Equal(pages, []int{2, 2, 2}) {
			t.Errorf("got %d entries over the connections %v", len(found), pages)
		}
		enough := errors.New("enough")
		if err := c.Enumerate(t.Context(), anyone, func(*ldif.Entry) error { return enough }); err != enough {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if len(p.open) != 1 {
			t.Errorf("%d connections are left", len(p.open))
		}
	})
}

func TestServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := &peer{root: append([]ldif.Attribute{{Name: "subschemaSubentry", Values: []string{"cn=Subschema"}}}, openLDAP...)}
		first.script = func(s *session, m message) bool {
			if m.op == ldap.ApplicationSearchRequest && m.target() == "cn=Subschema" {
				types := []string{"( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) )", "nonsense"}
				s.entry(m, "cn=Subschema", ldif.Attribute{Name: "attributeTypes", Values: types})
				s.result(m, 0, "")
				return true
			}
			return false
		}
		second := &peer{root: activeDirectory}
		c := network{"a": first, "b": second}.client(t, "a", "b")
		defer c.Close()
		for range 3 {
			s, err := c.Server(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.Traits != ldif.OpenLDAP.Traits() || !s.Controls[controlAssertion] || s.Schema.Canonical("rfc822mailbox") != "mail" {
				t.Errorf("got %+v", s)
			}
		}
		if n := first.count(ldap.ApplicationSearchRequest); n != 2 {
			t.Errorf("asked %d times", n)
		}
		first.kill()
		synctest.Wait()
		if _, err := c.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
		s, err := c.Server(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Traits != ldif.ActiveDirectory.Traits() || s.Default != "DC=ad,DC=test" {
			t.Errorf("the second server was not asked: %+v", s)
		}
	})
}

func TestKind(t *testing.T) {
	for want, attribute := range map[ldif.ServerKind]ldif.Attribute{
		ldif.OpenLDAP:        openLDAP[0],
		ldif.ActiveDirectory: activeDirectory[0],
		ldif.DS389:           {Name: "vendorName", Values: []string{"389 Project"}},
		ldif.Generic:         {Name: "vendorName", Values: []string{"Somebody"}},
	} {
		if got := ldif.KindOf(&ldif.Entry{Attributes: []ldif.Attribute{attribute}}); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(encodeEntry("uid=ada", ldif.Attribute{Name: "mail", Values: []string{"a", ""}}).Bytes())
	f.Add([]byte("\x64\x00"))
	f.Fuzz(func(_ *testing.T, value []byte) {
		if e, err := decodeEntry(value); err == nil && e == nil {
			panic("neither entry nor error")
		}
	})
}

// TestUnmatched: a server that cannot find by its text what it shows is told to delete the attribute, and no other.
func TestUnmatched(t *testing.T) {
	const never = "000001010000Z"
	swap := []ldif.Mod{
		{Op: ldif.DeleteValues, Name: "pwdAccountLockedTime", Values: []string{never}},
		{Op: ldif.DeleteValues, Name: "title", Values: []string{"old"}},
		{Op: ldif.AddValues, Name: "title", Values: []string{"new"}},
	}
	for name, test := range map[string]struct {
		code  int64
		locks []string // that the server shows
		why   reason.Reason
		want  string
	}{
		"not found":      {16, []string{never}, reason.None, "delete: pwdAccountLockedTime\n-\n"},
		"not understood": {21, []string{never}, reason.None, "delete: pwdAccountLockedTime\n-\n"},
		"another":        {16, []string{"20260102120000Z"}, reason.LostRace, ""},
		"one more":       {16, []string{never, "20260102120000Z"}, reason.LostRace, ""},
		"none":           {16, nil, reason.LostRace, ""},
		"not for that":   {50, []string{never}, reason.Refused, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{script: func(s *session, m message) bool {
					switch {
					case m.op == ldap.ApplicationModifyRequest && len(m.changes()[0].Values) > 0:
						s.result(m, test.code, "")
						return true
					case m.op == ldap.ApplicationSearchRequest && m.target() == "uid=ada":
						s.entry(m, "uid=ada", ldif.Attribute{Name: "pwdAccountLockedTime", Values: test.locks},
							ldif.Attribute{Name: "title", Values: []string{"old", "other"}})
						s.result(m, 0, "")
						return true
					}
					return false
				}}
				c := network{"a": p}.client(t, "a")
				defer c.Close()
				receipt := c.Execute(t.Context(), ldif.Plan{Steps: []ldif.Step{
					{Change: ldif.Change{Kind: ldif.Modify, DN: "uid=ada", Mods: swap}},
				}}, nil)
				wantReason(t, receipt.Err, test.why)
				if sent := receipt.Steps[0].Sent.String(); !strings.Contains(sent, test.want+"delete: title\ntitle: old\n") {
					t.Errorf("sent %s", sent)
				}
			})
		})
	}
}
