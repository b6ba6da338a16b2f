package ldif

// Server is what a directory told about itself on first contact: its root DSE and its subschema, and the traits of the product that it is.
type Server struct {
	*Traits
	Controls map[string]bool // announced control OIDs
	Contexts []string        // namingContexts
	Default  string          // defaultNamingContext, or ""
	Instance string          // the invocationId of the server that answers, in hex, where versions count for it alone
	Schema   *Subschema
}

// NormalDN returns what DNs have in common that are one name to the server: a key for maps.
func (s *Server) NormalDN(dn string) string {
	if s.ComposesNames {
		if name, ok := normalName(s.Schema, dn); ok {
			return name
		}
	}
	return NormalDN(dn)
}

// SameDN says whether two DNs are one name to the server.
func (s *Server) SameDN(a, b string) bool { return a == b || s.NormalDN(a) == s.NormalDN(b) }
