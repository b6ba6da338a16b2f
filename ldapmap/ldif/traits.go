package ldif

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// ServerKind names a directory product whose behaviour the bridge knows.
type ServerKind string

// The kinds of directory.
const (
	OpenLDAP        ServerKind = "openldap"
	ActiveDirectory ServerKind = "active-directory"
	DS389           ServerKind = "389ds"
	Generic         ServerKind = "generic"
)

// Traits are what differs between directory products. There is one row a product, in the table below, and nothing else asks which product
// it is: it asks for the trait.
type Traits struct {
	Kind ServerKind      // a name for logs
	Told []ToldAttribute // those that the configuration names

	// Identity.
	IDAttribute string // holds the entry's stable id
	IDForm      IDForm // how the id stands in it
	DNAttribute string // finds an entry by its DN in a filter
	// NamesByID says that `<GUID=id>` is taken for an entry's DN: as the target of Modify, Delete and a base search, and as a value
	// that refers to it.
	NamesByID bool

	// Versions and times.
	VersionAttribute  string      // its value changes with each write of the entry
	VersionForm       VersionForm // what a version is made of
	CreatedAttribute  string
	ModifiedAttribute string
	ModifiedOnChange  bool   // an entry that nobody has changed has no ModifiedAttribute: that was when it was created (RFC 7643 §3.1)
	TimeLayout        string // of a time in a filter, to the second
	// InstanceAttribute of the root DSE is the DN of the entry whose invocationId names the server that counts versions; "": there is
	// none.
	InstanceAttribute string
	// MarkAttribute changes with each write to the server before that is confirmed, where it is kept; "": there is none.
	MarkAttribute string
	MarkInContext bool // it is the naming context's, and not the root DSE's
	// Reached is how the server tells how far it has got, where it replicates; nil: it does not.
	Reached *Reached

	// References.
	KeepsReferences bool // a reference follows its target's rename and goes with its target
	// SeeksInDNs says that substrings filters find values that are DNs by their text.
	SeeksInDNs bool
	Backlink   string // holds, on a member, the groups that it is a member of, as certainly as the groups themselves; "": none

	// Values.
	SettledCodes    []uint16 // results beyond 16 and 20 that tell that a value to add is there, or one to delete is not
	BitRule         bool     // the matching rule 1.2.840.113556.1.4.803 is known to work
	ChecksSyntax    bool     // a value is refused that is not of its attribute's syntax
	OrdersTimes     bool     // times can be compared though no definition names an ordering rule
	LongestRDN      int      // octets; 0: no limit known
	RequestLimit    string   // its setting for how long a request may be, on which it closes the connection; "": not known
	Lengths         []Length // of attributes whose values must be made to fit
	KeepsClasses    bool     // auxiliary classes go with the structural one: none is added
	RenameDropsName bool     // a ModifyDN always takes the old RDN's values away
	ComposesNames   bool     // two DNs are one name that differ in the composition or width of letters alone (RFC 4518)

	// Accounts.
	AccountName      string   // names every account and group besides its RDN, and is made up where it is not given; "": none
	Birth            *Birth   // what an account must be born with
	UniqueEverywhere bool     // names are unique in the whole naming context, not only where a type has its base
	Blocks           string   // keeps an account from binding by itself, however the server is configured; "": no attribute does
	LentBy           string   // shows of whom an account may have what Blocks shows, if not of its own: roles; "": nobody lends
	PersonFilter     string   // finds people where the object classes find more
	Category         string   // attribute that the server fills in by the object classes, and reads as the name of one; "": none
	Own              []string // attributes of the server's own making, that its schema does not tell from others
	Born             []string // attributes that it gives a new entry, and that others may write
	BindNames        []string // attributes that an account may bind with instead of its DN
	PrimaryGroup     *PrimaryGroup
	Privilege        *Privilege

	// Settings is how the server shows what it is configured to, and who may do what.
	Settings Settings
}

// Settings is a way to show that.
type Settings int

