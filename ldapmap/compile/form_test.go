package compile_test

import (
	"testing"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/maptest"
)

// What each kind makes of a SCIM value, and what it reads of what is stored; "" is nothing, or a fault.
func TestKinds(t *testing.T) {
	for _, c := range []struct{ kind, scim, stored, shown string }{
		{"text", "a$b", "a$b", "a$b"},
		{"generalizedTime", "2026-02-01T09:30:00.5+01:00", "20260201083000.5Z", "2026-02-01T08:30:00.5Z"},
		{"generalizedTime", "", "20260201083000,5+0100", "2026-02-01T08:30:00.5+01:00"},
		{"generalizedTime", "soon", "", ""},
		{"fileTime", "1601-01-01T00:00:00.0000001Z", "1", "1601-01-01T00:00:00.0000001Z"},
		{"fileTime", "9999-12-31T23:59:59Z", "2650467743990000000", "9999-12-31T23:59:59Z"},
		{"fileTime", "", "0", ""},
		{"fileTime", "", "9223372036854775807", ""},
		{"fileTime", "", "never", ""},
		{"shadowDays", "2026-02-01T23:59:59Z", "20485", "2026-02-01T00:00:00Z"},
		{"shadowDays", "", "-1", ""},
		{"shadowDays", "1969-12-31T23:59:59Z", "", ""}, // -1 is never
		{"fileTime", "1601-01-01T00:00:00Z", "", ""},   // and so is 0
		{"fileTime", "0001-01-01T00:00:00Z", "", ""},
		{"fileTime", "9999-12-31T23:59:59-01:00", "", ""},
		{"generalizedTime", "9999-12-31T23:59:59-01:00", "", ""},
		{"generalizedTime", "0000-01-01T00:00:00+01:00", "", ""},
		{"generalizedTime", "0001-01-01T00:00:00.000000001Z", "00010101000000.000000001Z", "0001-01-01T00:00:00.000000001Z"},
		{"binary", "R0lGODlh", "GIF89a", "R0lGODlh"},
		{"binary", "R0lG ODlh", "", ""},
		{"photo", "R0lGODlh", "GIF89a", "data:image/gif;base64,R0lGODlh"},
		{"photo", "data:image/jpeg;base64,/9j/", "\xff\xd8\xff", "data:image/jpeg;base64,/9j/"},
		{"photo", "data:,GIF", "", ""},
		{"photo", "https://shore.example/mara.jpg", "", ""},
		{"postalAddress", "Kai 1\r\n\nD-20457 $\\5", `Kai 1$D-20457 \24\5C5`, "Kai 1\nD-20457 $\\5"},
		{"postalAddress", "", `a\5cb`, `a\b`},
		{"postalAddress", "\n", "", ""},
		{"telephone", "tel:+41-44", "+41-44", "+41-44"},
		{"labeledURI", "https://x/a b", "https://x/a%20b", "https://x/a%20b"},
		{"labeledURI", "", "https://x/a The page", "https://x/a"},
		{"language", "de-CH", "de-CH", "de-CH"},
		{"language", "", "de-CH;q=0.9, en", "de-CH"},
		{"language", "a language", "", ""},
	} {
		kind := "{scim: title, ldap: title, as: " + c.kind + "}"
		m, err := compile.Compile(maptest.Read(t, "- type: User\n  base: dc=example\n  objectClasses: [inetOrgPerson]\n"+
			"  attributes:\n    - {scim: userName, ldap: uid}\n    - "+kind+"\n"))
		if err != nil {
			t.Errorf("%s: %v", c.kind, err)
			continue
		}
		form := m.Types[0].Rules[1].Form
		if stored, _ := form.Write(c.scim); c.scim != "" && stored != c.stored {
			t.Errorf("%s: %q is written as %q, want %q", c.kind, c.scim, stored, c.stored)
		}
		if shown, ok := form.Read(c.stored); c.stored != "" && (ok != (c.shown != "") || ok && shown != c.shown) {
			t.Errorf("%s: %q is read as %v, want %q", c.kind, c.stored, shown, c.shown)
		}
	}
}

