package config

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// described is what the comments of the structs' fields say, by the struct and the field.
type described map[string]string

// describe reads the comments of every struct that the configuration is made of.
func describe(t *testing.T) described {
	t.Helper()
	d, read := described{}, map[string]bool{}
	eachSection(shape, func(section reflect.Type) {
		module, folder, _ := strings.Cut(section.PkgPath(), "/")
		if module != "scimbridge" || read[folder] {
			return
		}
		read[folder] = true
		files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(folder, err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				spec, isType := n.(*ast.TypeSpec)
				if !isType {
					return true
				}
				if fields, isStruct := spec.Type.(*ast.StructType); isStruct {
					for _, field := range fields.Fields.List {
						text := field.Doc.Text() + field.Comment.Text()
						for _, name := range field.Names {
							d[section.PkgPath()+"."+spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
						}
					}
				}
				return false
			})
		}
	})
	return d
}

// of is what the comment says of a section's field.
func (d described) of(section reflect.Type, field reflect.StructField) string {
	return d[section.PkgPath()+"."+section.Name()+"."+field.Name]
}

// eachSection hands over each struct that the type is made of, itself first.
func eachSection(section reflect.Type, do func(reflect.Type)) {
	do(section)
	for field := range fieldsOf(section) {
		if inner := innermost(field.Type); inner.Kind() == reflect.Struct {
			eachSection(inner, do)
		}
	}
}

// choice are the words that a value is one of, nil of one that may be any.
func choice(t reflect.Type, tag reflect.StructTag) []string {
	if of, is := reflect.Zero(t).Interface().(interface{ OneOf() []string }); is {
		return of.OneOf()
	}
	return strings.Fields(tag.Get("one"))
}

// forms are what texts may be, by the tag `is` of their fields: its name, and the pattern that each fits.
var forms = map[string]struct{ name, pattern string }{
	"":           {"text", ""},
	"address":    {"host:port", `:[0-9A-Za-z-]+$`},
	"attribute":  {"LDAP attribute", `^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`},
	"class":      {"object class", `^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)$`},
	"dn":         {"DN", `^\s*[A-Za-z0-9.-]+\s*=`},
	"expression": {"expression", ""},
	"file":       {"file", ""},
	"filter":     {"LDAP filter", ""},
	"ldap":       {"LDAP URL", `^ldap[si]?://`},
	"network":    {"address or network", `^[0-9A-Fa-f:.]+(/[0-9]+)?$`},
	"path":       {"path", `^[A-Za-z0-9._~/-]+$`},
	"postgres":   {"PostgreSQL URL", `^postgres(ql)?://`},
	"root":       {"URL without a query", `^https?://[^/?#@]+(/[^?#]*)?$`},
	"scim":       {"SCIM attribute", `^[A-Za-z$]`},
	"share":      {"share", `^\s*[0-9]+(\.[0-9]+)?\s*%$`},
	"url":        {"URL", `^https?://`},
	"urn":        {"URN", `^urn:`},
	"uuid":       {"UUID", `^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`},
}

// TestChoices: the words that a key's value is said to be one of are those that are taken.
func TestChoices(t *testing.T) {
	text := good + "webhook: {url: 'https://hooks.corp.example'}\n"
	// refusals are what is said of a value that a variable sets, or of its section, without the value.
	refusals := func(variable, section, value string) (all []string) {
		_, err := Parse("scimbridge.yaml", []byte(text), []string{variable + "=" + value})
		var faults Faults
		errors.As(err, &faults)
		for _, f := range faults {
			if f.Origin == variable || f.Path == section {
				all = append(all, strings.ReplaceAll(f.Problem, value, "…"))
			}
		}
		return all
	}
	eachVariable(shape, nil, func(_ reflect.Type, field reflect.StructField, words []string) {
		one, variable := choice(innermost(field.Type), field.Tag), prefix+strings.Join(words, "_")
		path, _, _ := locate(words)
		if len(one) == 0 {
			return
		}
		unknown := refusals(variable, parent(path), "nonsense")
		if len(unknown) == 0 {
			t.Errorf("%s takes nonsense", variable)
		}
		for _, word := range one {
			said := refusals(variable, parent(path), word)
			if !slices.ContainsFunc(unknown, func(problem string) bool { return !slices.Contains(said, problem) }) {
				t.Errorf("%s does not take %s: %s", variable, word, said)
			}
		}
	})
}

// TestEveryKeyIsDescribed: what an editor shows of a key, and what the reference says, is the comment of its field.
func TestEveryKeyIsDescribed(t *testing.T) {
	d := describe(t)
	eachSection(shape, func(section reflect.Type) {
		for field := range fieldsOf(section) {
			at := section.String() + "." + field.Name
			about := d.of(section, field)
			if about == "" || strings.HasPrefix(about, field.Name+" is ") || strings.HasPrefix(about, field.Name+" are ") {
				t.Errorf("%s: the comment is not for who writes a configuration: %q", at, about)
			}
			if form := field.Tag.Get("is"); forms[form].name == "" {
				t.Errorf("%s: is %q is no form", at, form)
			}
		}
	})
}
