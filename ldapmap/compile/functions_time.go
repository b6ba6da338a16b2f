package compile

import (
	"strconv"
	"strings"
	"time"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// What directories hold of time and truth, and how it is read from there.

const timeFormNames = "generalizedTime, fileTime, shadowDays"

var timeForms = map[string]func(string) (time.Time, bool){
	"generalizedTime": ldif.ParseGeneralizedTime, "fileTime": ldif.ParseFileTime, "shadowDays": ldif.ParseShadowDays,
}

var timeFunctions = []function{
	timeFunction("generalizedTime(t)", "a dateTime as LDAP has it", `generalizedTime("2026-02-01T09:30:00+01:00")`, "20260201083000Z",
		ldif.GeneralizedTime, ldif.ParseGeneralizedTime),
	timeFunction("fileTime(t)", "as Active Directory counts it: 100 ns since 1601 (`accountExpires`)", `fileTime("2026-02-01T00:00:00Z")`,
		"134143776000000000", ldif.FileTime, ldif.ParseFileTime),
	timeFunction("shadowDays(t)", "in days since 1970 (`shadowExpire`)", `shadowDays("2026-02-01T00:00:00Z")`, "20485", ldif.ShadowDays,
		ldif.ParseShadowDays),
	{
		"dateTime(v, form)", "a dateTime of what `generalizedTime`, `fileTime` or `shadowDays` gives; unassigned where it means never",
		`dateTime("20485", "shadowDays")`, "2026-02-01T00:00:00Z", new(func(string, string) string),
		func(a []any) (any, error) {
			form := timeForms[a[1].(string)]
			if form == nil {
				return nil, misuse(briefly(a[1]) + " is none of " + timeFormNames)
			}
			if at, ok := form(a[0].(string)); ok {
				return at.Format(time.RFC3339Nano), nil
			}
			return nil, nil
		},
	},
}

func timeFunction(
	call, does, example, result string, write func(time.Time) string, read func(string) (time.Time, bool),
) function {
	return function{call, does, example, result, new(func(string) string), func(a []any) (any, error) {
		at, ok := schema.ParseDateTime(a[0].(string))
		if !ok {
			return nil, misuse(briefly(a[0]) + " is no dateTime such as 2026-02-01T09:30:00Z")
		}
		return timed(before(call, "("), at, write, read)
	}}
}

var truthFunctions = []function{
	{
		"isTrue(v)", "true for true, yes, on and 1, whatever their case; else false", `isTrue("Yes") ? "in" : "out"`, "in",
		new(func(any) bool), func(a []any) (any, error) { return isTrue(a[0]), nil },
	},
	{
		"boolean(v)", "the same as an LDAP Boolean", `boolean("yes")`, "TRUE", new(func(any) string),
		func(a []any) (any, error) {
			if a[0] == nil {
				return nil, nil
			}
			return strings.ToUpper(strconv.FormatBool(isTrue(a[0]))), nil
		},
	},
}

func isTrue(v any) bool {
	text, _ := Text(v)
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "on", "1":
		return true
	}
	return false
}