func TestFormFaults(t *testing.T) {
	for line, want := range map[string]string{
		`{scim: title, ldap: title, as: postal}`: `as: "postal" is none of text, generalizedTime, fileTime, shadowDays, binary, photo, ` +
			`postalAddress, telephone, labeledURI, language; did you mean postalAddress?`,
		`{scim: title, ldap: title, as: text, value: value, read: value}`: "" +
			"as: `as` goes without `value` and `read`, which say how the " +
			"value stands by themselves",
		`{scim: 'urn:x:n', ldap: title, as: fileTime, define: {type: boolean}}`: "" +
			"as: urn:x:n is of type boolean, and fileTime is of dateTime, string",
		`{scim: title, ldap: title, value: value}`: "" +
			"value: a line with `scim` has both: `value` says what is written, and `read` what is read of it",
		`{scim: title, ldap: title, read: value}`: "" +
			"value: a line with `scim` has both: `value` says what is written, and `read` what is read of it",
		`{scim: title, ldap: title, value: userName, read: value}`: "value: unknown name userName (1:1)",
		`{scim: title, ldap: title, value: value, read: 'split(value, "-")'}`: "" +
			"read: one value is made of one, and this is a list",
		`{scim: title, ldap: title, value: 'join(value, "")', read: value}`: "" +
			"value: join(list, sep) takes a list, and value is text (1:6)",
		`{scim: title, ldap: title, samples: [x]}`: "" +
			"samples: samples are of `value` and `read`, or of `as`",
		`{scim: title, ldap: title, value: upper(value), read: value, samples: [A, b]}`: "" +
			`samples[1]: "b" is written as "B" and read as "B"`,
		`{scim: title, ldap: title, value: 'regexp(value, "[0-9]+")', read: value, samples: [A]}`: "" +
			`samples[0]: nothing is written for "A"`,
		`{scim: title, ldap: title, as: language, samples: [a language]}`: `samples[0]: "a language" cannot be written: ` +
			`"a language" is no language tag such as de-CH`,
		`{scim: 'urn:x:n', ldap: title, value: string(value), read: value, samples: [x], define: {type: integer}}`: "" +
			`samples[0]: "x" is no integer`,
		`{scim: title, ldap: title, as: text, max: 3, samples: [abc, abcd]}`: "" +
			"samples[1]: \"abcd\" is written in 4 octets, and `max` is 3",
		`{scim: title, ldap: title, max: -1}`: "max: is a number of octets",
		`{scim: title, ldap: title, where: value}`: "" +
			"where: it says whether a value is the line's, and this is text",
		`{scim: title, ldap: title, where: 'userName == "x"'}`: "where: unknown name userName (1:1)",
		`{scim: 'urn:x:n', ldap: title, prefix: 'n:', define: {type: integer}}`: "" +
			"scim: urn:x:n is of type integer, and parts are of texts",
		`{scim: title, ldap: title, prefix: 't:', empty: userName}`: "" +
			"scim: `prefix` and `where` go with neither `reference`, `empty` and " +
			"`also`, nor with a password",
		`{scim: title, ldap: title, match: all}`: `match: "all" is not known: any is`,
		`{scim: emails.value, ldap: mail, match: any}`: "match: `match` is of a line that shows one of several values, without " +
			"`reference` and `empty`",
		`{scim: nickName, ldap: uid, shares: title}`:      "shares: title is not mapped",
		`{scim: nickName, ldap: title, shares: userName}`: "shares: userName stands in uid, and this line in title",
		`{scim: nickName, ldap: uid, shares: userName, empty: userName}`: "shares: `empty` goes with neither, and `choose` and `also` " +
			"with the line that is named",
		`{scim: nickName, ldap: uid, shares: userName, as: text}`: "shares: a value that is shared stands as it is: it is no " +
			"reference or password, without `as`, `value`, `prefix` and `where`",
		`{scim: emails.value, ldap: uid, shares: userName}`: "shares: each of the two has one value: that which is named is no part of a " +
			"multi-valued attribute",
		`{ldap: title, value: userName, as: text}`: "" +
			"scim: `read`, `as`, `max`, `samples`, `also`, `prefix`, `where` and `match` go with `scim`",
		`{scim: password, ldap: userPassword, value: value, read: value}`: "" +
			"scim: neither a reference nor a password takes `value`, `read` or `as`",
	} {
		_, err := compile.Compile(maptest.Read(t, "- type: User\n  base: dc=example\n  objectClasses: [inetOrgPerson]\n"+
			"  attributes:\n    - {scim: userName, ldap: uid}\n    - "+line+"\n"))
		if err == nil || err.Error() != "resources[0].attributes[1]."+want {
			t.Errorf("%s: %v\nwant %s", line, err, want)
		}
	}
}
