package memdir_test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory/memdir"
)

const (
	assertion     = "1.3.6.1.1.12"
	preRead       = "1.3.6.1.1.13.1"
	postRead      = "1.3.6.1.1.13.2"
	permissive    = "1.2.840.113556.1.4.1413"
	matchedValues = "1.2.826.0.1.3344810.2.3"
)

// raw is one request put together by hand, with its controls: go-ldap shows the response controls of a modify only.
type raw struct {
	name     string
	op       *ber.Packet
	controls []*ber.Packet
	want     string
}

func octets(v string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, v, "")
}

func sequence(items ...*ber.Packet) *ber.Packet {
	p := ber.NewSequence("")
	for _, item := range items {
		p.AppendChild(item)
	}
	return p
}

func application(tag ber.Tag, items ...*ber.Packet) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	for _, item := range items {
		p.AppendChild(item)
	}
	return p
}

func integer(n int) *ber.Packet {
	return ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, n, "")
}

func boolean(b bool) *ber.Packet {
	return ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, b, "")
}

// tagged is a string under the context tag 0: a bind's password, an extended operation's name.
func tagged(v string) *ber.Packet {
	return ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, v, "")
}

func enumerated(n int) *ber.Packet {
	return ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, n, "")
}

func set(values ...string) *ber.Packet {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	for _, v := range values {
		p.AppendChild(octets(v))
	}
	return p
}

func rawAdd(dn string, lines ...string) *ber.Packet {
	list := sequence()
	for _, a := range attributes(lines) {
		list.AppendChild(sequence(octets(a.Type), set(a.Vals...)))
	}
	return application(ldap.ApplicationAddRequest, octets(dn), list)
}

func rawModify(dn string, lines ...string) *ber.Packet {
	list := sequence()
	for _, change := range modifyRequest(dn, lines, nil).Changes {
		attribute := sequence(octets(change.Modification.Type), set(change.Modification.Vals...))
		list.AppendChild(sequence(enumerated(int(change.Operation)), attribute))
	}
	return application(ldap.ApplicationModifyRequest, octets(dn), list)
}

func rawDelete(dn string) *ber.Packet {
	return ber.NewString(ber.ClassApplication, ber.TypePrimitive, ldap.ApplicationDelRequest, dn, "")
}

func rawRename(dn, rdn string) *ber.Packet {
	return application(ldap.ApplicationModifyDNRequest, octets(dn), octets(rdn), boolean(true))
}

func rawSearch(base, filter string, names ...string) *ber.Packet {
	f, err := ldap.CompileFilter(filter)
	if err != nil {
		panic(err)
	}
	selection := sequence()
	for _, name := range names {
		selection.AppendChild(octets(name))
	}
	return application(ldap.ApplicationSearchRequest, octets(base), enumerated(ldap.ScopeBaseObject), enumerated(0),
		integer(0), integer(0), boolean(false), f, selection)
}

func rawBind(dn, password string) *ber.Packet {
	return application(ldap.ApplicationBindRequest, integer(3), octets(dn), tagged(password))
}

func control(oid string, critical bool, value *ber.Packet) *ber.Packet {
	p := sequence(octets(oid))
	if critical {
		p.AppendChild(boolean(true))
	}
	if value != nil {
		p.AppendChild(octets(string(value.Bytes())))
	}
	return p
}

func asserts(filter string) *ber.Packet {
	f, err := ldap.CompileFilter(filter)
	if err != nil {
		panic(err)
	}
	return control(assertion, true, f)
}

func reads(oid string, names ...string) *ber.Packet {
	selection := sequence()
	for _, name := range names {
		selection.AppendChild(octets(name))
	}
	return control(oid, true, selection)
}

func valueFilter(filters ...string) *ber.Packet {
	list := sequence()
	for _, text := range filters {
		f, err := ldap.CompileFilter(text)
		if err != nil {
			panic(err)
		}
		list.AppendChild(f)
	}
	return control(matchedValues, true, list)
}

