package memdir

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

const subschemaDN = "cn=Subschema"

// special returns the entries outside the tree: the root DSE (RFC 4512 §5.1), for the empty DN, and the subschema subentry (§4.2).
func (s *Server) special(dn string) *ldif.Entry {
	switch {
	case dn == "":
		return s.rootDSE()
	case strings.EqualFold(strings.TrimSpace(dn), subschemaDN):
		return s.subschema()
	}
	return nil
}

// rootDSE carries the class by which an OpenLDAP is known.
func (s *Server) rootDSE() *ldif.Entry {
	e := &ldif.Entry{}
	e.Set("objectClass", "top", "OpenLDAProotDSE")
	e.Set("structuralObjectClass", "OpenLDAProotDSE")
	e.Set("namingContexts", s.tree.suffix.text)
	controls := []string{pagingControl, matchedValuesControl, postReadControl, preReadControl, assertionControl, manageDSAControl}
	e.Set("supportedControl", slices.DeleteFunc(controls, func(oid string) bool { return slices.Contains(s.without, oid) })...)
	e.Set("supportedExtension", passwordModify, whoAmIExtension)
	e.Set("supportedFeatures", modifyIncrement, allOperational, absoluteFilters)
	e.Set("supportedLDAPVersion", "3")
	e.Set("vendorName", "memdir")
	e.Attributes = append(e.Attributes, ldif.Attribute{Name: "entryDN", Values: []string{""}})
	e.Set("subschemaSubentry", subschemaDN)
	return e
}

func (s *Server) subschema() *ldif.Entry {
	e := &ldif.Entry{DN: subschemaDN}
	e.Set("structuralObjectClass", "subentry")
	e.Set("objectClass", "top", "subentry", "subschema", "extensibleObject")
	e.Set("cn", "Subschema")
	e.Set("attributeTypes", s.tree.schema.attributeTypes...)
	e.Set("objectClasses", s.tree.schema.objectClasses...)
	e.Set("entryDN", subschemaDN)
	e.Set("subschemaSubentry", subschemaDN)
	return e
}