// The ways.
const (
	NoSettings     Settings = iota // none is known
	SlapdSettings                  // olc… attributes below cn=config
	DirsrvSettings                 // nsIndex and plug-ins below cn=config, the control GetEffectiveRights
	DomainSettings                 // the schema's entries, allowedAttributesEffective
)

// IDForm is how an id stands in its attribute.
type IDForm int

// The forms of an id.
const (
	UUIDText   IDForm = iota // a UUID, as it is shown
	AnyText                  // the server's own form, as it is shown
	GUIDOctets               // 16 octets, the first three fields little-endian ([MS-DTYP] §2.3.4.2); shown as a UUID
	UUIDOctets               // 16 octets in the order in which they are shown as a UUID
)

// VersionForm is what tells one version of an entry from another.
type VersionForm int

// The forms of a version.
const (
	VersionDigest   VersionForm = iota // a digest of what was read: the version attribute has a grain of a second
	VersionCSN                         // the version attribute's value, which begins with the time of the write: 20260102120000.345678Z#…
	VersionInstance                    // the version attribute's value, which counts for the server that gave it (Server.Instance) alone
)

// Length is what an attribute's values must be to be taken.
type Length struct {
	Attribute string
	Class     string // object class that it holds for; "": any
	Limit     int    // characters
	Forbidden string // characters that are not taken; control characters are not either
	TrimEnd   string // characters that do not stand at the end
}

// Birth is what the server demands of a new account of an object class.
type Birth struct {
	Class    string
	Password string // attribute
}

// PrimaryGroup is how the server keeps an account's membership of one group apart: the group does not hold it, nor memberOf the group.
type PrimaryGroup struct {
	Class     string // of accounts that have one
	Attribute string // holds the group's id within the domain
	SID       string // attribute of accounts and groups (SID)
	Members   string // attribute of groups that does not hold it
	Born      string // value of the attribute that a new account is given
}

// Of is the SID of an account's primary group; "" of what has none, or was not read with it.
func (p *PrimaryGroup) Of(e *Entry) SID {
	if p == nil {
		return ""
	}
	id, err := strconv.ParseUint(e.Value(p.Attribute), 10, 32)
	if err != nil {
		return ""
	}
	return SID(e.Value(p.SID)).Domain().Member(uint32(id))
}

// Filter finds the accounts whose primary group has the SID.
func (p *PrimaryGroup) Filter(group SID) string {
	return Equality(p.Attribute, strconv.FormatUint(uint64(group.ID()), 10))
}

// Privilege is how the server marks accounts and groups that only its administrators change.
type Privilege struct {
	Mark     string // attribute, "1" on what is privileged; it lags behind the membership, and stays when that ends
	Class    string // of groups
	MemberOf string // matching rule that follows memberOf through any number of groups
	Members  string // attribute of groups that makes it so

	// Ids of what is privileged whatever the mark says.
	Builtin  []uint32 // groups, the same in every domain
	Domain   []uint32 // groups of the domain
	Further  []uint32 // groups that not every domain has
	Accounts []uint32
}

