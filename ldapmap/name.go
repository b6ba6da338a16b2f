package ldapmap

import (
	"fmt"
	"slices"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Naming is what a reference calls its targets by: the DN (the zero Naming), or a value of one of their attributes.
type Naming struct {
	Of string // LDAP attribute of the target; "": its DN
	By string // LDAP attribute that refers: its equality rule tells the values apart
}

// Name is what an entry is called by, the DN or a value. The zero Name is none.
type Name struct {
	Naming
	Value string
}

// DN is the Name that the DN is.
func DN(dn string) Name { return Name{Value: dn} }

// DNs are the Names that the DNs are.
func DNs(dns ...string) []Name {
	names := make([]Name, len(dns))
	for i, dn := range dns {
		names[i].Value = dn
	}
	return names
}

// key is what names have in common that are one to the server.
func (n Name) key(s *ldif.Server) Name {
	if n.Of == "" {
		n.Value = s.NormalDN(n.Value)
	} else {
		n.Value = ldif.Key(s.Schema, n.By, n.Value)
	}
	return n
}

// IsSame says whether two names are one to the server.
func (n Name) IsSame(s *ldif.Server, other Name) bool {
	switch {
	case n.Naming != other.Naming:
		return false
	case n.Of == "":
		return s.SameDN(n.Value, other.Value)
	}
	return ldif.Equal(s.Schema, n.By, n.Value, other.Value)
}

// IsSurelySame is IsSame, whatever letters the server takes for one.
func (n Name) IsSurelySame(s *ldif.Server, other Name) bool {
	return n.IsSame(s, other) && (n.Of != "" || s.SurelySameDN(n.Value, other.Value))
}

// Names are what the references of the naming call an entry of the type, first the one that is written: of the values that it holds, the
// one that SCIM shows.
func (t *Type) Names(naming Naming, e *ldif.Entry) []string {
	switch {
	case e == nil:
		return nil
	case naming.Of == "":
		return []string{e.DN}
	}
	for _, r := range t.Rules {
		if !r.Computed() && r.LDAP == naming.Of {
			return t.Held(r, e)
		}
	}
	return e.Values(naming.Of)
}

// IsNamedBy says that references call entries of the type by the attribute.
func (t *Type) IsNamedBy(attribute string) bool {
	return slices.ContainsFunc(t.Namings, func(n Naming) bool { return n.Of == attribute })
}

// setNamings tells each type what references call its entries by, besides their DNs.
func (m *Map) setNamings() (faults compile.Faults) {
	for i, t := range m.Types {
		for at, r := range t.Members {
			if r.Of == "" {
				continue
			}
			path := fmt.Sprintf("[%d].%s.of", i, compile.MembersPath(at))
			to := m.Type(r.To)
			switch definition := m.Server.Schema.Attribute(r.Of); {
			case to == nil: // reported when the map was compiled
				continue
			case definition == nil:
				faults = append(faults, compile.Fault{Path: path, Problem: r.Of + " is not in the directory's schema"})
				continue
			case !to.Comparable(r.Of):
				problem := r.Of + " has no equality rule in the directory's schema: nobody is found by it"
				faults = append(faults, compile.Fault{Path: path, Problem: problem})
				continue
			case ldif.Secret(r.Of):
				faults = append(faults, compile.Fault{Path: path, Problem: r.Of + " holds passwords, and names nobody"})
				continue
			}
			if problem := to.allowsToSome(r.Of, "nobody else could be a member"); problem != "" {
				faults = append(faults, compile.Fault{Path: path, Problem: problem})
				continue
			}
			if !slices.Contains(to.Namings, r.Naming) {
				to.Namings = append(to.Namings, r.Naming)
				to.addSource(r.Of, true)
			}
		}
	}
	return faults
}
