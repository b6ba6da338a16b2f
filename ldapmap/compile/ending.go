package compile

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/scim/schema"
)

// What a DN ends in is known before there is a user: `base`, or what the expression says in letters.

// ending is a text that an expression may end in, and what stands before it.
type ending struct {
	text string
	left left
}

type left int

const (
	nothing left = iota // the text is all of it
	value               // a value that rdn made one of
	unknown
)

// endingsMax bounds the alternatives that are looked at.
const endingsMax = 64

// strayEnding says of what the expression may end in why no entry can stand there; "" where each will do, or nobody can tell.
func (e *Expression) strayEnding(bases Bases) string {
	if !bases.areDNs() {
		return "" // which is another fault
	}
	for _, end := range (endingsOf{"base": {{text: bases.First()}}}).of(e.program.Node()) {
		if end.left == unknown {
			continue
		}
		if end.left == value && slices.Contains(bases, end.text) {
			return `a comma is missing before base: + "," + base`
		}
		tail := end.text
		if end.left == value {
			_, tail = cutRDN(tail)
		}
		if tail == "" {
			return `the DN would end in no base: end it in + "," + base`
		}
		if _, err := ldap.ParseDN(tail); err == nil && !bases.mayHold(tail) {
			return fmt.Sprintf(`the DN would end in %q, which is not below %s: end it in + "," + base`, tail, bases)
		}
	}
	return ""
}

// cutRDN cuts a DN at its first comma that is no part of a value.
func cutRDN(dn string) (rdn, rest string) {
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',':
			return dn[:i], dn[i+1:]
		}
	}
	return dn, ""
}

// endingsOf knows what names end in: `base`, and those that `let` declares.
type endingsOf map[string][]ending

func (names endingsOf) of(node ast.Node) []ending {
	switch n := node.(type) {
	case *ast.StringNode:
		return []ending{{text: n.Value}}
	case *ast.ConstantNode:
		if text, ok := n.Value.(string); ok {
			return []ending{{text: text}}
		}
	case *ast.IdentifierNode:
		if known, ok := names[n.Value]; ok {
			return known
		}
	case *ast.ConditionalNode:
		return append(slices.Clone(names.of(n.Exp1)), names.of(n.Exp2)...)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && callee.Value == "rdn" {
			return []ending{{left: value}}
		}
	case *ast.VariableDeclaratorNode:
		inner := endingsOf{}
		for name, known := range names {
			inner[name] = known
		}
		inner[n.Name] = names.of(n.Value)
		return inner.of(n.Expr)
	case *ast.BinaryNode:
		if n.Operator == "+" {
			return names.joined(n)
		}
	}
	return []ending{{left: unknown}}
}

func (names endingsOf) joined(n *ast.BinaryNode) (all []ending) {
	lefts := names.of(n.Left)
	for _, right := range names.of(n.Right) {
		if right.left != nothing {
			all = append(all, right)
			continue
		}
		for _, l := range lefts {
			all = append(all, ending{l.text + right.text, l.left})
		}
	}
	if len(all) > endingsMax {
		return []ending{{left: unknown}}
	}
	return all
}

// truths finds what rdn() is given that is true or false.
type truths struct {
	rt    *schema.ResourceType
	found string
}

// namedByTruth is an attribute whose true or false the expression makes a name's value of; "" where there is none.
func (e *Expression) namedByTruth(rt *schema.ResourceType) string {
	node, t := e.program.Node(), &truths{rt: rt}
	ast.Walk(&node, t)
	return t.found
}

func (t *truths) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok || len(call.Arguments) != 1 {
		return
	}
	callee, isName := call.Callee.(*ast.IdentifierNode)
	given, isAttribute := call.Arguments[0].(*ast.IdentifierNode)
	if !isName || callee.Value != "rdn" || !isAttribute {
		return
	}
	if a := t.rt.Core.Attribute(given.Value); a != nil && a.Type == schema.Boolean {
		t.found = a.Name
	}
}