// exchange sends a request and returns its answer as text: entries, result, and the entries in the read controls.
func exchange(t *testing.T, conn net.Conn, id int, r raw) string {
	t.Helper()
	message := sequence(integer(id), r.op)
	if len(r.controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range r.controls {
			list.AppendChild(c)
		}
		message.AppendChild(list)
	}
	if _, err := conn.Write(message.Bytes()); err != nil {
		t.Fatal(err)
	}
	text := ""
	for {
		p, err := ber.ReadPacket(conn)
		if err != nil {
			t.Fatal(err)
		}
		op := p.Children[1]
		if op.Tag == ldap.ApplicationSearchResultEntry {
			text += readEntry(op) + " "
			continue
		}
		text += strings.TrimSpace(outcome(&ldap.Error{
			ResultCode: uint16(op.Children[0].Value.(int64)), MatchedDN: op.Children[1].Value.(string),
			Err: errors.New(op.Children[2].Value.(string)),
		}))
		if len(p.Children) > 2 {
			for _, c := range p.Children[2].Children {
				oid := c.Children[0].Value.(string)
				value := c.Children[len(c.Children)-1].Data.Bytes()
				text += map[string]string{preRead: " before ", postRead: " after "}[oid] + readEntry(ber.DecodePacket(value))
			}
		}
		return text
	}
}

func readEntry(p *ber.Packet) string {
	text := "[" + p.Children[0].Value.(string)
	for _, a := range p.Children[1].Children {
		var values []string
		for _, v := range a.Children[1].Children {
			values = append(values, v.Value.(string))
		}
		text += " " + a.Children[0].Value.(string) + "=" + strings.Join(values, "|")
	}
	return text + "]"
}

var x = "uid=x," + people

