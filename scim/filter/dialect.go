package filter

import (
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// This file is what clients send beyond RFC 7644 §3.4.2.2 in filters: one function a quirk, each with where it was seen, which says whether
// the form is taken. A strict dialect takes none. Case that does not count in names and operators is no quirk.

// unquoted takes a value without quotes for a text: Microsoft's documentation and Postman collection leave them out (`externalId eq
// jyoung`, langwatch#6973), Ping's user match filter too.
func unquoted(d scim.Dialect, v operand) bool {
	return v.kind == aString || !d.Strict
}

// quoted takes a value in quotes for a Boolean or a number: Entra's SingleAppRoleAssignment asks for `roles[primary eq "True"].value`
// (lightdash/lightdash#25676).
func quoted(d scim.Dialect, v operand) bool {
	return v.kind == aWord || !d.Strict
}

// inAnyCase compares a literal (true, false, null) ignoring case, as `active eq True` needs it. JSON's are in small letters.
func inAnyCase(d scim.Dialect, text, literal string) bool {
	return text == literal || !d.Strict && strings.EqualFold(text, literal)
}

// beyondBrackets takes a comparison after a value filter: `emails[type eq "work"].value eq "x"`, which is how Entra matches by e-mail
// address, and without the sub-attribute, as its documentation once printed it (MicrosoftDocs/azure-docs#83855). By the RFC it is
// `emails[type eq "work" and value eq "x"]`.
func beyondBrackets(d scim.Dialect) bool { return !d.Strict }

// valueOfOne takes a comparison of a complex attribute with one value for one of its `value`: `id eq "…" and manager eq "…"`, Entra's look
// before it writes a manager. Of an attribute with many values the RFC has it so (`emails co "example.com"`).
func valueOfOne(d scim.Dialect, a *schema.Attribute) bool {
	return a.MultiValued || !d.Strict
}

// selectsOfOne takes a value filter on an attribute with one value: "path":"manager[value eq \"9f2c\"]" (thomaspoignant/scim-patch#453).
func selectsOfOne(d scim.Dialect, a *schema.Attribute) bool {
	return a == nil || a.MultiValued || !d.Strict
}
