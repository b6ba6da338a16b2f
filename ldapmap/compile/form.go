package compile

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"scimbridge/scim/schema"
)

// Form is how a SCIM value stands in the directory, both ways: a kind of the table, or two expressions of the map's own.
type Form struct {
	Name  string
	write func(value any) (string, error)
	read  func(stored string) (any, error) // nil: it shows nothing
	scim  []schema.Type                    // that it is of
}

// Write gives what is written for a SCIM value; "" is nothing. Its error says what is wrong with the value.
func (f *Form) Write(value any) (string, error) { return f.write(value) }

// Read gives the SCIM value of what is stored; false where it shows none.
func (f *Form) Read(stored string) (any, bool) {
	value, err := f.read(stored)
	return value, err == nil && value != nil && value != ""
}

// Asked are the LDAP values by which an entry is found that shows the SCIM value, or one that differs in case where case does not count:
// what is written for it, and itself where it would be read as it is. It is nil where nothing can be said.
//
//	value: digits(value), read: value    "+41 44"    4144, +41 44
//
// What another hand stored in a third form that reads the same is not found by it.
func (f *Form) Asked(value any, exactly bool) []string {
	spellings := []any{value}
	text, isText := value.(string)
	if isText && !exactly {
		bare := strings.TrimSpace(text) // spaces at the ends do not count, and might within what is written
		spellings = append(spellings, bare, strings.ToLower(bare), strings.ToUpper(bare))
	}
	var asked []string
	for _, s := range spellings {
		if stored, err := f.write(s); err == nil && stored != "" {
			asked = append(asked, stored)
		}
	}
	if shown, ok := f.Read(text); ok && isText && shown == value {
		asked = append(asked, text)
	}
	return asked
}

// form compiles how the values of a line stand in the directory.
func (c *compiler) form(r *Rule, at func(key string) string) {
	o := r.Options
	if o.As != "" {
		kind := kindNamed(o.As)
		switch {
		case o.Value != "" || o.Read != "":
			c.report(at("as"), "`as` goes without `value` and `read`, which say how the value stands by themselves")
		case kind == nil:
			c.report(at("as"), fmt.Sprintf("%q is none of %s%s", o.As, strings.Join(kindNames(), ", "), DidYouMean(o.As, kindNames())))
		case !kind.Of(r.SCIMType()):
			c.report(at("as"), fmt.Sprintf("%s is of type %s, and %s is of %s", o.SCIM, r.SCIMType(), o.As, typeNames(kind.scim)))
		}
		r.Form = kind
	}
	if (o.Value == "") != (o.Read == "") {
		c.report(at("value"), "a line with `scim` has both: `value` says what is written, and `read` what is read of it")
	} else if o.Value != "" {
		r.Form = c.expressed(r, at)
	}
	switch {
	case r.Form == nil && len(o.Samples) > 0:
		c.report(at("samples"), "samples are of `value` and `read`, or of `as`")
	case r.Form != nil && (o.Reference != "" || r.WriteOnly()):
		c.report(at("scim"), "neither a reference nor a password takes `value`, `read` or `as`")
	case r.Form != nil:
		c.samples(r, at)
	}
}

// expressed is the form of a line's own expressions, over `value`.
func (c *compiler) expressed(r *Rule, at func(key string) string) *Form {
	seen := types.Type(types.String)
	switch r.SCIMType() {
	case schema.Boolean:
		seen = types.Bool
	case schema.Integer, schema.Decimal:
		seen = types.Any
	}
	write, problem := overValue(r.Options.Value, seen)
	if problem != nil {
		c.report(at("value"), firstLine(problem))
	}
	read, problem := overValue(r.Options.Read, types.String)
	if problem != nil {
		c.report(at("read"), firstLine(problem))
	}
	if write == nil || read == nil {
		return nil
	}
	result := func(program *vm.Program, value any, key string) (any, error) {
		got, err := expr.Run(program, map[string]any{"value": value})
		if err != nil {
			return nil, misuse("the map's `" + key + "` has no result over it")
		}
		return got, nil
	}
	return &Form{
		Name: "expressions",
		write: func(value any) (string, error) {
			got, err := result(write, value, "value")
			if err != nil || got == nil {
				return "", err
			}
			if b, ok := got.(bool); ok {
				return strings.ToUpper(fmt.Sprint(b)), nil
			}
			return Text(got)
		},
		read: func(stored string) (any, error) {
			got, err := result(read, stored, "read")
			if err != nil || got == nil {
				return nil, err
			}
			return shownAs(r.SCIMType(), got)
		},
	}
}

// overValue compiles an expression over `value`, which gives one.
func overValue(source string, seen types.Type) (*vm.Program, error) {
	result, err := check(source, types.Map{"value": seen}, nil)
	if err == nil && (kindOf(result) == "a list" || kindOf(result) == "an object") {
		err = misuse("one value is made of one, and this is " + kindOf(result))
	}
	if err != nil {
		return nil, err
	}
	return expr.Compile(source, append([]expr.Option{expr.Env(types.Map{"value": types.Any})}, grammar(false)...)...)
}

// samples holds what is written for each sample against what is read of it.
func (c *compiler) samples(r *Rule, at func(key string) string) {
	for i, text := range r.Options.Samples {
		path := fmt.Sprintf("%s[%d]", at("samples"), i)
		sample, err := shownAs(r.SCIMType(), text)
		if err != nil {
			c.report(path, fmt.Sprintf("%q is no %s", text, r.SCIMType()))
			continue
		}
		stored, err := r.Form.Write(sample)
		if err != nil {
			c.report(path, fmt.Sprintf("%q cannot be written: %v", text, err))
			continue
		}
		shown, ok := r.Form.Read(stored)
		switch {
		case stored == "":
			c.report(path, fmt.Sprintf("nothing is written for %q", text))
		case r.Options.Max > 0 && len(stored) > r.Options.Max:
			c.report(path, fmt.Sprintf("%q is written in %d octets, and `max` is %d", text, len(stored), r.Options.Max))
		case !ok:
			c.report(path, fmt.Sprintf("%q is written as %q, and nothing is read of that", text, stored))
		case !reflect.DeepEqual(shown, sample):
			got, _ := Text(shown)
			c.report(path, fmt.Sprintf("%q is written as %q and read as %q", text, stored, got))
		}
	}
}

// shownAs is a value as the SCIM type has it.
func shownAs(typ schema.Type, value any) (any, error) {
	text, err := Text(value)
	if err != nil {
		return nil, err
	}
	switch typ {
	case schema.Boolean:
		return isTrue(value), nil
	case schema.Integer, schema.Decimal:
		if !json.Valid([]byte(text)) {
			return nil, misuse(briefly(text) + " is no number")
		}
		return json.Number(text), nil
	case schema.DateTime:
		if _, ok := schema.ParseDateTime(text); !ok {
			return nil, misuse(briefly(text) + " is no dateTime")
		}
	}
	return text, nil
}

func typeNames(all []schema.Type) string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}