var exchanges = []raw{
	{"bind", rawBind(rootDN, rootPassword), nil, "0"},
	{
		"add with post-read", rawAdd(x, "objectClass: account", "uid: x", "description: d"),
		[]*ber.Packet{reads(postRead, "surname", "description", "structuralObjectClass")},
		"0 after [uid=x,ou=people,dc=example,dc=org description=d structuralObjectClass=account]",
	},
	{
		"add with pre-read", rawAdd("uid=y,"+people, "objectClass: account", "uid: y"),
		[]*ber.Packet{reads(preRead, "uid")},
		"12 critical extension is unavailable",
	},
	{"add asserting itself", rawAdd("uid=z,"+people, "objectClass: account", "uid: z"), []*ber.Packet{asserts("(uid=z)")}, "0"},
	{"add asserting wrongly", rawAdd("uid=w,"+people, "objectClass: account", "uid: w"), []*ber.Packet{asserts("(uid=z)")}, "122"},
	{
		"modify with both", rawModify(x, "replace description: e"),
		[]*ber.Packet{reads(preRead, "description"), reads(postRead, "description", "uid")},
		"0 before [uid=x,ou=people,dc=example,dc=org description=d] after [uid=x,ou=people,dc=example,dc=org uid=x description=e]",
	},
	{
		"read a password", rawModify(ann, "replace title: x"),
		[]*ber.Packet{reads(postRead, "userPassword")},
		"0 after [uid=ann,ou=people,dc=example,dc=org userPassword=annsecret]",
	},
	{
		"modify with an empty selection", rawModify(x, "replace description: f"),
		[]*ber.Packet{reads(postRead)},
		"0 after [uid=x,ou=people,dc=example,dc=org objectClass=account uid=x description=f]",
	},
	{
		"modify reading nothing", rawModify(x, "replace description: f"),
		[]*ber.Packet{reads(postRead, "1.1")},
		"0 after [uid=x,ou=people,dc=example,dc=org]",
	},
	{"modify that fails", rawModify(x, "replace nope: f"), []*ber.Packet{reads(postRead)}, "17 nope: attribute type undefined"},
	{"modify under an assertion", rawModify(x, "replace description: g"), []*ber.Packet{asserts("(description=f)")}, "0"},
	{"modify under a false one", rawModify(x, "replace description: h"), []*ber.Packet{asserts("(description=f)")}, "122"},
	{
		"modify under an undefined one", rawModify(x, "replace description: h"),
		[]*ber.Packet{asserts("(!(facsimileTelephoneNumber=1))")},
		"122",
	},
	{
		"modify of nothing under an assertion", rawModify("uid=none,"+people, "replace description: h"),
		[]*ber.Packet{asserts("(description=f)")},
		"32 (matched ou=people,dc=example,dc=org)",
	},
	{"a bad modify under a false one", rawModify(x, "delete pager"), []*ber.Packet{asserts("(description=f)")}, "122"},
	{
		"rename with both", rawRename(x, "uid=xx"),
		[]*ber.Packet{reads(preRead, "uid"), reads(postRead, "uid", "entryDN")},
		"0 before [uid=x,ou=people,dc=example,dc=org uid=x] " +
			"after [uid=xx,ou=people,dc=example,dc=org uid=xx entryDN=uid=xx,ou=people,dc=example,dc=org]",
	},
	{"rename under a false assertion", rawRename("uid=xx,"+people, "uid=x"), []*ber.Packet{asserts("(uid=x)")}, "122"},
	{"rename under a true one", rawRename("uid=xx,"+people, "uid=x"), []*ber.Packet{asserts("(uid=xx)")}, "0"},
	{"delete under a false assertion", rawDelete(x), []*ber.Packet{asserts("(uid=xx)")}, "122"},
	{
		"delete with pre-read", rawDelete(x),
		[]*ber.Packet{asserts("(uid=x)"), reads(preRead, "uid", "description")},
		"0 before [uid=x,ou=people,dc=example,dc=org description=g uid=x]",
	},
	{
		"delete with post-read", rawDelete("uid=y," + people),
		[]*ber.Packet{reads(postRead, "uid", "description")},
		"12 critical extension is unavailable",
	},
	{
		"an assertion twice", rawModify(ann, "replace title: x"),
		[]*ber.Packet{asserts("(uid=ann)"), asserts("(uid=ann)")},
		"2 assert control specified multiple times",
	},
	{
		"an unknown critical control", rawModify(ann, "replace title: x"),
		[]*ber.Packet{control("1.2.3.4", true, nil)},
		"12 critical extension is not recognized",
	},
	{"an unknown control", rawModify(ann, "replace title: x"), []*ber.Packet{control("1.2.3.4", false, nil)}, "0"},
	{
		"paging a modify", rawModify(ann, "replace title: x"),
		[]*ber.Packet{control("1.2.840.113556.1.4.319", true, sequence(enumerated(1), octets("")))},
		"12 critical extension is unavailable",
	},
	{
		"an assertion without a filter", rawModify(ann, "replace title: x"),
		[]*ber.Packet{control(assertion, true, nil)},
		"2 assert control value is absent",
	},
	{"a member again, permissively", rawModify(staff, "add member: "+ann), []*ber.Packet{control(permissive, true, nil)}, "0"},
	{
		"a member again beside a new one", rawModify(staff, "add member: "+ann, "add member: uid=new,"+people),
		[]*ber.Packet{control(permissive, true, nil), reads(postRead, "member")},
		"0 after [cn=staff,ou=groups,dc=example,dc=org member=uid=ann,ou=people,dc=example,dc=org|" +
			"uid=bob,ou=people,dc=example,dc=org|uid=new,ou=people,dc=example,dc=org]",
	},
	{
		"a missing member, permissively", rawModify(staff, "delete member: uid=none,"+people),
		[]*ber.Packet{control(permissive, true, nil)},
		"16",
	},
	{"a missing attribute, permissively", rawModify(ann, "delete pager"), []*ber.Packet{control(permissive, true, nil)}, "0"},
	{"manage DSA", rawModify(staff, "delete member: uid=new,"+people), []*ber.Packet{control("2.16.840.1.113730.3.4.2", true, nil)}, "0"},
	{
		"matched values", rawSearch(staff, "(objectClass=*)", "member", "cn"),
		[]*ber.Packet{valueFilter("(member="+ann+")", "(member=uid=none,"+people+")")},
		"[cn=staff,ou=groups,dc=example,dc=org member=uid=ann,ou=people,dc=example,dc=org] 0",
	},
	{
		"matched values of two attributes", rawSearch(ann, "(objectClass=*)", "mail", "description", "uid"),
		[]*ber.Packet{valueFilter("(mail=ann*)", "(uid=*)")},
		"[uid=ann,ou=people,dc=example,dc=org uid=ann mail=ann@example.org] 0",
	},
	{
		"a matched value that another attribute has", rawSearch(ann, "(objectClass=*)", "cn", "displayName"),
		[]*ber.Packet{valueFilter("(displayName=Ann Example)", "(cn=Ann)")},
		"[uid=ann,ou=people,dc=example,dc=org] 0",
	},
	{
		"no value matched", rawSearch(staff, "(objectClass=*)", "member", "cn"),
		[]*ber.Packet{valueFilter("(member=uid=none," + people + ")")},
		"[cn=staff,ou=groups,dc=example,dc=org] 0",
	},
	{
		"search under an assertion", rawSearch(ann, "(objectClass=*)", "uid"),
		[]*ber.Packet{asserts("(uid=ann)")},
		"[uid=ann,ou=people,dc=example,dc=org uid=ann] 0",
	},
	{"search under a false one", rawSearch(ann, "(objectClass=*)", "uid"), []*ber.Packet{asserts("(uid=bob)")}, "122"},
	{
		"types", rawSearch(ann, "(objectClass=*)", "*", "structuralObjectClass"), nil,
		"[uid=ann,ou=people,dc=example,dc=org objectClass=inetOrgPerson|scimbridgeUser uid=ann cn=Ann Example " +
			"cn;lang-de=Anna Beispiel sn=Example displayName=Ann mail=ann@example.org|a.example@example.org " +
			"telephoneNumber=+49 30 123-456 facsimileTelephoneNumber=+49 30 999 userAccountControl=512 userPassword=annsecret " +
			"description=first|Second  Line structuralObjectClass=inetOrgPerson title=x] 0",
	},
	{
		"StartTLS", application(ldap.ApplicationExtendedRequest, tagged("1.3.6.1.4.1.1466.20037")), nil,
		"2 unsupported extended operation",
	},
	{
		"an unknown extension", application(ldap.ApplicationExtendedRequest, tagged("1.2.3")), nil,
		"2 unsupported extended operation",
	},
	{
		"version 2", application(ldap.ApplicationBindRequest, integer(2), octets(""), tagged("")), nil,
		"2 historical protocol version requested, use LDAPv3 instead",
	},
}

