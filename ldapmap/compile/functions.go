package compile

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/mozillazg/go-unidecode"

	"scimbridge/ldapmap/ldif"
)

// function is what an expression may call besides expr-lang's own. The table of them in ldapmap's README is made of this one.
type function struct {
	call    string // with its arguments named
	does    string
	example string
	result  string
	takes   any // a pointer to its type: string, []any, int, bool and any (whatever there is)
	do      func(arguments []any) (any, error)
}

// functions are all of them. An unassigned first argument is passed on; what has no result is unassigned.
var functions = slices.Concat([]function{
	{
		"rdn(s)", "one value of a DN, escaped; it needs one, and no value stands in a `dn` without it",
		`rdn("Lind, Mara")`, `Lind\, Mara`, new(func(string) string),
		func(a []any) (any, error) {
			if a[0] == "" {
				return nil, errUnassigned
			}
			return ldif.EscapeRDN(a[0].(string)), nil
		},
	},
	textFunction("lower(s)", "in small letters", `lower("Mara")`, "mara", strings.ToLower),
	textFunction("upper(s)", "in capitals", `upper("Mara")`, "MARA", strings.ToUpper),
	textFunction("trim(s)", "without spaces at its ends", `trim(" Mara ")`, "Mara", strings.TrimSpace),
	{
		"before(s, sep)", "what stands before the separator; all where there is none", `before("mara@shore.example", "@")`, "mara",
		new(func(string, string) string),
		func(a []any) (any, error) { head, _, _ := strings.Cut(a[0].(string), a[1].(string)); return head, nil },
	},
	{
		"after(s, sep)", "what stands after it; nothing where there is none", `after("mara@shore.example", "@")`, "shore.example",
		new(func(string, string) string),
		func(a []any) (any, error) { _, tail, _ := strings.Cut(a[0].(string), a[1].(string)); return tail, nil },
	},
	{
		"split(s, sep)", "the parts between separators, a list", `split("a/b/c", "/")[1]`, "b", new(func(string, string) []any),
		func(a []any) (any, error) { return list(strings.Split(a[0].(string), a[1].(string))), nil },
	},
	{
		"join(list, sep)", "its texts with the separator between; what is unassigned or empty is left out",
		`join(["Mara", "", "Lind"], " ")`, "Mara Lind", new(func([]any, ...string) string),
		func(a []any) (any, error) {
			separator := ""
			if len(a) > 1 {
				var err error
				if separator, err = Text(a[1]); err != nil {
					return nil, err
				}
			}
			var texts []string
			for _, value := range a[0].([]any) {
				if value == nil {
					continue
				}
				text, err := Text(value)
				if err != nil {
					return nil, err
				}
				if text != "" {
					texts = append(texts, text)
				}
			}
			return strings.Join(texts, separator), nil
		},
	},
	{
		"replace(s, old, new)", "with each `old` replaced", `replace("1 22 333", " ", "")`, "122333",
		new(func(string, string, string) string),
		func(a []any) (any, error) {
			return strings.ReplaceAll(a[0].(string), a[1].(string), a[2].(string)), nil
		},
	},
	{
		"regexp(s, pattern)", "the first match of the [RE2](https://golang.org/s/re2syntax) pattern (of its first group, if it has one); " +
			"unassigned where there is none", `regexp("Lind (Ops)", "\\((\\w+)\\)")`, "Ops", new(func(string, string) string),
		func(a []any) (any, error) {
			pattern, err := patternOf(a[1].(string))
			if err != nil {
				return nil, err
			}
			found := pattern.FindStringSubmatch(a[0].(string))
			if found == nil {
				return nil, nil
			}
			return found[min(1, len(found)-1)], nil
		},
	},
	{
		"substitute(s, pattern, by)", "with each match of the pattern replaced; `$1` is its first group",
		`substitute("lind, mara", "(\\w+), (\\w+)", "$2 $1")`, "mara lind", new(func(string, string, string) string),
		func(a []any) (any, error) {
			pattern, err := patternOf(a[1].(string))
			if err != nil {
				return nil, err
			}
			return pattern.ReplaceAllString(a[0].(string), a[2].(string)), nil
		},
	},
	{
		"truncate(s, n)", "its first `n` characters", `truncate("Ångström", 3)`, "Ång", new(func(string, int) string),
		func(a []any) (any, error) {
			if n := a[1].(int); n >= 0 {
				return Truncate(a[0].(string), n), nil
			}
			return nil, misuse(briefly(a[1]) + " is no length")
		},
	},
	textFunction("ascii(s)", "in ASCII, letter for letter: without accents, and as other scripts are romanised",
		`ascii("Søren Groß, Щукин")`,
		"Soren Gross, Shchukin", unidecode.Unidecode),
	textFunction("german(s)", "with ä, ö, ü and ß written as German does in ASCII; `ascii(german(s))` does so first", `german("Müller")`,
		"Mueller", strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss").Replace),
	textFunction("digits(s)", "its digits alone", `digits("+41 (44) 123-45")`, "414412345", func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
	}),
	{
		"switch(s, otherwise, key, value, …)", "the value of the key that is the same text, as Entra's `Switch`",
		`switch("B", "none", "A", "Alpha", "B", "Bravo")`, "Bravo", new(func(any, any, ...any) any),
		func(a []any) (any, error) {
			if len(a)%2 != 0 {
				return nil, misuse("a key has no value")
			}
			source := ""
			if a[0] != nil {
				var err error
				if source, err = Text(a[0]); err != nil {
					return nil, err
				}
			}
			for i := 2; i < len(a); i += 2 {
				if key, err := Text(a[i]); err == nil && a[0] != nil && key == source {
					return a[i+1], nil
				}
			}
			return a[1], nil
		},
	},
}, timeFunctions, truthFunctions, countryFunctions, chanceFunctions)

