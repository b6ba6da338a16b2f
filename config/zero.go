package config

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A room takes a number or a duration of 0 for one that is left out. Whoever writes 0 means none, or that it is off, and would have the
// default without a word: it is a fault, but where 0 is what holds by default.

// defaults are what holds of numbers and durations that are left out, where it is not 0: by the path of the key, with [] for each item.
var defaults = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	var visit func(section reflect.Value, path string)
	visit = func(section reflect.Value, path string) {
		section = withDefaults(section)
		for field := range fieldsOf(section.Type()) {
			value, below := section.FieldByIndex(field.Index), child(path, field.Tag.Get("koanf"))
			switch t := innermost(field.Type); {
			case t.Kind() == reflect.Struct && field.Type.Kind() == reflect.Slice:
				visit(reflect.Zero(t), below+"[]")
			case t.Kind() == reflect.Struct && field.Type.Kind() == reflect.Pointer:
				visit(reflect.Zero(t), below)
			case t.Kind() == reflect.Struct:
				visit(value, below)
			case field.Type == durationType && !value.IsZero():
				all[below] = shortest(time.Duration(value.Int()))
			case isWhole(field.Type) && !value.IsZero():
				all[below] = strconv.FormatInt(value.Int(), 10)
			}
		}
	}
	visit(reflect.Zero(shape), "")
	return all
})

var number = regexp.MustCompile(`\[\d+\]`)

// unmeant says of a value that it is a 0 which would be taken for the default, and what to write; "": it is not.
func unmeant(path string, value any) string {
	held, has := defaults()[number.ReplaceAllString(path, "[]")]
	if !has || !reflect.ValueOf(value).IsZero() {
		return ""
	}
	return "must be positive; left out it is " + held
}

// innermost is what a list holds, or a pointer points to.
func innermost(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

// withDefaults is the section with what holds where it says nothing.
func withDefaults(section reflect.Value) reflect.Value {
	if method := section.MethodByName("WithDefaults"); method.IsValid() {
		return method.Call(nil)[0]
	}
	return section
}

// shortest is how a person writes the duration.
func shortest(d time.Duration) string {
	text := d.String()
	for _, none := range []string{"0s", "0m"} {
		if cut, is := strings.CutSuffix(text, none); is && cut != "" && strings.ContainsAny(cut[len(cut)-1:], "mh") {
			text = cut
		}
	}
	return text
}
