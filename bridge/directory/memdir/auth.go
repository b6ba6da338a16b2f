package memdir

import (
	"slices"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Filters for the entries that may not bind: the disabled bit, which a deployment's ACL would read, and the permanent lock, which
// a password policy with lockout would.
var (
	disabled = mustParse("(userAccountControl:1.2.840.113556.1.4.803:=2)")
	locked   = mustParse("(pwdAccountLockedTime=000001010000Z)")
)

func mustParse(text string) *ldif.Filter {
	f, err := ldif.ParseFilter(text)
	if err != nil {
		panic(err)
	}
	return f
}

// bind says who the connection is from now on (RFC 4513 §5.1). A bind that fails leaves it anonymous.
func (c *connection) bind(r request) *result {
	dn, root, outcome := c.server.authenticate(r)
	c.bound.Lock()
	defer c.bound.Unlock()
	c.bound.dn, c.bound.root = dn, root
	return outcome
}

func (s *Server) authenticate(r request) (dn string, root bool, outcome *result) {
	refused := &result{code: ldap.LDAPResultInvalidCredentials} // the same for every cause
	switch {
	case r.bind.version != 3:
		return "", false, fail(ldap.LDAPResultProtocolError, "historical protocol version requested, use LDAPv3 instead")
	case !r.bind.simple:
		return "", false, fail(ldap.LDAPResultAuthMethodNotSupported, "only simple authentication is supported")
	case r.dn == "":
		return "", false, success
	case r.bind.password == "":
		return "", false, fail(ldap.LDAPResultUnwillingToPerform, "unauthenticated bind (DN with no password) disallowed")
	}
	n, err := s.tree.schema.parseName(r.dn)
	if err != nil {
		return "", false, fail(ldap.LDAPResultInvalidDNSyntax, "invalid DN")
	}
	if s.root.key != "" && n.key == s.root.key {
		if r.bind.password != s.rootPassword {
			return "", false, refused
		}
		return s.root.text, true, success
	}
	e, failed := s.tree.entry(n)
	if failed != nil {
		return "", false, refused
	}
	schema := s.tree.schema.Subschema
	if !slices.Contains(e.Values("userPassword"), r.bind.password) || disabled.Matches(e, schema) || locked.Matches(e, schema) {
		return "", false, refused
	}
	return e.DN, false, success
}

// compare answers whether the entry holds the value (RFC 4511 §4.10).
func (c *connection) compare(r request, with controls) *result {
	t := c.server.tree
	n, err := t.schema.parseName(r.dn)
	if err != nil {
		return fail(ldap.LDAPResultInvalidDNSyntax, "invalid DN")
	}
	def := t.schema.Attribute(r.compare.Name)
	if def == nil {
		return &result{code: ldap.LDAPResultUndefinedAttributeType}
	}
	if def.Equality == "" {
		return fail(ldap.LDAPResultInappropriateMatching, "inappropriate matching request")
	}
	value := r.compare.Values[0]
	if _, ok := t.schema.pretty(def, value); !ok {
		return fail(ldap.LDAPResultInvalidAttributeSyntax, "value does not conform to assertion syntax")
	}
	e, failed := t.entry(n)
	if failed != nil {
		return failed
	}
	if failed := t.assert(&record{Entry: *e}, writer{assertion: with.assertion}); failed != nil {
		return failed
	}
	values := e.Values(t.schema.Canonical(r.compare.Name))
	switch {
	case len(values) == 0:
		return &result{code: ldap.LDAPResultNoSuchAttribute}
	case slices.ContainsFunc(values, func(v string) bool { return ldif.Equal(t.schema.Subschema, r.compare.Name, v, value) }):
		return &result{code: ldap.LDAPResultCompareTrue}
	}
	return &result{code: ldap.LDAPResultCompareFalse}
}

// extended answers Who am I? (RFC 4532), sets passwords (RFC 3062), and refuses all else.
func (c *connection) extended(r request) (*result, []*ber.Packet) {
	unsupported := fail(ldap.LDAPResultProtocolError, "unsupported extended operation")
	switch r.oid {
	case whoAmIExtension:
		identity := c.who()
		if identity != "" {
			identity = "dn:" + identity
		}
		return success, []*ber.Packet{ber.NewString(ber.ClassContext, ber.TypePrimitive, 11, identity, "")}
	case passwordModify:
		outcome, _ := c.write(r, controls{})
		return outcome, nil
	case startTLSExtension:
		return unsupported, []*ber.Packet{ber.NewString(ber.ClassContext, ber.TypePrimitive, 10, startTLSExtension, "")}
	}
	return unsupported, nil
}
