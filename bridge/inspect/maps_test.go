package inspect_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/inspect"
	"scimbridge/config"
	"scimbridge/config/schematest"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// sound is a configuration in which nothing is to be found.
const sound = `listen: {address: "127.0.0.1:0"}
access: {token: alpha-0123456789abcdef}
directory:
  urls: [ldap://127.0.0.1:389]
  bind: {dn: "cn=scimbridge,dc=example,dc=org", password: secret}
resources:
  - type: User
    base: ou=people,dc=example,dc=org
    objectClasses: [inetOrgPerson, scimbridgeUser]
    dn: '"uid=" + rdn(userName) + "," + base'
    tombstone: scimUserName
    attributes:
      - {scim: userName, ldap: uid}
      - {scim: externalId, ldap: scimExternalId}
      - {scim: displayName, ldap: displayName}
      - {scim: name.formatted, ldap: cn, empty: userName}
      - {scim: name.familyName, ldap: sn, empty: userName}
      - {scim: 'emails[type eq "work"].value', ldap: mail}
      - {scim: 'phoneNumbers[type eq "work"].value', ldap: telephoneNumber}
      - {scim: title, ldap: title}
      - {scim: roles.value, ldap: scimRole}
    active: {by: userAccountControl}
  - type: Group
    base: ou=groups,dc=example,dc=org
    objectClasses: [groupOfNames, scimbridgeGroup]
    attributes:
      - {scim: displayName, ldap: cn}
      - {scim: externalId, ldap: scimExternalId}
    members: {attribute: member}
`

// broken is the sound map with one thing wrong, and what is to be found.
type broken struct {
	name     string
	from, to string // what stands otherwise
	finds    string // severity and code
	line     string // what stands in the line that it names; "": to
	repair   string // what the repair holds
}