func TestControls(t *testing.T) {
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(peer.url(t), "ldap://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for i, r := range exchanges {
				if got := exchange(t, conn, i+1, r); got != r.want {
					t.Errorf("%s:\n got %s\nwant %s", r.name, got, r.want)
				}
			}
		})
	}
}

// TestPaging reads every entry in pages, and shows that one paged search is under way at a time.
func TestPaging(t *testing.T) {
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			c := bound(t, peer.url(t))
			page := func(cookie []byte, size uint32) ([]string, []byte, error) {
				paging := ldap.NewControlPaging(size)
				paging.SetCookie(cookie)
				request := searchRequest("dc=example,dc=org", ldap.ScopeWholeSubtree, "(objectClass=*)", "1.1")
				request.Controls = []ldap.Control{paging}
				found, err := c.Search(request)
				if err != nil {
					return nil, nil, err
				}
				var dns []string
				for _, e := range found.Entries {
					dns = append(dns, e.DN)
				}
				return dns, ldap.FindControl(found.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging).Cookie, nil
			}
			first, cookie, err := page(nil, 4)
			if err != nil || len(first) != 4 || len(cookie) == 0 {
				t.Fatalf("first page: %v, cookie %x, %v", first, cookie, err)
			}
			second, last, err := page(cookie, 4)
			if err != nil || len(second) != 2 || len(last) != 0 {
				t.Fatalf("second page: %v, cookie %x, %v", second, last, err)
			}
			all := slices.Concat(first, second)
			slices.Sort(all)
			if len(slices.Compact(all)) != 6 {
				t.Errorf("pages %v and %v repeat an entry", first, second)
			}
			if _, _, err := page(cookie, 4); !ldap.IsErrorWithCode(err, ldap.LDAPResultProtocolError) {
				t.Errorf("a cookie after the last page: %v", err)
			}
			_, cookie, _ = page(nil, 2)
			page(nil, 3)
			if _, _, err := page(cookie, 2); !ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform) {
				t.Errorf("the first search's cookie under a second: %v", err)
			}
			exact, cookie, err := page(nil, 6)
			if err != nil || len(exact) != 6 || len(cookie) != 0 {
				t.Errorf("a page that holds all: %d entries, cookie %x, %v", len(exact), cookie, err)
			}
			limited := searchRequest("dc=example,dc=org", ldap.ScopeWholeSubtree, "(objectClass=*)")
			limited.SizeLimit = 2
			found, err := c.Search(limited)
			if !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) || len(found.Entries) != 2 {
				t.Errorf("size limit: %v", err)
			}
		})
	}
}

// TestTypesOnly returns descriptions without values.
func TestTypesOnly(t *testing.T) {
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			c := bound(t, peer.url(t))
			request := searchRequest(bob, ldap.ScopeBaseObject, "(objectClass=*)", "uid", "mail", "sn")
			request.TypesOnly = true
			found, err := c.Search(request)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, a := range found.Entries[0].Attributes {
				if len(a.Values) > 0 {
					t.Errorf("%s has values %q", a.Name, a.Values)
				}
				names = append(names, a.Name)
			}
			if diff := cmp.Diff([]string{"uid", "sn"}, names); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var peers = []struct {
	name string
	url  func(*testing.T) string
}{
	{"memdir", func(t *testing.T) string { return start(t, memdir.Options{}).URL() }},
	{"slapd", slapd},
}
