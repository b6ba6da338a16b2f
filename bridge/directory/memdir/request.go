package memdir

import (
	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// request is an operation as a client asks for it.
type request struct {
	name     string // as Counts and Fault know it
	response ber.Tag
	dn       string

	change  ldif.Change // add, modify, modrdn, delete
	search  search
	bind    bindRequest
	compare ldif.Attribute // one value
	oid     string         // extended
	failed  *result        // the request is well-formed, but cannot be
}

type search struct {
	scope     int
	sizeLimit int
	typesOnly bool
	filter    *ldif.Filter
	selection []string
}

type bindRequest struct {
	version  int64
	simple   bool
	password string
}

// incrementValues is the modification of RFC 4525, which LDIF has no word for.
const incrementValues ldif.ModOp = "increment"

// decodeRequest reads the operation of a message (RFC 4511 §4.2 to §4.12); not ok says that it is malformed.
func decodeRequest(op *ber.Packet) (r request, ok bool) {
	c := children(op)
	switch op.Tag {
	case ldap.ApplicationBindRequest:
		r = request{name: "bind", response: ldap.ApplicationBindResponse}
		r.bind.version = c.number()
		r.dn = c.octets()
		if password := c.next(); password.ClassType == ber.ClassContext && password.Tag == 0 {
			r.bind.simple, r.bind.password = true, content(password)
		}
	case ldap.ApplicationUnbindRequest:
		r = request{name: "unbind"}
	case ldap.ApplicationAbandonRequest:
		r = request{name: "abandon"}
	case ldap.ApplicationSearchRequest:
		r = request{name: "search", response: ldap.ApplicationSearchResultDone}
		decodeSearch(c, &r)
	case ldap.ApplicationModifyRequest:
		r = request{name: "modify", response: ldap.ApplicationModifyResponse}
		decodeModify(c, &r)
	case ldap.ApplicationAddRequest:
		r = request{name: "add", response: ldap.ApplicationAddResponse, dn: c.octets()}
		r.change = ldif.Change{Kind: ldif.Add, DN: r.dn}
		for list := c.list(); len(list.rest) > 0 && !c.bad; {
			r.change.Entry = append(r.change.Entry, decodeAttribute(list, c))
		}
	case ldap.ApplicationDelRequest:
		r = request{name: "delete", response: ldap.ApplicationDelResponse, dn: content(op)}
		r.change = ldif.Change{Kind: ldif.Delete, DN: r.dn}
	case ldap.ApplicationModifyDNRequest:
		r = request{name: "modrdn", response: ldap.ApplicationModifyDNResponse, dn: c.octets()}
		r.change = ldif.Change{Kind: ldif.ModifyDN, DN: r.dn, NewRDN: c.octets(), DeleteOldRDN: c.boolean()}
		if superior := c.context(0); superior != nil {
			r.change.NewSuperior = content(superior)
		}
	case ldap.ApplicationCompareRequest:
		r = request{name: "compare", response: ldap.ApplicationCompareResponse, dn: c.octets()}
		assertion := c.list()
		r.compare = ldif.Attribute{Name: assertion.octets(), Values: []string{assertion.octets()}}
		c.bad = c.bad || assertion.bad
	case ldap.ApplicationExtendedRequest:
		r = request{name: "extended", response: ldap.ApplicationExtendedResponse}
		if oid := c.context(0); oid != nil {
			r.oid = content(oid)
		}
		if value := c.context(1); value != nil && r.oid == passwordModify {
			decodePasswordModify(value, &r)
		}
	default:
		return request{}, false
	}
	return r, !c.bad
}

func decodeSearch(c *cursor, r *request) {
	r.dn = c.octets()
	scope := c.number()
	c.number() // derefAliases: there are none
	size := c.number()
	c.number() // timeLimit
	r.search = search{scope: int(scope), sizeLimit: int(size), typesOnly: c.boolean()}
	var err error
	if r.search.filter, err = ldif.DecodeFilter(c.next()); err != nil {
		c.bad = true
	}
	selection := c.list()
	r.search.selection = selection.strings()
	c.bad = c.bad || selection.bad || scope < ldap.ScopeBaseObject || scope > ldap.ScopeWholeSubtree
}

func decodeModify(c *cursor, r *request) {
	r.dn = c.octets()
	r.change = ldif.Change{Kind: ldif.Modify, DN: r.dn}
	for list := c.list(); len(list.rest) > 0 && !c.bad; {
		item := list.list()
		op := item.number()
		a := decodeAttribute(item, c) // says if any of it is malformed
		c.bad = c.bad || list.bad
		words := []ldif.ModOp{ldif.AddValues, ldif.DeleteValues, ldif.ReplaceValues, incrementValues}
		switch {
		case op < 0 || op >= int64(len(words)):
			r.failed = fail(ldap.LDAPResultProtocolError, "unrecognized modify operation")
		case len(a.Values) == 0 && words[op] == ldif.AddValues, len(a.Values) != 1 && words[op] == incrementValues:
			plural := map[bool]string{true: "s"}[op == ldap.AddAttribute]
			r.failed = fail(ldap.LDAPResultProtocolError, "modify/%s operation requires value%s", words[op], plural)
		default:
			r.change.Mods = append(r.change.Mods, ldif.Mod{Op: words[op], Name: a.Name, Values: a.Values})
		}
	}
}

// decodePasswordModify reads whose password is to be which (RFC 3062 §2); who says neither is refused, and so is who says the old one.
func decodePasswordModify(value *ber.Packet, r *request) {
	r.failed = fail(ldap.LDAPResultUnwillingToPerform, "only a named entry is given a password, and a named one")
	p, err := ber.DecodePacketErr([]byte(content(value)))
	if err != nil {
		r.failed = fail(ldap.LDAPResultProtocolError, "user must be authenticated to change password")
		return
	}
	c := children(p)
	user, old, password := c.context(0), c.context(1), c.context(2)
	if user == nil || old != nil || password == nil {
		return
	}
	r.dn, r.failed = content(user), nil
	r.change = ldif.Change{Kind: ldif.Modify, DN: r.dn, Mods: []ldif.Mod{
		{Op: ldif.ReplaceValues, Name: "userPassword", Values: []string{content(password)}},
	}}
}

// decodeAttribute takes a PartialAttribute off the list.
func decodeAttribute(list, outer *cursor) ldif.Attribute {
	item := list.list()
	a := ldif.Attribute{Name: item.octets()}
	values := item.list()
	a.Values = values.strings()
	outer.bad = outer.bad || list.bad || item.bad || values.bad
	return a
}