var maps = []broken{
	// What Entra's requests would miss.
	{
		"an email without its type", `'emails[type eq "work"].value'`, "emails.value", "warning entra-type", "",
		`- {scim: 'emails[type eq "work"].value', ldap: mail}`,
	},
	{
		"an email of another type", `'emails[type eq "work"].value'`, `'emails[type eq "home"].value'`, "warning entra-type", "",
		`- {scim: 'emails[type eq "work"].value', ldap: mail}`,
	},
	{
		"a phone number without its type", `'phoneNumbers[type eq "work"].value'`, "phoneNumbers.value", "warning entra-type", "",
		`- {scim: 'phoneNumbers[type eq "work"].value', ldap: telephoneNumber}`,
	},
	{
		"an address without its type", "title, ldap: title", "addresses.formatted, ldap: street", "warning entra-type", "",
		`- {scim: 'addresses[type eq "work"].formatted', ldap: street}`,
	},
	{"no active", "    active: {by: userAccountControl}\n", "", "warning entra-active", "type: User", "active: {by: userAccountControl}"},
	{
		"no externalId of users", "      - {scim: externalId, ldap: scimExternalId}\n      - {scim: displayName, ldap: displayName}\n", "",
		"warning entra-external-id", "type: User", "{scim: externalId, ldap: employeeNumber}",
	},
	{"no email", `      - {scim: 'emails[type eq "work"].value', ldap: mail}` + "\n", "", "hint entra-emails", "type: User", "ldap: mail}"},
	{"no tombstone", "    tombstone: scimUserName\n", "", "hint entra-tombstone", "type: User", "tombstone: "},
	{
		"no externalId of groups", "ldap: cn}\n      - {scim: externalId, ldap: scimExternalId}\n", "ldap: cn}\n", "hint entra-external-id",
		"type: Group", "{scim: externalId, ldap: description",
	},
	{
		"a group without members", "groupOfNames, scimbridgeGroup]\n    attributes:\n      - {scim: displayName, ldap: cn}\n" +
			"      - {scim: externalId, ldap: scimExternalId}\n    members: {attribute: member}",
		"organizationalRole, scimbridgeGroup]\n    attributes:\n      - {scim: displayName, ldap: cn}\n" +
			"      - {scim: externalId, ldap: scimExternalId}",
		"warning entra-members", "type: Group", "members: {attribute: member}",
	},

	// What the directory's schema says otherwise.
	{
		"an attribute misspelt", "ldap: telephoneNumber", "ldap: telefoneNumber",
		"error unknown-attribute", "", "did you mean telephoneNumber?",
	},
	{"an attribute of another schema", "ldap: telephoneNumber", "ldap: msDS-phone", "error unknown-attribute", "", "load the schema"},
	{"a class misspelt", "[inetOrgPerson, scim", "[inetOrgPersn, scim", "error schema", "", "did you mean inetOrgPerson?"},
	{
		"a class that is missing", "[inetOrgPerson, scimbridgeUser]", "[inetOrgPerson, eduPerson, scimbridgeUser]",
		"error schema", "", "load the schema that defines it",
	},
	{
		"an attribute that no class allows", "title, ldap: title", "title, ldap: dnQualifier", "error not-allowed", "",
		"name an attribute that the classes allow",
	},
	{
		"an attribute that an auxiliary class would allow", "title, ldap: title", "title, ldap: macAddress", "error not-allowed", "",
		"objectClasses: [inetOrgPerson, scimbridgeUser, ieee802Device]",
	},
	{"a tombstone that is missing", "tombstone: scimUserName", "tombstone: scimUsername2", "error schema", "", "scimUsername2 is not in"},
	{
		"an active that is missing", "{by: userAccountControl}", "{by: nsAccountLok}",
		"error configuration", "", "userAccountControl, nsAccountLock",
	},
	{
		"members that are no DNs", "{attribute: member}", "{attribute: description}", "error schema", "", "holds no DNs",
	},
	{
		"members that the class has not", "{attribute: member}", "{attribute: roleOccupant}",
		"error schema", "", "none of the object classes allows",
	},
	{
		"a reference to text", "title, ldap: title",
		`'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: title, reference: User`,
		"error schema", "", "holds no DNs",
	},
	{"a login without a rule", "userName, ldap: uid", "userName, ldap: facsimileTelephoneNumber", "error schema", "", "no equality rule"},

	// What would be refused, one entry at a time.
	{"a name that nobody need have", "ldap: sn, empty: userName", "ldap: sn", "warning may-be-missing", "", "ldap: sn, empty: userName}"},
	{
		"a demand that no line meets", "      - {scim: name.familyName, ldap: sn, empty: userName}\n", "",
		"error must", "objectClasses: [inet", "ldap: sn",
	},
	{
		"a class with demands of its own", "[inetOrgPerson, scimbridgeUser]", "[inetOrgPerson, scimbridgeUser, simpleSecurityObject]",
		"error must", "", "userPassword",
	},
	{"a name of no class", `'"uid=" + rdn`, `'"serialNumber=" + rdn`, "error rdn", "", "a class that allows it"},
	{"a name of no schema", `'"uid=" + rdn`, `'"loginName=" + rdn`, "error rdn", "", "as uid or cn"},
	{"a name of the server's own", `'"uid=" + rdn`, `'"entryUUID=" + rdn`, "error rdn", "", "as uid or cn"},
	{
		"several values into one", "roles.value, ldap: scimRole", "roles.value, ldap: employeeNumber",
		"warning single-valued", "", "takes several",
	},
	{"a login whose case counts", "userName, ldap: uid", "userName, ldap: labeledURI", "warning case", "", "rule ignores case"},
	{"text into bits", "title, ldap: title", "title, ldap: x500UniqueIdentifier", "warning syntax", "", "takes text"},
	{"text into digits", "title, ldap: title", "title, ldap: internationaliSDNNumber", "warning syntax", "", "takes text"},
	{"text into a delivery method", "title, ldap: title", "title, ldap: preferredDeliveryMethod", "warning syntax", "", "takes text"},

	{
		"metrics for everybody", "resources:\n", "admin: {address: \"0.0.0.0:9090\"}\nresources:\n", "warning admin-reachable",
		"admin: {address", "admin: {address: 127.0.0.1:9090}",
	},
	{
		"an operation that outlasts its request", "  urls: [", "  timeout: 30s\n  urls: [",
		"warning timeouts", "timeout: 30s", "timeout: 5s",
	},

	// What shows before anything else.
	{"a key misspelt", "objectClasses: [groupOf", "objectClases: [groupOf", "error configuration", "", "did you mean objectClasses"},
	{"a SCIM attribute misspelt", "scim: title", "scim: titel", "error configuration", "", "did you mean title?"},
	{"a DN that is none", "base: ou=groups,dc=example,dc=org", "base: groups", "error configuration", "", "groups"},
	{"an expression that is none", `rdn(userName) + ","`, `rdn(usrName) + ","`, "error configuration", "", "usrName"},
	{
		"a password for everybody", "title, ldap: title}", `title, ldap: title}` + "\n      - {ldap: userPassword, constant: welcome}",
		"error configuration", "userPassword", "initial",
	},
}

