package compile

// Options is one item of the configuration's `resources` list: how one SCIM resource type stands in the directory.
type Options struct {
	Type        string `koanf:"type" required:"true"` // User, Group, or a type of the map's own
	Endpoint    string `koanf:"endpoint" is:"path"`   // of a type of the map's own, such as /Devices
	Schema      string `koanf:"schema" is:"urn"`      // of a type of the map's own: its core schema's URN
	Description string `koanf:"description"`          // of a type of the map's own: what it is, for clients
	// under which the bridge reads and writes: one or a list; new entries go below the first
	Base Bases `koanf:"base" is:"dn" required:"somewhere"`
	// of new entries; an auxiliary one may be for some of them
	ObjectClasses []ClassOptions `koanf:"objectClasses" required:"true"`
	// scope, beside the object classes unless it speaks of those itself: what does not match does not exist for SCIM
	Filter string `koanf:"filter" is:"filter"`
	// the place of a new entry, and of an old one when what it is made of changes; left out: its login or name, below the first base
	DN string `koanf:"dn" is:"expression"`
	// skip: what the classes of a found entry forbid is dropped, and not refused
	OnForbidden string `koanf:"onForbidden" one:"skip"`
	Rename      string `koanf:"rename" one:"never"` // never: `dn` names new entries alone
	// make the organizational units that `dn` names and the directory lacks
	CreateParents bool               `koanf:"createParents"`
	Tombstone     string             `koanf:"tombstone" is:"attribute"`   // LDAP attribute that holds a soft-deleted user's userName
	Attributes    []AttributeOptions `koanf:"attributes" required:"true"` // the map's lines
	// how `active` stands in the directory: one way, or a list of them
	Active      []ActiveOptions   `koanf:"active"`
	Delete      DeleteOptions     `koanf:"delete"`      // what DELETE does
	OnBlock     SuspensionOptions `koanf:"onBlock"`     // what else becomes of who is blocked, for as long as he is
	OnTombstone SuspensionOptions `koanf:"onTombstone"` // what else becomes of who is soft-deleted
	Members     []MembersOptions  `koanf:"members"`     // by which attribute a group holds its members; a list is kept in step
	Groups      GroupsOptions     `koanf:"groups"`      // of a User: how his groups are shown
	// SCIM attributes that no two share, beside userName (User) and displayName (Group)
	Unique []string `koanf:"unique" is:"scim"`
	// keys by which a POST, and a query before it, finds an entry that was there before
	Match      []MatchOptions     `koanf:"match"`
	Extensions []ExtensionOptions `koanf:"extensions"` // what is to be said of an extension as a whole
}

// RenameNever is the Rename of entries that keep their DN, whatever changes.
const RenameNever = "never"

// ForbiddenSkip is the OnForbidden that drops values.
const ForbiddenSkip = "skip"

// ExtensionOptions is what the map says of an extension as a whole.
type ExtensionOptions struct {
	Schema   string `koanf:"schema" is:"urn" required:"true"` // its URN, which attributes of the map name
	Required bool   `koanf:"required"`                        // a resource must have it
}

