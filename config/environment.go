package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap/compile"
)

// prefix begins every variable of ours.
const prefix = "SCIMBRIDGE_"

// foreign are the variables that begin as ours do and are none: the one that names the file, those of the tests, and those that
// Kubernetes sets in every container beside a service called scimbridge (SCIMBRIDGE_SERVICE_HOST, SCIMBRIDGE_PORT_8080_TCP_ADDR).
var foreign = regexp.MustCompile(`^SCIMBRIDGE_(CONFIG|TEST_.*|` +
	`(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?))$`)

// variable turns an environment variable into a key and a value of the key's type, for koanf: list items stand as keys 0, 1, 2.
func (r *reader) variable(name, text string) (key string, value any) {
	if text == "" || foreign.MatchString(name) {
		return "", nil
	}
	at := origin{variable: name}
	words := strings.TrimPrefix(name, prefix)
	path, t, ok := locate(strings.Split(words, "_"))
	if !ok {
		problem := "names no key"
		if meant := compile.Nearest(words, variables(shape, "")); len(meant) > 0 {
			problem += "; did you mean " + prefix + strings.Join(meant, " or "+prefix) + "?"
		}
		r.fault(at, "", problem)
		return "", nil
	}
	for other, set := range r.origins {
		if set.variable != "" && (within(other, path) || within(path, other)) {
			r.fault(at, path, "is set by "+set.variable+" too")
			return "", nil
		}
	}
	maps.DeleteFunc(r.origins, func(other string, _ origin) bool { return within(other, path) })
	r.origins[path] = at
	if value = r.text(at, path, text, t); value == nil {
		return "", nil
	}
	return strings.NewReplacer("[", ".", "]", "").Replace(path), value
}

var basesType = reflect.TypeFor[compile.Bases]()

// text reads a variable's text for a key of type t, a list's at its commas.
func (r *reader) text(at origin, path, text string, t reflect.Type) any {
	if t == basesType {
		return []any{text} // a DN has commas itself
	}
	if t.Kind() == reflect.Struct {
		below := child(path, alone(t))
		r.origins[below] = at
		return map[string]any{alone(t): text}
	}
	if t.Kind() == reflect.Slice {
		var items []any
		for i, item := range strings.Split(text, ",") {
			below := fmt.Sprintf("%s[%d]", path, i)
			items = append(items, r.text(at, below, strings.TrimSpace(item), t.Elem()))
		}
		return items
	}
	return r.scalar(at, text, path, t)
}

// locate finds the key that a variable's words name, and its type, which is a single value or a list of such. Where one section stands for
// a list, as members may, it goes without a number.
func locate(words []string) (path string, t reflect.Type, ok bool) {
	t = shape
	for _, word := range words {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		_, err := strconv.Atoi(word)
		if ofSections := t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct; err != nil && ofSections && path != "resources" {
			path, t = path+"[0]", t.Elem()
		}
		switch t.Kind() {
		case reflect.Struct:
			i := slices.IndexFunc(keysOf(t), func(key string) bool { return strings.ToUpper(key) == word })
			if i < 0 {
				return "", nil, false
			}
			path, t = child(path, keysOf(t)[i]), t.Field(i).Type
		case reflect.Slice:
			if n, err := strconv.Atoi(word); err != nil || n < 0 || strconv.Itoa(n) != word {
				return "", nil, false
			}
			path, t = path+"["+word+"]", t.Elem()
		default:
			return "", nil, false
		}
	}
	return path, t, isText(t) || t.Kind() == reflect.Slice && isText(t.Elem())
}

// isText says that a text is a value of the type, or stands for one.
func isText(t reflect.Type) bool { return single(t) || t.Kind() == reflect.Struct && alone(t) != "" }

func single(t reflect.Type) bool {
	return t.Kind() != reflect.Struct && t.Kind() != reflect.Pointer && t.Kind() != reflect.Slice
}

// variables lists the variables of all keys outside lists, for a suggestion.
func variables(t reflect.Type, name string) []string {
	var all []string
	for field := range fieldsOf(t) {
		below := name + strings.ToUpper(field.Tag.Get("koanf"))
		switch t := field.Type; {
		case t.Kind() == reflect.Struct:
			all = append(all, variables(t, below+"_")...)
		case single(t) || single(t.Elem()):
			all = append(all, below)
		}
	}
	return all
}

// overlay puts the environment's values over the file's.
func (r *reader) overlay(src, dest map[string]any) error {
	r.section(src, dest, "")
	return nil
}

func (r *reader) section(src, dest map[string]any, path string) {
	for key, value := range src {
		// A secret and the file that holds it are two ways to say one thing.
		if name, named := dest[key+"File"].(string); named && src[key+"File"] == nil {
			delete(dest, key+"File")
			if name != "" {
				r.unread[child(path, key+"File")] = r.origins[child(path, key)].variable
			}
		}
		if other, isFile := strings.CutSuffix(key, "File"); isFile && src[other] == nil {
			delete(dest, other)
		}
		below := child(path, key)
		inner, isMap := value.(map[string]any)
		switch {
		case !isMap:
			dest[key] = value
		case numbered(inner):
			list, _ := dest[key].([]any)
			dest[key] = r.items(inner, list, below)
		default:
			section, ok := dest[key].(map[string]any)
			if !ok {
				section = map[string]any{}
				dest[key] = section
			}
			r.section(inner, section, below)
		}
	}
}

// items puts values over a list's items; the number after the last one's makes a new item.
func (r *reader) items(src map[string]any, list []any, path string) []any {
	numbers := make([]int, 0, len(src))
	for key := range src {
		n, _ := strconv.Atoi(key)
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		below := fmt.Sprintf("%s[%d]", path, n)
		if n > len(list) {
			for key, set := range r.origins {
				if within(key, below) {
					r.fault(set, key, fmt.Sprintf("there is no item %d: the list has %d", n, len(list)))
				}
			}
			continue
		}
		if n == len(list) {
			list = append(list, nil)
		}
		inner, isMap := src[strconv.Itoa(n)].(map[string]any)
		if !isMap {
			list[n] = src[strconv.Itoa(n)]
			continue
		}
		section, ok := list[n].(map[string]any)
		if !ok {
			section = map[string]any{}
			list[n] = section
		}
		r.section(inner, section, below)
	}
	return list
}

// numbered says whether a map stands for list items: no key of a section is a number.
func numbered(m map[string]any) bool {
	for key := range m {
		_, err := strconv.Atoi(key)
		return err == nil
	}
	return false
}
