package ldif

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Server is what a directory told about itself on first contact: its root DSE and its subschema, and the traits of the product that it is.
type Server struct {
	*Traits
	Controls map[string]bool // announced control OIDs
	Extended map[string]bool // announced OIDs of extended operations
	Contexts []string        // namingContexts
	Default  string          // defaultNamingContext, or ""
	Instance string          // the invocationId of the server that answers, in hex, where versions count for it alone
	Schema   *Subschema
}

// PasswordModifyOID is the operation that sets a password (RFC 3062).
const PasswordModifyOID = "1.3.6.1.4.1.4203.1.11.1"

// Controls that hold a change to what it was planned on.
const (
	AssertionOID = "1.3.6.1.1.12"   // RFC 4528
	PreReadOID   = "1.3.6.1.1.13.1" // RFC 4527
)

// ShowsFound says that the server asserts nothing, and shows what a change found: one that found another's value is taken back.
func (s *Server) ShowsFound() bool { return !s.Controls[AssertionOID] && s.Controls[PreReadOID] }

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
func (s *Server) SameDN(a, b string) bool {
	if !s.ComposesNames {
		return SameDN(a, b)
	}
	return a == b || s.NormalDN(a) == s.NormalDN(b)
}

// MayTellApart says that two DNs may be two names to the server though SameDN takes them for one, and an entry that is renamed from one to
// the other may lose its references: which letters beyond ASCII are one in another case, servers have from the Unicode of their day.
func (s *Server) MayTellApart(a, b string) bool {
	return !s.ComposesNames && !s.KeepsReferences && lowerASCII(a) != lowerASCII(b) && s.SameDN(a, b)
}

// SurelySameDN says that two DNs are one name to the server, whatever letters it takes for one.
func (s *Server) SurelySameDN(a, b string) bool { return s.SameDN(a, b) && !s.MayTellApart(a, b) }

func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		return r
	}, text)
}

// Under says whether dn is base or lies below it, to the server. The empty base is above everything; what is no DN is nowhere.
func (s *Server) Under(dn, base string) bool {
	if !s.ComposesNames {
		return Under(dn, base)
	}
	return s.composedUnder(dn, base)
}

// MayBeUnder is Under for what must not be missed: neither case nor how letters are composed counts, whatever the server does.
func (s *Server) MayBeUnder(dn, base string) bool {
	return Under(dn, base) || s.composedUnder(dn, base)
}

// Marked is the DN of the entry that shows MarkAttribute for what is written below a base.
func (s *Server) Marked(base string) string {
	if !s.MarkInContext {
		return ""
	}
	return s.Context(base)
}

// Context is the naming context that holds what is below a base; "" where the server names none.
func (s *Server) Context(base string) string {
	context := ""
	for _, dn := range s.Contexts {
		if len(dn) > len(context) && s.Under(base, dn) { // one may lie in another
			context = dn
		}
	}
	return context
}

func (s *Server) composedUnder(dn, base string) bool {
	child, ok := normalName(s.Schema, dn)
	top, isDN := normalName(s.Schema, base)
	if !ok || !isDN {
		return false
	}
	for len(child) > len(top) {
		_, child = SplitDN(child)
	}
	return child == top
}