// AttributeOptions is one line of the map: a SCIM attribute and its LDAP attribute, or an LDAP attribute and its value.
type AttributeOptions struct {
	// attribute path, with a filter of `eq` clauses where it names one value of several
	SCIM string `koanf:"scim" is:"scim"`
	LDAP string `koanf:"ldap" is:"attribute" required:"true"` // the LDAP attribute that is read and written
	// further LDAP attributes that it is written to; the first is the one that is read
	Also      []string `koanf:"also" is:"attribute"`
	Reference string   `koanf:"reference"`             // the SCIM type that the DN value refers to
	Empty     string   `koanf:"empty" is:"expression"` // what stands in where the SCIM attribute is unassigned
	Prefix    string   `koanf:"prefix"`                // of the LDAP values that are the line's; SCIM sees them without it
	Where     string   `koanf:"where" is:"expression"` // over `value`: whether an LDAP value is the line's
	Shares    string   `koanf:"shares" is:"scim"`      // the SCIM attribute that stands in the same LDAP value
	// any: a query finds an entry by each of its values, not by the one that shows alone
	Match string `koanf:"match" one:"any"`
	// over `values`: which one shows where the LDAP attribute has several
	Choose string `koanf:"choose" is:"expression"`
	Value  string `koanf:"value" is:"expression"` // a computed value; with `scim`, what is written for `value`
	Read   string `koanf:"read" is:"expression"`  // what SCIM shows of the LDAP `value`
	// the kind of the LDAP value, where the schema does not tell it
	As       string   `koanf:"as" one:"text generalizedTime fileTime shadowDays binary photo postalAddress telephone labeledURI language"`
	Max      int      `koanf:"max"`             // octets of an LDAP value; 0: no limit
	Samples  []string `koanf:"samples"`         // SCIM values that must come back as they were when they are written and read
	Constant []string `koanf:"constant"`        // a value that new entries get: one or a list
	On       string   `koanf:"on" one:"create"` // create: written once; left out: also when the expression's result changes
	Unique   bool     `koanf:"unique"`          // a computed value takes a numbered suffix where it is taken

	Allocate AllocateOptions `koanf:"allocate"` // a number that is the new entry's own
	// password-modify: a password is set by the operation of RFC 3062, and not as a value
	By      string         `koanf:"by" one:"password-modify"`
	Initial InitialOptions `koanf:"initial"` // the password of a new account for which the client sends none
	// what an attribute is that no RFC defines: of an extension or a type of the map's own
	Define DefineOptions `koanf:"define"`
}

// DefineOptions are the characteristics of RFC 7643 §7. The zero value is a single, case-ignoring, optional string that is read
// and written.
type DefineOptions struct {
	// what its values are
	Type           string   `koanf:"type" one:"string boolean decimal integer dateTime binary reference" default:"string"`
	ReferenceTypes []string `koanf:"referenceTypes"` // of a reference: external, uri or the names of resource types
	MultiValued    bool     `koanf:"multiValued"`    // it has several values
	CaseExact      bool     `koanf:"caseExact"`      // values that differ in case alone differ
	Required       bool     `koanf:"required"`       // a resource must have it
	// whether clients may write it
	Mutability      string   `koanf:"mutability" one:"readWrite readOnly immutable writeOnly" default:"readWrite"`
	Returned        string   `koanf:"returned" one:"default always request never" default:"default"` // when it is in an answer
	CanonicalValues []string `koanf:"canonicalValues"`                                               // values that clients are told of
	Description     string   `koanf:"description"`                                                   // what clients are told that it is
}

// ActiveOptions is one way in which `active` stands in the directory: a bit of an integer attribute, or an attribute's values.
type ActiveOptions struct {
	// preset: the way of a product
	By        string `koanf:"by" one:"userAccountControl nsAccountLock pwdAccountLockedTime"`
	Attribute string `koanf:"attribute" is:"attribute"` // LDAP attribute that says whether somebody is blocked
	Bit       int    `koanf:"bit"`                      // of an integer: set when blocked
	Initial   int    `koanf:"initial"`                  // of an integer: that of a new active entry
	Blocked   string `koanf:"blocked"`                  // the value of who is blocked; left out: none
	Unblocked string `koanf:"unblocked"`                // the value of who is not; left out: none
}

// MembersOptions is an attribute by which a group holds its members.
type MembersOptions struct {
	Attribute string `koanf:"attribute" is:"attribute" required:"true"` // LDAP attribute that holds the members
	Form      string `koanf:"form" one:"dn value" default:"dn"`         // what a member is in it: his DN, or a value of his
	Of        string `koanf:"of" is:"attribute"`                        // of a value: the LDAP attribute of a User that it is a value of
	// a DN with a unique identifier behind it (#'0101'B) is who has the DN
	Suffixes bool `koanf:"suffixes"`
	// what keeps a group whose class demands a member from being empty: a DN, or such a value
	Placeholder string `koanf:"placeholder"`
}
