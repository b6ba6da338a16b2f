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
	if source == "first" || source == "last" {
		source += "(values)"
	}
	only := expr.Env(map[string]any{"values": []string{}})
	program, err := expr.Compile(source, append([]expr.Option{only, expr.AsKind(reflect.String)}, grammar(false)...)...)
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

// naming finds out what of each unique value names an entry: what the DN's first rdn() that is made of the value alone is given.
//
//	dn: '"uid=" + rdn(before(userName, "@")) + ",ou=" + rdn(department) + "," + base'    before(userName, "@")
//	dn: 'let n = lower(userName); "cn=" + rdn(displayName) + "+uid=" + rdn(n) + …'       lower(userName)
func (c *compiler) naming() {
	if c.t.DN == nil {
		return
	}
	own, err := newExpression(c.t.DN.text, c.t.Resource) // to be changed
	if err != nil {
		return
	}
	root := own.program.Node()
	variables := declarations{}
	ast.Walk(&root, variables)
	ast.Walk(&root, substitution(variables))
	named := calls{name: "rdn"}
	ast.Walk(&root, &named)
	for _, argument := range named.arguments {
		e, err := newExpression(argument.String(), c.t.Resource)
		if err != nil {
			continue
		}
		var read []*Rule
		for _, r := range c.t.Rules {
			if e.Reads(r) {
				read = append(read, r)
			}
		}
		if len(read) == 1 && read[0].Naming == nil && slices.Contains(c.t.Unique, read[0]) {
			read[0].Naming = e
		}
	}
}

// declarations are the variables of an expression by name; one without a value stands for several of the name.
type declarations map[string]*ast.VariableDeclaratorNode

func (d declarations) Visit(node *ast.Node) {
	if declared, ok := (*node).(*ast.VariableDeclaratorNode); ok {
		if _, again := d[declared.Name]; again {
			declared = &ast.VariableDeclaratorNode{Name: declared.Name}
		}
		d[declared.Name] = declared
	}
}

// substitution puts what a variable stands for in its place.
type substitution declarations

func (s substitution) Visit(node *ast.Node) {
	name, ok := (*node).(*ast.IdentifierNode)
	if !ok {
		return
	}
	if declared := s[name.Value]; declared != nil && declared.Value != nil {
		*node = declared.Value
	}
}

// calls finds the arguments of each call of a function of one argument.
type calls struct {
	name      string
	arguments []ast.Node
}

func (f *calls) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok || len(call.Arguments) != 1 {
		return
	}
	if callee, ok := call.Callee.(*ast.IdentifierNode); ok && callee.Value == f.name {
		f.arguments = append(f.arguments, call.Arguments[0])
	}
}
