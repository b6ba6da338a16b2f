package config

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// fieldOf returns the type of the key of a section.
func fieldOf(section reflect.Type, key string) (reflect.Type, bool) {
	for field := range section.Fields() {
		if field.Tag.Get("koanf") == key {
			return field.Type, true
		}
	}
	return nil, false
}

// keysOf lists the keys of a section.
func keysOf(section reflect.Type) []string {
	var keys []string
	for field := range section.Fields() {
		keys = append(keys, field.Tag.Get("koanf"))
	}
	return keys
}

var durationType = reflect.TypeFor[time.Duration]()

// scalar reads a single value for a key of type t. Text stays as it is written: an unquoted TRUE or 007 is itself.
func scalar(text string, t reflect.Type) (value any, ok bool) {
	var err error
	switch {
	case t == durationType:
		value, err = time.ParseDuration(text)
	case t.Kind() == reflect.Bool:
		return text == "true", text == "true" || text == "false"
	case t.Kind() == reflect.Int:
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
	case t.Kind() == reflect.Int:
		return "a whole number"
	}
	return "text"
}

func unknownKey(suggestion string, keys []string) string {
	if suggestion != "" {
		return "is not a key; did you mean " + suggestion + "?"
	}
	return "is not a key; here are " + strings.Join(keys, ", ")
}

// nearest is the word that was probably meant, or "": the same but for case, or about a third of its letters.
func nearest(typed string, words []string) string {
	best, least := "", 0
	for _, word := range words {
		a, b := strings.ToLower(typed), strings.ToLower(word)
		if d, n := distance(a, b), max(len(a), len(b)); d <= (n+1)/3 && d < n-1 && (best == "" || d < least) {
			best, least = word, d
		}
	}
	return best
}

// distance is Levenshtein's: how many letters must be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