// traits is the table: one row a product.
var traits = map[ServerKind]*Traits{
	OpenLDAP: {
		Kind: OpenLDAP, IDAttribute: "entryUUID", DNAttribute: "entryDN",
		VersionAttribute: "entryCSN", VersionForm: VersionCSN,
		CreatedAttribute: "createTimestamp", ModifiedAttribute: "modifyTimestamp", TimeLayout: rfcTime,
		MarkAttribute: "contextCSN", MarkInContext: true, Reached: contextCSN, // kept by the overlay syncprov
		BitRule: true, ChecksSyntax: true, ComposesNames: true,
		// mdb's key holds 511 octets, and the RDN stands in it twice. A longer one ends in result 80, which tells nothing.
		LongestRDN: 245,
		Settings:   SlapdSettings, RequestLimit: "sockbuf_max_incoming_auth (olcSockbufMaxIncomingAuth)",
	},
	ActiveDirectory: {
		Kind: ActiveDirectory, IDAttribute: "objectGUID", IDForm: GUIDOctets, DNAttribute: "distinguishedName", NamesByID: true,
		VersionAttribute: "uSNChanged", VersionForm: VersionInstance, InstanceAttribute: "dsServiceName",
		MarkAttribute:    "highestCommittedUSN",
		Reached:          upToDateVector,
		CreatedAttribute: "whenCreated", ModifiedAttribute: "whenChanged", TimeLayout: "20060102150405.0Z",
		KeepsReferences: true, Backlink: "memberOf",
		SettledCodes: []uint16{68, 53}, BitRule: true, OrdersTimes: true,
		// [MS-ADTS] §3.1.1.5.2.2, [MS-SAMR] §3.1.1.6.
		Lengths: []Length{
			{Attribute: "cn", Limit: 64},
			{Attribute: "sAMAccountName", Class: "user", Limit: 20, Forbidden: `"/\[]:;|=,+*?<>@`, TrimEnd: ". "},
			{Attribute: "sAMAccountName", Limit: 256, Forbidden: `"/\[]:;|=,+*?<>@`, TrimEnd: ". "},
		},
		KeepsClasses: true, RenameDropsName: true,
		AccountName: "sAMAccountName", Birth: &Birth{Class: "user", Password: "unicodePwd"}, UniqueEverywhere: true,
		Blocks:       "userAccountControl",
		PersonFilter: "(&(objectCategory=person)(objectClass=user))", Category: "objectCategory",
		BindNames: []string{"userPrincipalName", "sAMAccountName"},
		Own: []string{
			"distinguishedName", "name", "instanceType", "whenCreated", "whenChanged", "uSNCreated", "uSNChanged", "uSNLastObjRem",
			"objectGUID", "objectSid", "objectCategory", "sAMAccountType", "badPwdCount", "badPasswordTime", "lastLogon", "lastLogoff",
			"lastLogonTimestamp", "logonCount", "lockoutTime", "pwdLastSet", "dSCorePropagationData", "adminCount", "operatorCount",
			"memberOf", "directReports", "managedObjects", "isDeleted", "isRecycled", "lastKnownParent", "msDS-LastKnownRDN",
			"nTSecurityDescriptor",
		},
		Born: []string{
			"codePage", "countryCode", "primaryGroupID", "accountExpires", "userAccountControl", "groupType", "sAMAccountName", "cn",
		},
		PrimaryGroup: &PrimaryGroup{
			Class: "user", Attribute: "primaryGroupID", SID: "objectSid", Members: "member", Born: "513", // Domain Users
		},
		// [MS-ADTS] §3.1.1.6.1.
		Privilege: &Privilege{
			Mark: "adminCount", Class: "group", MemberOf: "1.2.840.113556.1.4.1941", Members: "member",
			// Administrators; Account, Server, Print and Backup Operators; Replicator.
			Builtin: []uint32{544, 548, 549, 550, 551, 552},
			// Domain Admins, Domain Controllers.
			Domain: []uint32{512, 516},
			// Schema Admins, Enterprise Admins, Read-only Domain Controllers, Key Admins, Enterprise Key Admins.
			Further: []uint32{518, 519, 521, 526, 527},
			// Administrator, krbtgt.
			Accounts: []uint32{500, 502},
		},
		Settings: DomainSettings, RequestLimit: "MaxReceiveBuffer (of its LDAP policies)",
	},
	DS389: {
		Kind: DS389, IDAttribute: "nsUniqueId", IDForm: AnyText, DNAttribute: "entryDN",
		VersionAttribute: "modifyTimestamp",
		CreatedAttribute: "createTimestamp", ModifiedAttribute: "modifyTimestamp", TimeLayout: rfcTime,
		MarkAttribute: "lastusn", // kept by the plug-in USN
		Reached:       updateVector,
		SeeksInDNs:    true,
		BitRule:       true, ChecksSyntax: true, Blocks: "nsAccountLock", LentBy: "nsRole",
		Settings: DirsrvSettings, RequestLimit: "nsslapd-maxbersize",
	},
	Generic: {
		Kind: Generic, IDAttribute: "entryUUID", DNAttribute: "entryDN",
		VersionAttribute: "modifyTimestamp",
		CreatedAttribute: "createTimestamp", ModifiedAttribute: "modifyTimestamp", ModifiedOnChange: true, TimeLayout: rfcTime,
	},
}

