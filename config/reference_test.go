package config

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// reference is the reference of the keys, a table for each section.
type reference struct {
	described
	text strings.Builder
}

// section writes the section's table, and those of the sections in it. item is its path with the numbers of items, which a variable names.
func (r *reference) section(section reflect.Type, given reflect.Value, path, item, about string) {
	if path != "" {
		fmt.Fprintf(&r.text, "\n### `%s`\n\n%s\n", path, sentence(about))
	}
	given = withDefaults(given)
	var inner []func()
	headed := false
	for field := range fieldsOf(section) {
		key, t, said := field.Tag.Get("koanf"), innermost(field.Type), r.of(section, field)
		below, itemBelow := child(path, key), child(item, key)
		if t.Kind() == reflect.Struct {
			value := reflect.Zero(t)
			switch field.Type.Kind() {
			case reflect.Slice:
				below, itemBelow = below+"[]", itemBelow+"[0]"
			case reflect.Struct:
				value = given.FieldByIndex(field.Index)
			}
			if field.Tag.Get("required") != "" {
				said += "; needed"
			}
			for only := range fieldsOf(t) {
				if only.Tag.Get("alone") != "" {
					said += "; `" + only.Tag.Get("koanf") + "` may stand without its key where it is all that there is"
				}
			}
			inner = append(inner, func() { r.section(t, value, below, itemBelow, said) })
			continue
		}
		if !headed {
			headed = true
			r.text.WriteString("\n| key | what | value | default | variable | a change |\n|---|---|---|---|---|---|\n")
		}
		change := "reload"
		if slices.ContainsFunc(lasting, func(key string) bool { return within(below, key) }) {
			change = "restart"
		}
		fmt.Fprintf(&r.text, "| `%s` | %s | %s | %s | `%s` | %s |\n",
			key, sentence(said), kindOf(field), fallback(field, given), variableOf(itemBelow), change)
	}
	for _, write := range inner {
		write()
	}
}

// sentence is a comment as it stands in a table.
func sentence(text string) string {
	return strings.ReplaceAll(strings.TrimSuffix(text, "."), "|", `\|`)
}

// variableOf is the environment variable of a path.
func variableOf(path string) string {
	return prefix + strings.ToUpper(strings.NewReplacer(".", "_", "[", "_", "]", "").Replace(path))
}

// kindOf says what a key's value is.
func kindOf(field reflect.StructField) string {
	t := innermost(field.Type)
	name := forms[field.Tag.Get("is")].name
	switch one := choice(t, field.Tag); {
	case t == durationType:
		name = "duration"
	case t.Kind() == reflect.Bool:
		name = "true or false"
	case isWhole(t):
		name = "whole number"
	case len(one) > 0:
		name = "`" + strings.Join(one, "`, `") + "`"
	}
	if field.Type.Kind() == reflect.Slice {
		name = "list: " + name
	}
	if field.Tag.Get("required") != "" {
		name += "; needed"
	}
	return name
}

// fallback says what holds of a key that is left out.
func fallback(field reflect.StructField, given reflect.Value) string {
	value := given.FieldByIndex(field.Index)
	switch said := field.Tag.Get("default"); {
	case field.Type == durationType && !value.IsZero():
		return "`" + shortest(time.Duration(value.Int())) + "`"
	case !value.IsZero():
		text, _ := json.Marshal(value.Interface())
		return "`" + strings.Trim(string(text), `"`) + "`"
	case said != "":
		return "`" + said + "`"
	case field.Type.Kind() == reflect.Bool:
		return "`false`"
	}
	return ""
}

// generated begins what of README.md is made from the structs.
const generated = "<!-- From here on go test ./config -update writes this page from the structs. -->\n"

// TestReference holds the reference to the structs, with every key.
func TestReference(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(page), generated)
	if !found {
		t.Fatal("README.md has no place for the reference")
	}
	r := &reference{described: describe(t)}
	r.section(shape, reflect.Zero(shape), "", "", "")
	current(t, "README.md", head+generated+r.text.String())
	eachVariable(shape, nil, func(section reflect.Type, field reflect.StructField, words []string) {
		if name := prefix + strings.Join(words, "_"); !strings.Contains(r.text.String(), "`"+name+"`") {
			t.Errorf("%s of %s is not in the reference", name, section)
		}
	})
}
