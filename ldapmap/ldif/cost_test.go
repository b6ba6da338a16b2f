package ldif

import "testing"

const (
	plainDN = "uid=ada@contoso.example,ou=people,dc=example,dc=org"
	otherDN = "uid=bea@contoso.example,ou=people,dc=example,dc=org"
)

// pure are the parts that every request goes through, with how often each allocates.
var pure = []struct {
	name        string
	allocations float64
	do          func(*Server)
}{
	{"an attribute by its own name", 0, func(s *Server) { s.Schema.Attribute("objectClass") }},
	{"an attribute in lower case", 0, func(s *Server) { s.Schema.Attribute("objectclass") }},
	{"an attribute in another case", 1, func(s *Server) { s.Schema.Attribute("OBJECTCLASS") }},
	{"a canonical name", 0, func(s *Server) { s.Schema.Canonical("surname") }},
	{"a class", 0, func(s *Server) { s.Schema.Class("inetOrgPerson") }},
	{"a value's key", 0, func(s *Server) { Key(s.Schema, "cn", "ada lovelace") }},
	{"a DN's key", 0, func(s *Server) { s.NormalDN(plainDN) }},
	{"DNs compared", 0, func(s *Server) { s.SameDN(plainDN, otherDN) }},
	{"a DN under a base", 0, func(s *Server) { s.Under(plainDN, "ou=people,dc=example,dc=org") }},
	{"a DN under none", 0, func(s *Server) { s.MayBeUnder(plainDN, "ou=groups,dc=example,dc=org") }},
	{"a filter matched", 1, func(s *Server) { scope.Matches(ada, s.Schema) }},
}

var (
	scope = must(ParseFilter("(&(objectClass=inetOrgPerson)(!(title=gone)))"))
	ada   = &Entry{DN: plainDN, Attributes: []Attribute{
		{"objectClass", []string{"top", "inetOrgPerson"}},
		{"cn", []string{"Ada Lovelace"}},
		{"sn", []string{"Lovelace"}},
		{"uid", []string{"ada@contoso.example"}},
		{"entryCSN", []string{"20260102120000.345678Z#000000#000#000000"}},
	}}
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAllocations(t *testing.T) {
	s := &Server{Traits: OpenLDAP.Traits(), Schema: must(ParseSubschema(openLDAP.attributes, openLDAP.classes))}
	for _, p := range pure {
		if n := testing.AllocsPerRun(100, func() { p.do(s) }); n != p.allocations {
			t.Errorf("%s: %v allocations, want %v", p.name, n, p.allocations)
		}
	}
}

func BenchmarkPure(b *testing.B) {
	s := &Server{Traits: OpenLDAP.Traits(), Schema: must(ParseSubschema(openLDAP.attributes, openLDAP.classes))}
	for _, p := range pure {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.do(s)
			}
		})
	}
}
