package compile

// Options is one item of the configuration's `resources` list: how one SCIM resource type stands in the directory.
type Options struct {
	Type          string             `koanf:"type"`        // User, Group, or a type of the map's own
	Endpoint      string             `koanf:"endpoint"`    // of a type of the map's own: /Devices
	Schema        string             `koanf:"schema"`      // of a type of the map's own: its core schema's URN
	Description   string             `koanf:"description"` // of a type of the map's own
	Base          Bases              `koanf:"base"`        // the DNs under which the bridge reads and writes: one or a list
	ObjectClasses []ClassOptions     `koanf:"objectClasses"`
	Filter        string             `koanf:"filter"`        // scope, beside the object classes unless it speaks of those itself
	DN            string             `koanf:"dn"`            // expression
	OnForbidden   string             `koanf:"onForbidden"`   // skip: what the classes of a found entry forbid is dropped, and not refused
	Rename        string             `koanf:"rename"`        // never: `dn` names new entries alone
	CreateParents bool               `koanf:"createParents"` // make the organizational units that `dn` names and the directory lacks
	Tombstone     string             `koanf:"tombstone"`     // LDAP attribute that holds a soft-deleted user's userName
	Attributes    []AttributeOptions `koanf:"attributes"`
	Active        []ActiveOptions    `koanf:"active"` // one or a list
	Delete        DeleteOptions      `koanf:"delete"`
	OnBlock       SuspensionOptions  `koanf:"onBlock"`     // what else becomes of who is blocked
	OnTombstone   SuspensionOptions  `koanf:"onTombstone"` // and of who is soft-deleted
	Members       []MembersOptions   `koanf:"members"`     // one or a list
	Groups        GroupsOptions      `koanf:"groups"`      // of a User
	Unique        []string           `koanf:"unique"`      // SCIM attributes, beside userName (User) and displayName (Group)
	Match         []MatchOptions     `koanf:"match"`
	Extensions    []ExtensionOptions `koanf:"extensions"`
}

// RenameNever is the Rename of entries that keep their DN, whatever changes.
const RenameNever = "never"

// ForbiddenSkip is the OnForbidden that drops values.
const ForbiddenSkip = "skip"

// ExtensionOptions is what the map says of an extension as a whole.
type ExtensionOptions struct {
	Schema   string `koanf:"schema"`   // its URN, which attributes of the map name
	Required bool   `koanf:"required"` // a resource must have it
}

// AttributeOptions is one line of the map: a SCIM attribute and its LDAP attribute, or an LDAP attribute and its value.
type AttributeOptions struct {
	SCIM      string   `koanf:"scim"` // attribute path, with a filter of `eq` clauses where it names one value of several
	LDAP      string   `koanf:"ldap"`
	Also      []string `koanf:"also"`      // further LDAP attributes that it is written to; the first is the one that is read
	Reference string   `koanf:"reference"` // the SCIM type that the DN value refers to
	Empty     string   `koanf:"empty"`     // expression: what stands in where the SCIM attribute is unassigned
	Prefix    string   `koanf:"prefix"`    // of the LDAP values that are the line's; SCIM sees them without it
	Where     string   `koanf:"where"`     // expression over `value`: whether an LDAP value is the line's
	Shares    string   `koanf:"shares"`    // the SCIM attribute that stands in the same LDAP value
	Match     string   `koanf:"match"`     // any: a query finds an entry by each of its values, not by the one that shows alone
	Choose    string   `koanf:"choose"`    // expression over `values`: which one shows where the LDAP attribute has several
	Value     string   `koanf:"value"`     // expression: a computed value; with `scim`, what is written for `value`
	Read      string   `koanf:"read"`      // expression: what SCIM shows of the LDAP `value`
	As        string   `koanf:"as"`        // the kind of the LDAP value, where the schema does not tell it
	Max       int      `koanf:"max"`       // octets of an LDAP value; 0: no limit
	Samples   []string `koanf:"samples"`   // SCIM values that survive being written and read
	Constant  []string `koanf:"constant"`  // one or a list
	On        string   `koanf:"on"`        // create: written once; "": also when the expression's result changes
	Unique    bool     `koanf:"unique"`    // a computed value takes a numbered suffix where it is taken

	Allocate AllocateOptions `koanf:"allocate"` // a number that is the new entry's own
	By       string          `koanf:"by"`       // password-modify: a password is set by the operation of RFC 3062
	Initial  InitialOptions  `koanf:"initial"`  // the password of a new account for which the client sends none
	// Define says what an attribute is that no RFC defines: of an extension or a type of the map's own.
	Define DefineOptions `koanf:"define"`
}

// DefineOptions are the characteristics of RFC 7643 §7. The zero value is a single, case-ignoring, optional string that is read
// and written.
type DefineOptions struct {
	Type            string   `koanf:"type"`           // string, boolean, decimal, integer, dateTime, binary, reference
	ReferenceTypes  []string `koanf:"referenceTypes"` // of a reference: external, uri or the names of resource types
	MultiValued     bool     `koanf:"multiValued"`
	CaseExact       bool     `koanf:"caseExact"`
	Required        bool     `koanf:"required"`
	Mutability      string   `koanf:"mutability"` // readWrite, readOnly, immutable, writeOnly
	Returned        string   `koanf:"returned"`   // default, always, request, never
	CanonicalValues []string `koanf:"canonicalValues"`
	Description     string   `koanf:"description"`
}

// ActiveOptions is one way in which `active` stands in the directory: a bit of an integer attribute, or an attribute's values.
type ActiveOptions struct {
	By        string `koanf:"by"` // preset: userAccountControl, nsAccountLock, pwdAccountLockedTime
	Attribute string `koanf:"attribute"`
	Bit       int    `koanf:"bit"`       // set when blocked
	Initial   int    `koanf:"initial"`   // the integer of a new active entry
	Blocked   string `koanf:"blocked"`   // value; "": absence
	Unblocked string `koanf:"unblocked"` // value; "": absence
}

// MembersOptions is an attribute by which a group holds its members.
type MembersOptions struct {
	Attribute   string `koanf:"attribute"`
	Form        string `koanf:"form"`        // dn (default), or value
	Of          string `koanf:"of"`          // of a value: the LDAP attribute of a User that it is a value of
	Suffixes    bool   `koanf:"suffixes"`    // a DN with a unique identifier behind it (#'0101'B) is who has the DN
	Placeholder string `koanf:"placeholder"` // what keeps a group whose class demands a member from being empty: a DN, or such a value
}
