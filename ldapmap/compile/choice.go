package compile

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"scimbridge/scim/stringprep"
)

// Choice is a compiled expression that chooses one of an attribute's values. It sees them as `values`, in alphabetical order: in whichever
// the directory returns them.
type Choice struct{ program *vm.Program }

func newChoice(source string) (*Choice, error) {
	only := expr.Env(map[string]any{"values": []string{}})
	program, err := expr.Compile(source, append([]expr.Option{only, expr.AsKind(reflect.String)}, language...)...)
	if err != nil {
		return nil, err
	}
	return &Choice{program}, nil
}

// Of gives the place of the value chosen; false where the expression gives none of them.
func (c *Choice) Of(values []string) (at int, ok bool) {
	ordered := slices.Clone(values)
	slices.SortFunc(ordered, func(a, b string) int {
		return cmp.Or(cmp.Compare(stringprep.Key(a), stringprep.Key(b)), cmp.Compare(a, b))
	})
	chosen, err := expr.Run(c.program, map[string]any{"values": ordered})
	text, isText := chosen.(string)
	at = slices.Index(values, text)
	return at, err == nil && isText && at >= 0
}

// naming finds out what of a unique value names an entry: what the DN's first rdn() is given, where that is made of the value alone.
//
//	dn: '"uid=" + rdn(before(userName, "@")) + ",ou=" + rdn(department) + "," + base'    before(userName, "@")
func (c *compiler) naming() {
	if c.t.DN == nil {
		return
	}
	first := firstCall{name: "rdn"}
	root := c.t.DN.program.Node()
	ast.Walk(&root, &first)
	if first.argument == nil {
		return
	}
	e, err := newExpression(first.argument.String(), c.t.Resource)
	if err != nil {
		return
	}
	var read []*Rule
	for _, r := range c.t.Rules {
		if e.reads(r) {
			read = append(read, r)
		}
	}
	if len(read) == 1 && slices.Contains(c.t.Unique, read[0]) {
		read[0].Naming = e
	}
}

// firstCall finds the argument of the first call of a function.
type firstCall struct {
	name     string
	argument ast.Node
}

func (f *firstCall) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok || f.argument != nil || len(call.Arguments) != 1 {
		return
	}
	if callee, ok := call.Callee.(*ast.IdentifierNode); ok && callee.Value == f.name {
		f.argument = call.Arguments[0]
	}
}
