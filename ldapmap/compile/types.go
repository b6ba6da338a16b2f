package compile

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"

	"scimbridge/scim/schema"
)

// What an expression is given is held to its types at load: nobody is to find out at the first user that a list is no text. While it runs
// nothing has a type, for every attribute may be unassigned.

// check gives the type of an expression's result over names of these types, or says what is wrong; declared are those that it declares.
func check(source string, names types.Map, declared []string) (reflect.Type, error) {
	for _, name := range declared {
		delete(names, name)
	}
	program, err := expr.Compile(source, append([]expr.Option{expr.Env(names), expr.Optimize(false)}, grammar(true)...)...)
	if err != nil {
		return nil, err
	}
	node := program.Node()
	given := &argumentCheck{source: source}
	ast.Walk(&node, given)
	return node.Type(), given.problem
}

// unkept is why an expression does not see what a list's values are sent with, and the map does not keep.
const unkept = "%w: what the map does not keep of a value shows in the request that brings it, and never again"

// checkOver is check over what rt keeps.
func checkOver(source string, rt *schema.ResourceType, declared []string) (reflect.Type, error) {
	result, err := check(source, typesOf(rt, false), declared)
	if err != nil {
		if _, other := check(source, typesOf(rt, true), declared); other == nil {
			line := errors.New(firstLine(err))
			return nil, fmt.Errorf(unkept, line)
		}
	}
	return result, err
}

// typesOf are the types of what an expression over rt sees. beyond takes in what the values of lists may be sent with besides.
func typesOf(rt *schema.ResourceType, beyond bool) types.Map {
	names := types.Map{"id": types.String, "base": types.String, "resource": types.Any, types.Extra: types.Any}
	names["random"], names["uuid"] = types.TypeOf(func(int) string { return "" }), types.TypeOf(func() string { return "" })
	enterprise := types.Map{types.Extra: types.Any}
	for _, x := range rt.Extensions {
		for _, a := range x.Schema.Attributes {
			if x.Schema.ID == schema.EnterpriseURN {
				enterprise[a.Name] = typeOf(a, beyond)
			}
		}
	}
	names["enterprise"] = enterprise
	for _, a := range rt.Core.Attributes {
		names[a.Name] = typeOf(a, beyond)
	}
	previous := maps.Clone(names)
	delete(previous, "resource")
	names["previous"] = previous
	return names
}

func typeOf(a *schema.Attribute, beyond bool) types.Type {
	var typ types.Type = types.Any
	switch a.Type {
	case schema.Complex:
		inner := types.Map{}
		if beyond || !a.MultiValued { // nameCheck knows those of what has one value
			inner[types.Extra] = types.Any
		}
		for _, sub := range a.SubAttributes {
			inner[sub.Name] = typeOf(sub, beyond)
		}
		if a.MultiValued {
			return types.Array(inner)
		}
		return inner
	case schema.Boolean:
		typ = types.Bool
	case schema.String, schema.Reference, schema.DateTime, schema.Binary:
		typ = types.String
	}
	if a.MultiValued {
		return types.Array(typ)
	}
	return typ
}

// argumentCheck finds what one of our functions is given and cannot take, and patterns that are none.
type argumentCheck struct {
	source  string
	problem error
}

func (c *argumentCheck) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok || c.problem != nil {
		return
	}
	callee, _ := call.Callee.(*ast.IdentifierNode)
	at := slices.IndexFunc(functions, func(f function) bool { return callee != nil && f.name() == callee.Value })
	if at < 0 {
		return
	}
	f := functions[at]
	for i, argument := range call.Arguments {
		if f.shape().IsVariadic() && i >= f.shape().NumIn()-1 {
			break
		}
		if wanted, is := kindOf(f.shape().In(i)), kindOf(argument.Type()); !takes(wanted, is) {
			c.report(argument, "%s takes %s, and %s is %s", f.call, wanted, argument, is)
			return
		}
	}
	c.meant(f, call)
}

// meant finds what a function could do nothing with, whoever the user is.
func (c *argumentCheck) meant(f function, call *ast.CallNode) {
	if len(call.Arguments) < 2 {
		return
	}
	text, isText := call.Arguments[1].(*ast.StringNode)
	switch f.name() {
	case "switch":
		if len(call.Arguments)%2 != 0 {
			c.report(call, "%s: the last key, %s, has no value", f.call, call.Arguments[len(call.Arguments)-1])
		}
	case "dateTime":
		if isText && timeForms[text.Value] == nil {
			meant := DidYouMean(text.Value, strings.Split(timeFormNames, ", "))
			c.report(call.Arguments[1], "%q is none of %s%s", text.Value, timeFormNames, meant)
		}
	case "regexp", "substitute":
		if !isText {
			c.report(call.Arguments[1], "the pattern of %s is a text of the map itself", f.call)
		} else if _, err := regexp.Compile(text.Value); err != nil {
			c.report(call.Arguments[1], "%q is no pattern: %v", text.Value, err)
		}
	}
}

// report says what is wrong, and where in the expression.
func (c *argumentCheck) report(at ast.Node, format string, arguments ...any) {
	err := (&file.Error{Location: at.Location(), Message: fmt.Sprintf(format, arguments...)}).Bind(file.NewSource(c.source))
	c.problem = err
}

// kindOf is a type in words of the map.
func kindOf(t reflect.Type) string {
	if t == nil {
		return "anything"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map:
		return "an object"
	}
	return "anything"
}

// takes says whether what wants one kind takes another: true, false and numbers are texts too.
func takes(wanted, given string) bool {
	if wanted == "text" {
		return given != "a list" && given != "an object"
	}
	return wanted == given || wanted == "anything" || given == "anything"
}
