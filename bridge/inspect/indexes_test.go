package inspect_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/inspect"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestIndexesWanted: of a map with a bit of everything each attribute is told that requests search by, with the kind of index, and none
// that needs none: a password, a marker, what is computed, what blocks.
func TestIndexesWanted(t *testing.T) {
	text := strings.Replace(broad, "{mode: move, to: 'ou=leavers,dc=example,dc=org'}",
		"{mode: block, marker: {attribute: employeeType, value: left}}", 1)
	text = strings.Replace(text, "    delete:", `      - {ldap: businessCategory, value: 'lower(userName)', on: create, unique: true}
      - {ldap: description, constant: made by SCIM}
    match: [{scim: userName, in: 'emails[type eq "work"].value'}]
    delete:`, 1)
	text = strings.Replace(text, "objectClasses: [groupOfNames", "objectClasses: [groupOfUniqueNames", 1)
	text = strings.Replace(text, "members: {attribute: member}", "members: {attribute: uniqueMember, suffixes: true}", 1)
	s, faults := subject(t, text)
	if faults != nil {
		t.Fatal(faults)
	}
	v := inspect.Bound(s, maptest.Server(t, ldif.OpenLDAP))
	v.Meetings = []directory.Meeting{{Ended: directory.AtEnd}}
	v.Settings.Databases = []inspect.Database{{DN: database, Suffix: "dc=example,dc=org"}}
	var told []string
	for _, f := range inspect.Live(s, v) {
		if f.Code == "index" || f.Code == "filter-index" {
			told = append(told, f.Code+": "+f.What)
		}
		if f.OfSchema {
			t.Errorf("%+v", f)
		}
	}
	slices.Sort(told)
	want := []string{
		"filter-index: these are indexed by nothing that a filter on them needs: displayName, sn, telephoneNumber, title",
		"index: businessCategory is not indexed by equality",
		"index: cn is not indexed by equality",
		"index: employeeNumber is not indexed by equality",
		"index: entryUUID is not indexed by equality",
		"index: mail is not indexed by equality",
		"index: manager is not indexed by equality",
		"index: objectClass is not indexed by equality",
		"index: scimExternalId is not indexed by equality",
		"index: scimUserName is not indexed by equality",
		"index: uid is not indexed by equality",
		"index: uniqueMember is not indexed by equality",
		"index: uniqueMember is not indexed by presence",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	indexed := map[string][]ldif.Index{}
	for name := range strings.FieldsSeq("displayname sn telephonenumber title businesscategory cn employeenumber entryuuid mail manager " +
		"objectclass scimexternalid scimusername uid uniquemember") {
		indexed[name] = []ldif.Index{ldif.ByEquality, ldif.ByPresence}
	}
	v.Settings.Databases[0].Indexed = indexed
	for _, f := range inspect.Live(s, v) {
		if f.Code == "index" || f.Code == "filter-index" {
			t.Errorf("%+v", f)
		}
	}
}