func functionNames() []string {
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = f.name()
	}
	return names
}

func (f function) name() string { return before(f.call, "(") }

func (f function) shape() reflect.Type { return reflect.TypeOf(f.takes).Elem() }

// takesUnassigned says that the function makes something of an unassigned value, or fails with it.
func (f function) takesUnassigned() bool { return f.shape().In(0) == anything || f.name() == "rdn" }

var anything = reflect.TypeFor[any]()

// textFunction is a function that makes one text of another.
func textFunction(call, does, example, result string, do func(string) string) function {
	return function{call, does, example, result, new(func(string) string), func(a []any) (any, error) { return do(a[0].(string)), nil }}
}

// option makes the function known to expr-lang. Only its result has a type there, if that is checked: a value may be unassigned.
func (f function) option(checked bool) expr.Option {
	shape, in := f.shape(), []reflect.Type{}
	for i := range shape.NumIn() {
		if shape.IsVariadic() && i == shape.NumIn()-1 {
			in = append(in, shape.In(i))
		} else {
			in = append(in, anything)
		}
	}
	out := anything
	if checked {
		out = shape.Out(0)
	}
	typ := reflect.New(reflect.FuncOf(in, []reflect.Type{out}, shape.IsVariadic())).Interface()
	return expr.Function(f.name(), f.run, typ)
}

// run calls the function with its arguments as it takes them.
func (f function) run(given ...any) (any, error) {
	if given[0] == nil && !f.takesUnassigned() {
		return nil, nil
	}
	arguments := make([]any, len(given))
	for i, value := range given {
		if f.shape().IsVariadic() && i >= f.shape().NumIn()-1 {
			arguments[i] = value
			continue
		}
		if i == 0 && value == nil && f.name() == "rdn" {
			value = ""
		}
		var err error
		if arguments[i], err = as(f.shape().In(i), value); err != nil {
			return nil, misuse(f.name() + ": " + err.Error())
		}
	}
	result, err := f.do(arguments)
	if err != nil && !errors.Is(err, errUnassigned) {
		err = misuse(f.name() + ": " + err.Error())
	}
	return result, err
}

// as is a value as the type that a function takes.
func as(typ reflect.Type, value any) (any, error) {
	switch typ.Kind() {
	case reflect.String:
		return Text(value)
	case reflect.Int:
		if _, ok := value.(int); !ok {
			return nil, misuse(briefly(value) + " is no length")
		}
	case reflect.Slice:
		if values, ok := listOf(value); ok {
			return values, nil
		}
		return nil, misuse(briefly(value) + " is no list")
	}
	return value, nil
}

// listOf are the elements of a list of whatever type; false where the value is none.
func listOf(value any) ([]any, bool) {
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Slice {
		return nil, false
	}
	values := make([]any, v.Len())
	for i := range values {
		values[i] = v.Index(i).Interface()
	}
	return values, true
}

func list(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}

func before(s, separator string) string { head, _, _ := strings.Cut(s, separator); return head }

// patterns are those of the map, which has been checked for them, by their text.
var patterns sync.Map

func patternOf(text string) (*regexp.Regexp, error) {
	if known, ok := patterns.Load(text); ok {
		return known.(*regexp.Regexp), nil
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		return nil, misuse(fmt.Sprintf("%q is no pattern", text))
	}
	patterns.Store(text, pattern)
	return pattern, nil
}