const rfcTime = "20060102150405Z"

// Traits are the row of the product; of one that is not known, Generic's.
func (k ServerKind) Traits() *Traits {
	if t := traits[k]; t != nil {
		return t
	}
	return traits[Generic]
}

// IsKnown says that there is such a product, or that none is named.
func (k ServerKind) IsKnown() bool { return k == "" || traits[k] != nil }

// Or is the kind, or another where it names none.
func (k ServerKind) Or(other ServerKind) ServerKind { return cmp.Or(k, other) }

// capabilityActiveDirectory is LDAP_CAP_ACTIVE_DIRECTORY_OID ([MS-ADTS] §3.1.1.3.4.3.1).
const capabilityActiveDirectory = "1.2.840.113556.1.4.800"

// KindOf tells the products apart by what their root DSEs hold.
func KindOf(root *Entry) ServerKind {
	switch {
	case slices.Contains(root.Values("supportedCapabilities"), capabilityActiveDirectory):
		return ActiveDirectory
	case Named(root.Values("objectClass"), "OpenLDAProotDSE"):
		return OpenLDAP
	case root.Value("vendorName") == "389 Project":
		return DS389
	}
	return Generic
}

// IsOwn says that the attribute is of the server's own making.
func (t *Traits) IsOwn(name string) bool { return Named(t.Own, name) }

// GivesAtBirth says that a new entry has the attribute though nobody gave it one.
func (t *Traits) GivesAtBirth(name string) bool { return Named(t.Born, name) }

// Fit makes a value what the server takes for the attribute of an entry of these object classes, and tells the number of
// characters that it allows; 0 is no limit known.
func (s *Server) Fit(attribute string, classes []string, value string) (fitted string, limit int) {
	for _, l := range s.Lengths {
		isA := func(class string) bool { return s.Schema.IsA(class, l.Class) }
		if !strings.EqualFold(attribute, l.Attribute) || l.Class != "" && !slices.ContainsFunc(classes, isA) {
			continue
		}
		value = strings.TrimSpace(value)
		if l.Forbidden != "" {
			value = strings.Map(func(r rune) rune {
				if r < ' ' || strings.ContainsRune(l.Forbidden, r) {
					return '_'
				}
				return r
			}, value)
		}
		if runes := []rune(value); len(runes) > l.Limit {
			value = string(runes[:l.Limit])
		}
		return strings.TrimRight(value, " "+l.TrimEnd), l.Limit
	}
	return value, 0
}

// Judgeable says in object classes what a filter says by the category, which the server reads as the DN of a class's schema entry
// and fills in itself: of people all but computers, whose class descends from theirs, have the category person ([MS-ADTS]
// §3.1.1.3.1.3.5). An id that is any text it has compared by a rule, which the schema need not name.
func (t *Traits) Judgeable(f *Filter) *Filter {
	if t.Category == "" && t.IDForm != AnyText {
		return f
	}
	return f.replaceEqualities(func(attribute, value string) *Filter {
		if t.IDForm == AnyText && strings.EqualFold(attribute, t.IDAttribute) {
			byRule, _ := ParseFilter("(" + t.IDAttribute + ":caseIgnoreMatch:=" + EscapeFilter(value) + ")") // its value is escaped
			return byRule
		}
		if t.Category == "" || !strings.EqualFold(attribute, t.Category) {
			return nil
		}
		if rdn, err := ParseRDN(value); err == nil && len(rdn) > 0 {
			value = rdn[0].Value
		}
		text := Equality("objectClass", value)
		if strings.EqualFold(value, "person") || strings.EqualFold(value, "user") {
			text = "(&(objectClass=person)(!(objectClass=computer)))"
		}
		byClass, _ := ParseFilter(text) // its value is escaped
		return byClass
	})
}
