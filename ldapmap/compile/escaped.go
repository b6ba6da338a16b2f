package compile

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// A DN is text, and a value that stands in it as it is may say more than a value: a userName of `x+sn=y` names the entry by two. rdn()
// makes one value of whatever it is given, as long as nothing cuts what it has made.

// part is what an expression's part puts into a DN.
type part struct {
	care care
	what string // of loose: the part of the expression
}

type care int

const (
	constant care = iota // made of no attribute
	escaped              // made of attributes by rdn()
	loose                // an attribute as it is, or what was cut after it had been escaped
)

// unescaped is the part of the expression that gets into the result without rdn(); "" where there is none.
func (e *Expression) unescaped() string {
	return partsOf{"base": {}}.of(e.program.Node()).what
}

// partsOf knows what is put into names: `base`, and those that `let` declares.
type partsOf map[string]part

func (names partsOf) of(node ast.Node) part {
	switch n := node.(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode, *ast.UnaryNode:
		return part{}
	case *ast.IdentifierNode:
		if known, ok := names[n.Value]; ok {
			return known
		}
	case *ast.VariableDeclaratorNode:
		value := names.of(n.Value)
		inner := partsOf{n.Name: value}
		for name, p := range names {
			if name != n.Name {
				inner[name] = p
			}
		}
		return inner.of(n.Expr)
	case *ast.BinaryNode:
		if n.Operator == "+" || n.Operator == "??" {
			return names.worst(n.Left, n.Right)
		}
		return part{} // a number, or true or false
	case *ast.ConditionalNode:
		return names.worst(n.Exp1, n.Exp2)
	case *ast.SequenceNode:
		return names.of(n.Nodes[len(n.Nodes)-1])
	case *ast.ArrayNode:
		return names.worst(n.Nodes...)
	case *ast.MapNode:
		return names.worst(n.Pairs...)
	case *ast.PairNode:
		return names.worst(n.Key, n.Value)
	case *ast.ChainNode:
		return names.of(n.Node)
	case *ast.PredicateNode:
		return names.of(n.Node)
	case *ast.MemberNode:
		return names.cut(n, n.Node)
	case *ast.SliceNode:
		return names.cut(n, n.Node)
	case *ast.CallNode:
		switch callee, _ := n.Callee.(*ast.IdentifierNode); {
		case callee != nil && callee.Value == "rdn":
			return part{care: escaped}
		case callee != nil && callee.Value == "join":
			return names.worst(n.Arguments...)
		case callee != nil && callee.Value == "switch" && len(n.Arguments) > 1: // one of its values as it is
			values := []ast.Node{n.Arguments[1]}
			for i := 3; i < len(n.Arguments); i += 2 {
				values = append(values, n.Arguments[i])
			}
			return names.worst(values...)
		}
		return names.cut(n, n.Arguments...)
	case *ast.BuiltinNode:
		return names.builtin(n)
	}
	return part{loose, node.String()}
}

// telling are functions whose result is true or false, or a whole number.
var telling = []string{"len", "count", "any", "all", "none", "one", "int", "hasPrefix", "hasSuffix", "indexOf", "lastIndexOf"}

// builtin is of those functions of expr's own that put values side by side, or tell something of them; the others may cut what they are
// given.
func (names partsOf) builtin(n *ast.BuiltinNode) part {
	switch {
	case n.Map != nil: // filter and map in one
		return names.of(n.Map)
	case n.Name == "map":
		return names.of(n.Arguments[1])
	case n.Name == "get": // as a member is
		return names.cut(n, n.Arguments[0])
	case slices.Contains(telling, n.Name):
		return part{}
	}
	return names.cut(n, n.Arguments...)
}

// worst is the one of the parts that is the most to be cared about.
func (names partsOf) worst(nodes ...ast.Node) (worst part) {
	for _, n := range nodes {
		if p := names.of(n); p.care > worst.care {
			worst = p
		}
	}
	return worst
}

// cut is what becomes of what is given to a function that may take it apart.
func (names partsOf) cut(whole ast.Node, given ...ast.Node) part {
	if names.worst(given...).care == constant {
		return part{}
	}
	return part{loose, whole.String()}
}
