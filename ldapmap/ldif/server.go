package ldif

// ServerKind names a directory product whose behaviour the bridge knows.
type ServerKind string

// The kinds of directory.
const (
	OpenLDAP        ServerKind = "openldap"
	ActiveDirectory ServerKind = "active-directory"
	DS389           ServerKind = "389ds"
	Generic         ServerKind = "generic"
)

// Server is what a directory told about itself on first contact: its root DSE and its subschema.
type Server struct {
	Kind       ServerKind
	Controls   map[string]bool // announced control OIDs
	Features   map[string]bool // announced feature OIDs
	Extensions map[string]bool // announced extended operation OIDs
	Contexts   []string        // namingContexts
	Default    string          // defaultNamingContext (Active Directory), or ""
	Instance   string          // the domain controller's invocationId (Active Directory), in hex: uSNChanged counts for it alone
	Schema     *Subschema
}

// IDAttribute is the attribute that holds the entry's stable id: entryUUID, objectGUID or nsUniqueId.
func (s *Server) IDAttribute() string {
	switch s.Kind {
	case ActiveDirectory:
		return "objectGUID"
	case DS389:
		return "nsUniqueId"
	default:
		return "entryUUID"
	}
}

// VersionAttribute is the attribute whose value changes with each write of the entry: entryCSN, uSNChanged or modifyTimestamp.
func (s *Server) VersionAttribute() string {
	switch s.Kind {
	case ActiveDirectory:
		return "uSNChanged"
	case OpenLDAP:
		return "entryCSN"
	default:
		return "modifyTimestamp"
	}
}
