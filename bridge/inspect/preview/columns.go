package preview

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/scim/schema"
)

// sent is what Entra sends of a column: its default mapping. The first of the names that a file has counts.
type sent struct {
	path    string // SCIM
	columns []string
}

const enterprise = schema.EnterpriseURN

// The columns of the portal's exports (Users > Download users, Groups > Download groups), today's and those of older ones, and of what
// PowerShell and Graph call the same. Where the file has no mailNickname, which the portal leaves out, externalId is the object id.
var (
	ofUsers = []sent{
		{"userName", []string{"userPrincipalName"}},
		{"externalId", []string{"mailNickname", "id", "objectId"}},
		{"active", []string{"accountEnabled"}},
		{"displayName", []string{"displayName"}},
		{"name.familyName", []string{"surname"}},
		{"name.givenName", []string{"givenName"}},
		{"title", []string{"jobTitle"}},
		{"preferredLanguage", []string{"preferredLanguage"}},
		{`emails[type eq "work"].value`, []string{"mail"}},
		{`phoneNumbers[type eq "work"].value`, []string{"telephoneNumber"}},
		{`phoneNumbers[type eq "mobile"].value`, []string{"mobilePhone", "mobile"}},
		{`phoneNumbers[type eq "fax"].value`, []string{"facsimileTelephoneNumber", "faxNumber"}},
		{`addresses[type eq "work"].formatted`, []string{"officeLocation", "physicalDeliveryOfficeName"}},
		{`addresses[type eq "work"].streetAddress`, []string{"streetAddress"}},
		{`addresses[type eq "work"].locality`, []string{"city"}},
		{`addresses[type eq "work"].region`, []string{"state"}},
		{`addresses[type eq "work"].postalCode`, []string{"postalCode"}},
		{`addresses[type eq "work"].country`, []string{"country"}},
		{enterprise + ":employeeNumber", []string{"employeeId"}},
		{enterprise + ":department", []string{"department"}},
		{managerPath, []string{"manager"}},
	}
	ofGroups = []sent{
		{"displayName", []string{"displayName"}},
		{"externalId", []string{"id", "objectId"}},
		{membersPath, []string{"members", "member"}},
	}
)

const (
	managerPath = enterprise + ":manager"
	membersPath = "members"
	fullName    = "name.formatted" // which Entra joins of two columns
)

// unsent are the columns of the exports of which Entra's default mapping sends nothing.
var unsent = []string{
	"userType", "usageLocation", "alternateEmailAddress", "otherMails", "ageGroup", "consentProvidedForMinor",
	"legalAgeGroupClassification",
	"companyName", "creationType", "directorySynced", "invitationState", "identityIssuer", "createdDateTime", "authenticationEmail",
	"authenticationPhoneNumber", "authenticationAlternativePhoneNumber", "onPremisesSyncEnabled", "onPremisesImmutableId", "proxyAddresses",
	"description", "mail", "mailEnabled", "securityEnabled", "mailNickname", "groupType", "groupTypes", "membershipType", "membershipRule",
	"source", "visibility", "isAssignableToRole", "securityIdentifier", "id", "objectId", "objectType",
}

// Columns say where columns go that are not Entra's, or not by its default mapping, as title=Position; title= sends none.
type Columns []string

// cut are the SCIM path and the column's name.
func cut(said string) (path, column string, err error) {
	at := strings.LastIndexByte(said, '=')
	if at <= 0 {
		return "", "", fmt.Errorf("%q is no column: say scimPath=Column, as title=Position", said)
	}
	path, column = strings.TrimSpace(said[:at]), strings.TrimSpace(said[at+1:])
	if _, err := parsePath(path); err != nil {
		return "", "", err
	}
	return path, column, nil
}

// Check says what is wrong with them.
func (c Columns) Check() error {
	for _, said := range c {
		if _, _, err := cut(said); err != nil {
			return err
		}
	}
	return nil
}

// sources are the paths that they name, wherever the columns are.
func (c Columns) sources() (all []source) {
	for _, said := range c {
		text, _, _ := cut(said) // it was looked at
		p, _ := parsePath(text)
		all = append(all, source{p, -1})
	}
	return all
}

// source is a column of a file with the place that it goes to.
type source struct {
	path
	column int
}

// sources are the columns that are sent, in their order. unknown are those that nothing is known of.
func (t *Table) sources(defaults []sent, more Columns) (all []source, unknown []string, err error) {
	var faults Faults
	given := map[string]string{}
	for _, said := range more {
		path, column, err := cut(said)
		if err != nil {
			return nil, nil, err
		}
		if given[strings.ToLower(path)] = column; column != "" && t.find(column) < 0 {
			faults.add("%s: there is no column %q for %s: it has %s", t.Name, column, path, strings.Join(t.Columns, ", "))
		}
	}
	used := map[int]bool{}
	add := func(text string, column int) {
		if column >= 0 {
			p, _ := parsePath(text) // it was looked at
			all, used[column] = append(all, source{p, column}), true
		}
	}
	for _, s := range defaults {
		if _, other := given[strings.ToLower(s.path)]; !other {
			add(s.path, t.find(s.columns...))
		}
	}
	for _, said := range more {
		if path, column, _ := cut(said); column != "" {
			add(path, t.find(column))
		}
	}
	for i, name := range t.Columns {
		known := slices.ContainsFunc(unsent, func(n string) bool { return strings.EqualFold(n, name) }) ||
			slices.ContainsFunc(defaults, func(s sent) bool {
				return slices.ContainsFunc(s.columns, func(n string) bool { return strings.EqualFold(n, name) })
			})
		if !used[i] && !known && name != "" {
			unknown = append(unknown, name)
		}
	}
	if len(faults) > 0 {
		return nil, nil, faults
	}
	return all, unknown, nil
}

// truths are how files write yes and no: Entra True, spreadsheets in their own language.
var truths = map[string]bool{
	"true": true, "yes": true, "1": true, "wahr": true, "vrai": true, "verdadero": true, "vero": true, "waar": true,
	"false": false, "no": false, "0": false, "falsch": false, "faux": false, "falso": false, "onwaar": false,
}
