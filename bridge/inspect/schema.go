package inspect

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// schema tells what the map names and the directory's schema lacks, or has otherwise. What that is, ldapmap found when it bound the map.
func schema(s Subject, v Survey) (all []Finding) {
	if v.Server == nil {
		return nil
	}
	without := lackingClasses(s.Map, v)
	for _, problem := range v.Problems {
		f := Finding{
			Severity: Error, Code: "schema", Key: problem.Key(), What: problem.Problem, OfSchema: true,
			Why:  "nothing is served while the map does not fit: a filter on what is not there finds nobody",
			Mend: "name another, of which the schema has what the line needs, load a schema that has it, or leave it out",
		}
		at := mendSchema(&f, s, v.Server, problem)
		if f.Code != "not-allowed" || !slices.Contains(without, at) { // a class that is missing allows nothing
			all = append(all, f)
		}
	}
	return all
}

// lackingClasses are the numbers of the types of which a class is not in the schema.
func lackingClasses(m *compile.Map, v Survey) (types []int) {
	for i, t := range m.Types {
		if slices.ContainsFunc(t.Classes, func(class string) bool { return v.Server.Schema.Class(class) == nil }) {
			types = append(types, i)
		}
	}
	return types
}

var rulePath = regexp.MustCompile(`^\[(\d+)\]\.attributes\[(\d+)\]\.(?:ldap|also)$`)

// mendSchema says what would do where a line's attribute is not known, or not allowed, and gives the number of its type.
func mendSchema(f *Finding, s Subject, server *ldif.Server, problem compile.Fault) (i int) {
	if class, ok := classAt(s.Map, problem.Path); ok && server.Schema.Class(class) == nil {
		f.Mend = "name a class that the schema has, or load the schema that defines it"
	}
	i, name, ok := attributeAt(s.Map, problem.Path)
	if !ok {
		return -1
	}
	t := s.Map.Types[i]
	switch {
	case server.Schema.Attribute(name) == nil:
		f.Code = "unknown-attribute"
		f.Mend = "name an attribute that the schema has, or load the schema that defines it"
	case !allowedBy(server.Schema, t.Classes, name):
		f.Code = "not-allowed"
		f.Mend = "name an attribute that the classes allow"
		if allowing := auxiliaries(server.Schema, name); len(allowing) > 0 {
			f.Mend += ", or add an auxiliary class that allows it"
			classes := append(slices.Clone(t.Classes), best(allowing, server.Schema, t))
			f.Line = fmt.Sprintf("objectClasses: [%s]", strings.Join(classes, ", "))
		}
	}
	return i
}

// best is the class that allows the most of what the lines of the type name and its own classes do not allow; of equals the first.
func best(classes []string, schema *ldif.Subschema, t *compile.Type) string {
	adds := func(class string) (n int) {
		for _, r := range t.Rules {
			if !allowedBy(schema, t.Classes, r.LDAP) && allowedBy(schema, []string{class}, r.LDAP) {
				n++
			}
		}
		return n
	}
	return slices.MaxFunc(classes, func(a, b string) int { return adds(a) - adds(b) })
}

var classPath = regexp.MustCompile(`^\[(\d+)\]\.objectClasses\[(\d+)\]$`)

// classAt is the object class at the path.
func classAt(m *compile.Map, path string) (name string, ok bool) {
	found := classPath.FindStringSubmatch(path)
	if found == nil {
		return "", false
	}
	at, _ := strconv.Atoi(found[1])
	n, _ := strconv.Atoi(found[2])
	if at >= len(m.Types) || n >= len(m.Types[at].Classes) {
		return "", false
	}
	return m.Types[at].Classes[n], true
}

// attributeAt is the LDAP attribute of the line with the path, and the number of its type.
func attributeAt(m *compile.Map, path string) (at int, name string, ok bool) {
	found := rulePath.FindStringSubmatch(path)
	if found == nil {
		return 0, "", false
	}
	at, _ = strconv.Atoi(found[1])
	line, _ := strconv.Atoi(found[2])
	if at >= len(m.Types) {
		return 0, "", false
	}
	for _, r := range m.Types[at].Rules {
		if r.At == line && (r.Copies != nil) == strings.HasSuffix(path, "also") {
			return at, r.LDAP, true
		}
	}
	return 0, "", false
}

func allowedBy(schema *ldif.Subschema, classes []string, name string) bool {
	a := schema.Attribute(name)
	bare, _, _ := strings.Cut(schema.Canonical(name), ";")
	return a != nil && (a.Operational || ldif.Named(schema.Must(classes...), bare) || ldif.Named(schema.May(classes...), bare))
}

// auxiliaries are the auxiliary classes that allow or demand an attribute, and demand no other.
func auxiliaries(schema *ldif.Subschema, name string) (found []string) {
	bare, _, _ := strings.Cut(schema.Canonical(name), ";")
	for _, class := range schema.ClassNames() {
		c := schema.Class(class)
		if c == nil || c.Kind != "AUXILIARY" || len(c.Names) == 0 || c.Names[0] != class || strings.EqualFold(class, "extensibleObject") {
			continue
		}
		isIt := func(must string) bool { return strings.EqualFold(must, bare) }
		others := slices.DeleteFunc(schema.Must(class), func(must string) bool {
			return strings.EqualFold(must, "objectClass") || isIt(must)
		})
		if len(others) == 0 && slices.ContainsFunc(slices.Concat(schema.Must(class), schema.May(class)), isIt) {
			found = append(found, class)
		}
	}
	return found
}
