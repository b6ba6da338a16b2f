package ldif

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parse reads LDIF content records (RFC 2849): entries separated by empty lines, with comments, folded lines and base64 values. An
// error names the line. Change records and URL values are refused.
func Parse(text string) ([]*Entry, error) {
	var entries []*Entry
	var entry *Entry
	for number, line := range unfold(text) {
		switch {
		case line == "":
			entry = nil
			continue
		case strings.HasPrefix(line, "#"), strings.HasPrefix(line, "version:") && entry == nil:
			continue
		}
		name, value, err := parseLine(line)
		switch {
		case err != nil:
			return nil, fmt.Errorf("LDIF line %d: %w", number+1, err)
		case entry == nil && !strings.EqualFold(name, "dn"):
			return nil, fmt.Errorf("LDIF line %d: a record begins with dn, not %s", number+1, name)
		case entry == nil:
			entry = &Entry{DN: value}
			entries = append(entries, entry)
		case strings.EqualFold(name, "dn"):
			return nil, fmt.Errorf("LDIF line %d: a second dn: in one record: an empty line is missing", number+1)
		case strings.EqualFold(name, "changetype"):
			return nil, fmt.Errorf("LDIF line %d: a change record, where entries are expected", number+1)
		default:
			entry.Set(name, append(slices.Clone(entry.Values(name)), value)...)
		}
	}
	return entries, nil
}

// unfold joins continuation lines (RFC 2849 note 2), keeping each logical line at the index of its first.
func unfold(text string) []string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	last := -1
	for i, line := range lines {
		if last >= 0 && lines[last] != "" && strings.HasPrefix(line, " ") {
			lines[last] += line[1:]
			lines[i] = "#"
			continue
		}
		last = i
	}
	return lines
}

func parseLine(line string) (name, value string, err error) {
	name, value, found := strings.Cut(line, ":")
	switch {
	case !found || name == "" || strings.ContainsFunc(name, func(r rune) bool { return !inDescription(r) }):
		return "", "", fmt.Errorf("%q is not `attribute: value`", line)
	case strings.HasPrefix(value, "<"):
		return "", "", fmt.Errorf("%s: values from URLs are not read", name)
	case strings.HasPrefix(value, ":"):
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value[1:]))
		return name, string(raw), err
	}
	return name, strings.TrimLeft(value, " "), nil
}

// inDescription says whether the character stands in attribute descriptions (RFC 4512 §2.5), or in those that servers take besides.
func inDescription(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-;._", r)
}

// String returns the entry as an LDIF content record.
func (e *Entry) String() string {
	var b strings.Builder
	writeLine(&b, "dn", e.DN)
	writeAttributes(&b, e.Attributes, Secret)
	return b.String()
}

// String returns the change record as LDIF, its condition as a comment, secrets left out.
func (c Change) String() string {
	var b strings.Builder
	if text := c.If.String(); text != "" {
		fmt.Fprintf(&b, "# if %s\n", text)
	}
	if c.Revives != "" {
		fmt.Fprintf(&b, "# with the control that shows what was deleted\n")
		writeLine(&b, "dn", c.Revives)
		b.WriteString("changetype: modify\ndelete: isDeleted\n-\nreplace: distinguishedName\n")
		writeLine(&b, "distinguishedName", c.DN)
		b.WriteString("-\n")
		return b.String()
	}
	if c.Operation {
		b.WriteString("# by the password modify operation\n")
	}
	writeLine(&b, "dn", c.DN)
	fmt.Fprintf(&b, "changetype: %s\n", c.Kind)
	switch c.Kind {
	case Add:
		writeAttributes(&b, c.Entry, c.Secret)
	case Modify:
		for i, m := range c.Mods {
			if i > 0 {
				b.WriteString("-\n")
			}
			if m.Settled {
				b.WriteString("# settled: success where it is so already\n")
			}
			if m.ByDN {
				b.WriteString("# by DN: whatever unique identifier stands behind it\n")
			}
			fmt.Fprintf(&b, "%s: %s\n", m.Op, m.Name)
			writeAttributes(&b, []Attribute{{m.Name, m.Values}}, c.Secret)
		}
		b.WriteString("-\n")
	case ModifyDN:
		writeLine(&b, "newrdn", c.NewRDN)
		deleteOld := 0
		if c.DeleteOldRDN {
			deleteOld = 1
		}
		fmt.Fprintf(&b, "deleteoldrdn: %d\n", deleteOld)
		if c.NewSuperior != "" {
			writeLine(&b, "newsuperior", c.NewSuperior)
		}
	case Delete:
	}
	return b.String()
}

// String says the condition in words: `id=… version=…`.
func (c Condition) String() string {
	var parts []string
	if c.ID != "" {
		parts = append(parts, "id="+c.ID)
	}
	if c.Version != "" {
		parts = append(parts, "version="+c.Version)
	}
	if c.AsLeft {
		parts = append(parts, "as an earlier change left it")
	}
	return strings.Join(parts, " ")
}

// String returns the plan's change records as LDIF, secrets left out.
func (p Plan) String() string {
	records := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		records[i] = s.Change.String()
	}
	return strings.Join(records, "\n")
}

// Secret says whether an attribute's values must never be shown: passwords and their hashes.
func Secret(name string) bool {
	name, _, _ = strings.Cut(name, ";")
	return secrets[strings.ToLower(name)]
}

// Named says whether a name of the schema's, of an attribute or a class, is among those.
func Named(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// secrets are the attributes of passwords in the directories and schemas that there are: RFC 4519, RFC 3112, Active Directory ([MS-ADTS]
// §3.1.1.4.4), Samba's and Kerberos' schemas, ppolicy's history.
var secrets = map[string]bool{
	"userpassword": true, "2.5.4.35": true, "authpassword": true, "pwdhistory": true, "passwordhistory": true,
	"unicodepwd": true, "dbcspwd": true, "ntpwdhistory": true, "lmpwdhistory": true, "supplementalcredentials": true, "clearpassword": true,
	"cleartextpassword": true, "msds-managedpassword": true, "ms-mcs-admpwd": true, "mslaps-password": true,
	"sambantpassword": true, "sambalmpassword": true, "sambapasswordhistory": true, "sambacleartextpassword": true,
	"krbprincipalkey": true, "krb5key": true,
}

func writeAttributes(b *strings.Builder, attributes []Attribute, secret func(name string) bool) {
	for _, a := range attributes {
		for _, v := range a.Values {
			if secret(a.Name) {
				fmt.Fprintf(b, "# %s: (not shown)\n", a.Name)
				continue
			}
			writeLine(b, a.Name, v)
		}
	}
}

// writeLine writes a value as it is where RFC 2849 allows, else in base64 with the text as a comment where it can be read.
func writeLine(b *strings.Builder, name, value string) {
	if safe(value) {
		fmt.Fprintf(b, "%s: %s\n", name, value)
		return
	}
	if utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl) {
		fmt.Fprintf(b, "# %s: %s\n", name, value)
	}
	fmt.Fprintf(b, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}

// safe is SAFE-STRING of RFC 2849, and no space at the end.
func safe(value string) bool {
	if value == "" {
		return true
	}
	if strings.ContainsRune(" :<", rune(value[0])) || strings.HasSuffix(value, " ") {
		return false
	}
	return !strings.ContainsFunc(value, func(r rune) bool { return r == 0 || r == '\n' || r == '\r' || r >= 0x80 })
}
