package config

import (
	"cmp"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"time"

	"scimbridge/ldapmap/compile"
)

// fieldsOf are the fields of a section that hold keys.
func fieldsOf(section reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for field := range section.Fields() {
			if field.IsExported() && !yield(field) {
				return
			}
		}
	}
}

// fieldOf returns the type of the key of a section.
func fieldOf(section reflect.Type, key string) (reflect.Type, bool) {
	for field := range fieldsOf(section) {
		if field.Tag.Get("koanf") == key {
			return field.Type, true
		}
	}
	return nil, false
}

// alone is the key of a section whose value may stand for the section; "": there is none.
func alone(section reflect.Type) string {
	for field := range fieldsOf(section) {
		if field.Tag.Get("alone") == "true" {
			return field.Tag.Get("koanf")
		}
	}
	return ""
}

// keysOf lists the keys of a section.
func keysOf(section reflect.Type) []string {
	var keys []string
	for field := range fieldsOf(section) {
		keys = append(keys, field.Tag.Get("koanf"))
	}
	return keys
}

var durationType = reflect.TypeFor[time.Duration]()

// scalar reads a single value for a key of type t, and reports what does not fit; nil means that nothing is set.
func (r *reader) scalar(at origin, text, path string, t reflect.Type) any {
	value, ok := scalar(text, t)
	problem := unmeant(path, value)
	if !ok {
		problem = "needs " + wanted(t)
	}
	if problem != "" {
		r.fault(at, path, problem)
		return nil
	}
	return value
}

// scalar reads a single value for a key of type t. Text stays as it is written: an unquoted TRUE or 007 is itself.
func scalar(text string, t reflect.Type) (value any, ok bool) {
	var err error
	switch {
	case t == durationType:
		value, err = time.ParseDuration(text)
	case t.Kind() == reflect.Bool:
		return text == "true", text == "true" || text == "false"
	case isWhole(t):
		value, err = strconv.ParseInt(text, 0, t.Bits()) // 0x2 is what a bit looks like
	default:
		value = text
	}
	return value, err == nil
}

// wanted says in words what scalar reads.
func wanted(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a duration, as 30s or 5m"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case isWhole(t):
		return "a whole number"
	}
	return "text"
}

func isWhole(t reflect.Type) bool { return t.Kind() == reflect.Int || t.Kind() == reflect.Int64 }

func unknownKey(typed string, keys []string) string {
	return "is not a key" + cmp.Or(compile.DidYouMean(typed, keys), "; here are "+strings.Join(keys, ", "))
}
