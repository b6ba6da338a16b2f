package config

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"
)

// durations are those that time.ParseDuration reads, but for negative ones.
const durations = `^(0|([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$`

// schemas are made from the structs, and from what their comments say.
type schemas struct {
	described
	sections map[string]any // by their names
}

// section names the schema of a struct, of which is given what holds by default. It may be left empty: each of its keys may be commented
// out.
func (s *schemas) section(section reflect.Type, given reflect.Value) (ref map[string]any) {
	ref = map[string]any{"$ref": "#/$defs/" + section.String()}
	if s.sections[section.String()] != nil {
		return ref
	}
	properties, required := map[string]any{}, []string{}
	object := map[string]any{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	s.sections[section.String()] = object
	given = withDefaults(given)
	for field := range fieldsOf(section) {
		key := field.Tag.Get("koanf")
		property := s.value(field.Type, field.Tag, given.FieldByIndex(field.Index))
		property["description"] = s.of(section, field)
		properties[key] = property
		if field.Tag.Get("required") == "true" { // and not in the environment
			required = append(required, key)
		}
	}
	if len(required) > 0 {
		object["required"] = required
	}
	return ref
}

// value is the schema of a key's value.
func (s *schemas) value(t reflect.Type, tag reflect.StructTag, given reflect.Value) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return s.value(t.Elem(), tag, reflect.Zero(t.Elem()))
	case reflect.Struct:
		section := s.section(t, given)
		for field := range fieldsOf(t) {
			if field.Tag.Get("alone") != "" {
				return map[string]any{"anyOf": []any{s.value(field.Type, field.Tag, reflect.Zero(field.Type)), section}}
			}
		}
		return section
	case reflect.Slice:
		item := s.value(t.Elem(), tag, reflect.Zero(t.Elem()))
		list := map[string]any{"type": []string{"array", "null"}, "items": item}
		if t.Elem().Kind() == reflect.Struct { // no item is left empty
			list["items"] = map[string]any{"allOf": []any{item}, "not": map[string]any{"type": "null"}}
		}
		if tag.Get("required") != "" {
			list["type"], list["minItems"] = "array", 1
		}
		either := map[string]any{"anyOf": []any{list, item}}
		if given.Len() > 0 {
			either["default"] = given.Interface()
		}
		return either
	}
	return scalarSchema(t, tag, given)
}

func scalarSchema(t reflect.Type, tag reflect.StructTag, given reflect.Value) map[string]any {
	s := map[string]any{}
	if !given.IsZero() {
		s["default"] = given.Interface()
	} else if said := tag.Get("default"); said != "" {
		s["default"] = said
	}
	switch one, pattern := choice(t, tag), forms[tag.Get("is")].pattern; {
	case t == durationType:
		s["type"], s["pattern"], s["minimum"], s["maximum"] = []string{"string", "integer"}, durations, 0, 0
		if !given.IsZero() {
			s = map[string]any{"type": "string", "pattern": durations, "default": shortest(time.Duration(given.Int()))}
		}
	case t.Kind() == reflect.Bool:
		s["type"] = "boolean"
	case isWhole(t):
		s["type"], s["minimum"] = "integer", 0
		if !given.IsZero() {
			s["minimum"] = 1
		}
	case len(one) > 0:
		s["enum"] = one
	case pattern != "":
		s["type"], s["pattern"] = "string", pattern
	default: // text that YAML takes for something else is itself
		s["type"] = []string{"string", "number", "boolean"}
	}
	return s
}

// TestSchema holds schema.json to the structs.
func TestSchema(t *testing.T) {
	made := &schemas{describe(t), map[string]any{}}
	whole := made.section(shape, reflect.Zero(shape))
	whole["$schema"], whole["title"] = "https://json-schema.org/draft/2020-12/schema", "The configuration of scimbridge"
	whole["$defs"] = made.sections
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(whole); err != nil {
		t.Fatal(err)
	}
	current(t, "schema.json", text.String())
}

// current holds a file to what it is made from, or writes it anew.
func current(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != text {
		t.Errorf("%s is not what the structs say: go test ./config -update writes it anew (%v)", file, err)
	}
}