// subject reads a configuration as check does.
func subject(t *testing.T, text string) (s inspect.Subject, faults config.Faults) {
	t.Helper()
	c, err := config.Parse("scimbridge.yaml", []byte(text), nil)
	if errors.As(err, &faults) {
		return s, faults
	}
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Map()
	if err != nil {
		t.Fatal(err)
	}
	return inspect.Subject{
		Map: compiled, Directory: c.Directory, Guard: c.Guard, MaxBody: c.Listen.WithDefaults().MaxBody,
		Request: c.Listen.WithDefaults().RequestTimeout, Admin: c.Admin.Address, Place: c.Place,
	}, nil
}

// found is what is found in a configuration before an OpenLDAP that shows what it is and no more.
func found(t *testing.T, text string) (all inspect.Findings) {
	t.Helper()
	s, faults := subject(t, text)
	for _, f := range faults {
		all = append(all, inspect.Finding{Severity: inspect.Error, Code: "configuration", Place: f.Origin, Key: f.Path, What: f.Problem})
	}
	if faults != nil {
		return all
	}
	server := maptest.Server(t, ldif.OpenLDAP)
	server.Controls = map[string]bool{"1.2.840.113556.1.4.319": true, "1.3.6.1.1.12": true}
	for _, f := range append(inspect.Offline(s), inspect.Live(s, inspect.Bound(s, server))...) {
		if f.Code != "unproven-blocking" { // which is for the server's access rules
			all = append(all, f)
		}
	}
	return all
}

func TestSoundMap(t *testing.T) {
	for _, f := range found(t, sound) {
		t.Errorf("%+v", f)
	}
}

// TestBrokenMaps: each is found, with its line, and with what would mend it.
func TestBrokenMaps(t *testing.T) {
	for _, b := range maps {
		t.Run(b.name, func(t *testing.T) {
			if strings.Count(sound, b.from) != 1 {
				t.Fatalf("%q stands %d times in the sound map", b.from, strings.Count(sound, b.from))
			}
			text := strings.Replace(sound, b.from, b.to, 1)
			all := found(t, text)
			tabled(t, all)
			if len(all) == 0 {
				t.Fatal("nothing is found")
			}
			f := all[0]
			if got := fmt.Sprintf("%s %s", f.Severity, f.Code); got != b.finds || len(all) > 1 && all[1].Severity == f.Severity {
				t.Errorf("found %+v", all)
			}
			stands := b.line
			if stands == "" {
				stands = b.to
			}
			before, _, _ := strings.Cut(text, stands)
			if want := fmt.Sprintf("scimbridge.yaml:%d:", strings.Count(before, "\n")+1); !strings.HasPrefix(f.Place, want) {
				t.Errorf("at %s, want %s", f.Place, want)
			}
			if repair := f.What + "\n" + f.Mend + "\n" + f.Line; !strings.Contains(repair, b.repair) {
				t.Errorf("the repair is %q, want %q", repair, b.repair)
			}
			if f.OfSchema && f.Mend == "" {
				t.Errorf("nothing is said to do: %+v", f)
			}
		})
	}
}

// TestClassThatIsLeftOut: each line that lacks it proposes the one class that all of them lack, though another allows one of them too.
func TestClassThatIsLeftOut(t *testing.T) {
	lines := 0
	for _, f := range found(t, strings.Replace(sound, "[inetOrgPerson, scimbridgeUser]", "[inetOrgPerson]", 1)) {
		if f.Code != "not-allowed" {
			continue
		}
		if lines++; f.Line != "objectClasses: [inetOrgPerson, scimbridgeUser]" {
			t.Errorf("%s: %s", f.What, f.Line)
		}
	}
	if lines < 2 {
		t.Errorf("%d lines lack the class", lines)
	}
}

// TestForms: what an editor marks by the schema is what is wrong of form, and nothing else.
func TestForms(t *testing.T) {
	marked := []string{"an active that is missing", "a DN that is none", "a key misspelt"}
	if err := schematest.Validate(sound); err != nil {
		t.Error(err)
	}
	for _, b := range maps {
		if err := schematest.Validate(strings.Replace(sound, b.from, b.to, 1)); (err != nil) != slices.Contains(marked, b.name) {
			t.Errorf("%s: %v", b.name, err)
		}
	}
}

// TestControls: what a server does not announce is told.
func TestControls(t *testing.T) {
	s, _ := subject(t, sound)
	server := maptest.Server(t, ldif.OpenLDAP)
	codes := map[string]bool{}
	for _, f := range inspect.Live(s, inspect.Bound(s, server)) {
		codes[f.Code] = true
	}
	if !codes["no-paging"] || !codes["no-condition"] {
		t.Errorf("found %v", codes)
	}
}
