package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// maxNodes bounds an expression's size: maps hold one-liners.
const maxNodes = 200

// Expression is a compiled expr-lang expression over a SCIM resource. It sees the resource's attributes by name, `enterprise` (the
// enterprise extension), `resource` (everything, for other extensions' URNs) and `base`, and may use the functions below.
type Expression struct {
	text    string
	program *vm.Program
	uses    map[string]bool // the names that it mentions: `title`, `name.givenName`, `enterprise.department`, `resource.title`
	sees    []sight         // what they begin with
	given   given
	isGiven bool   // it sees that
	result  string // what it gives, in words
	Many    bool   // it gives a list
	Secret  bool   // it reads what is never shown, a password, and neither is what it makes of that
}

// misuse is what a function of ours says of a value that it does not take.
type misuse string

func (m misuse) Error() string { return string(m) }

// errUnassigned is what a function that cannot do without a value fails with.
const errUnassigned = misuse("the value is not assigned")

// grammar is what expressions may be made of. checked says that the functions' results have types.
func grammar(checked bool) []expr.Option {
	options := []expr.Option{
		expr.MaxNodes(maxNodes),
		expr.DisableBuiltin("now"), // a plan depends on nothing but its input: neither on the time nor on the order of an object's names
		expr.DisableBuiltin("keys"), expr.DisableBuiltin("values"), expr.DisableBuiltin("toPairs"),
	}
	for _, f := range functions {
		if f.do == nil {
			continue
		}
		if slices.Contains(builtin.Names, f.name()) { // ours pass on what is unassigned
			options = append(options, expr.DisableBuiltin(f.name()))
		}
		options = append(options, f.option(checked))
	}
	return options
}

// Text is a SCIM value as text; an error for what is none, or is one no more: expr's s[0:3] counts octets.
func Text(value any) (string, error) {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return "", misuse("the text is cut within a character: truncate(s, n) counts characters, and s[a:b] octets")
		}
		return v, nil
	case fmt.Stringer:
		return v.String(), nil
	case bool, int, int64, float64:
		return fmt.Sprint(v), nil
	}
	return "", misuse(briefly(value) + " is not text")
}

// Truncate cuts s to at most n characters.
func Truncate(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n])
	}
	return s
}

// newExpression compiles the source, holding it to the attributes of rt: an expression over an attribute that the map does not
// store would see it once and never again.
func newExpression(source string, rt *schema.ResourceType) (*Expression, error) {
	// Every attribute may be unassigned; nameCheck holds the names to the map.
	program, err := expr.Compile(source, append([]expr.Option{expr.AllowUndefinedVariables()}, grammar(false)...)...)
	if err != nil {
		return nil, err
	}
	sights := sightsOf(rt)
	names := nameCheck{rt: rt, known: map[string]bool{"previous": true}}
	for _, s := range sights {
		names.known[s.name] = true
	}
	for _, name := range functionNames() {
		names.known[name] = true
	}
	node := program.Node()
	ast.Walk(&node, &names) // children come first: a second walk knows what `let` declares
	names.unknown, names.whole, names.uses = "", map[string]int{}, map[string]bool{}
	ast.Walk(&node, &names)
	if names.unknown != "" {
		return nil, fmt.Errorf("%q %s", source, names.problem())
	}
	result, err := checkOver(source, rt, names.declared)
	if err != nil {
		return nil, err
	}
	for name, count := range names.whole {
		if count > 0 {
			names.uses[name] = true
		}
	}
	e := &Expression{text: source, program: program, uses: names.uses, result: kindOf(result)}
	e.Many = e.result == "a list"
	e.isGiven = e.Random() || e.IsOfPrevious()
	for _, s := range sights {
		of := func(use string) bool { owner, _, _ := strings.Cut(use, "."); return owner == s.name }
		if slices.ContainsFunc(slices.Collect(maps.Keys(e.uses)), of) {
			e.sees = append(e.sees, s)
		}
	}
	return e, nil
}

// Reads says whether the expression sees what the rule maps.
func (e *Expression) Reads(r *Rule) bool {
	if e.uses["resource"] {
		return !r.Computed()
	}
	if r.Computed() {
		return false
	}
	name := r.Ref.Attr.Name
	switch {
	case r.Ref.Extension == nil:
		return e.uses[name] || e.uses["resource."+name] || r.Ref.Sub != nil && e.uses[name+"."+r.Ref.Sub.Name]
	case e.uses["resource."+r.Ref.Extension.ID]:
		return true
	case r.Ref.Extension.ID == schema.EnterpriseURN:
		return e.uses["enterprise"] || e.uses["enterprise."+name]
	}
	return false
}

// ReadsActive says whether the expression sees whether an account is blocked.
func (e *Expression) ReadsActive() bool {
	return e.uses["active"] || e.uses["resource"] || e.uses["resource.active"]
}

// seesSecret says whether the expression names an attribute that nobody may read; `resource` does not show them.
func (e *Expression) seesSecret(rt *schema.ResourceType) bool {
	return slices.ContainsFunc(rt.Core.Attributes, func(a *schema.Attribute) bool { return isSecret(a) && e.uses[a.Name] })
}

func isSecret(a *schema.Attribute) bool { return a.Mutability == schema.WriteOnly }

// Eval gives the expression's value over r as text, "" where it is unassigned.
func (e *Expression) Eval(r scim.Resource, rt *schema.ResourceType, base string) (text string, err error) {
	value, seen, err := e.run(r, rt, base)
	if err == nil && value != nil {
		text, err = Text(value)
	}
	return text, e.failed(err, seen)
}

// Values gives its value as texts: those of a list that are not empty, or the one that it is.
func (e *Expression) Values(r scim.Resource, rt *schema.ResourceType, base string) (texts []string, err error) {
	value, seen, err := e.run(r, rt, base)
	if text, ok := value.(string); ok && text != "" && utf8.ValidString(text) {
		return []string{text}, nil
	}
	values, isList := []any(nil), false
	if err == nil && value != nil && value != "" {
		if values, isList = listOf(value); !isList {
			values = []any{value}
		}
	}
	for _, v := range values {
		if v == nil || v == "" {
			continue
		}
		text, problem := Text(v)
		if problem != nil {
			return nil, e.failed(problem, seen)
		}
		texts = append(texts, text)
	}
	return texts, e.failed(err, seen)
}

// run gives what the expression does, and what it saw.
func (e *Expression) run(r scim.Resource, rt *schema.ResourceType, base string) (value any, seen map[string]any, err error) {
	seen = make(map[string]any, len(e.sees))
	for _, s := range e.sees {
		seen[s.name] = s.of(r, rt, base)
	}
	if e.isGiven {
		e.given.add(seen, rt)
	}
	value, err = expr.Run(e.program, seen)
	return value, seen, err
}

// failed is an error as the client reads it; nil for none.
func (e *Expression) failed(err error, seen map[string]any) error {
	if err == nil {
		return nil
	}
	return &scim.Error{Type: scim.InvalidValue, Detail: e.failure(err, seen)}
}

// Distinguishes says whether the expression sees a difference between two resources; where it sees none, it gives both the same.
func (e *Expression) Distinguishes(a, b scim.Resource, rt *schema.ResourceType) bool {
	return slices.ContainsFunc(e.sees, func(s sight) bool { return !scim.SameValue(s.of(a, rt, ""), s.of(b, rt, "")) })
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// sight is a name that expressions may see, and what it stands for.
type sight struct {
	name string
	of   func(r scim.Resource, rt *schema.ResourceType, base string) any
}

// sightsOf are all that an expression over rt may see: every attribute by name, so that a misspelt one fails to compile; a singular
// complex attribute is never nil, so that its sub-attributes can be named.
func sightsOf(rt *schema.ResourceType) []sight {
	sights := []sight{
		{"id", func(r scim.Resource, _ *schema.ResourceType, _ string) any { return r["id"] }},
		{"resource", func(r scim.Resource, rt *schema.ResourceType, _ string) any { return withoutSecrets(r, rt) }},
		{"enterprise", func(r scim.Resource, _ *schema.ResourceType, _ string) any { return enterpriseOf(r) }},
	}
	add := func(name string, of func(scim.Resource, *schema.ResourceType, string) any) {
		if !slices.ContainsFunc(sights, func(s sight) bool { return s.name == name }) {
			sights = append(sights, sight{name, of})
		}
	}
	for _, a := range rt.Core.Attributes {
		if isOfGroups(a) {
			continue
		}
		add(a.Name, func(r scim.Resource, _ *schema.ResourceType, _ string) any {
			value := r[a.Name]
			if value == nil && a.Type == schema.Complex && !a.MultiValued {
				value = map[string]any{}
			}
			return value
		})
	}
	add("base", func(_ scim.Resource, _ *schema.ResourceType, base string) any { return base })
	return sights
}

// isOfGroups says that the attribute is the groups of a user, which nobody asks for when a write is planned.
func isOfGroups(a *schema.Attribute) bool {
	return a.Name == "groups" && a.Mutability == schema.ReadOnly
}

func enterpriseOf(r scim.Resource) map[string]any {
	values, _ := r[schema.EnterpriseURN].(map[string]any)
	if values["manager"] != nil {
		return values
	}
	full := make(map[string]any, len(values)+1)
	maps.Copy(full, values)
	full["manager"] = map[string]any{}
	return full
}

// withoutSecrets is the resource without what nobody may read.
func withoutSecrets(r scim.Resource, rt *schema.ResourceType) map[string]any {
	shown := without(r, rt.Core)
	for _, x := range rt.Extensions {
		if values, ok := shown[x.Schema.ID].(map[string]any); ok {
			shown[x.Schema.ID] = without(values, x.Schema)
		}
	}
	return shown
}

func without(values map[string]any, s *schema.Schema) map[string]any {
	shown := maps.Clone(values)
	maps.DeleteFunc(shown, func(name string, _ any) bool {
		a := s.Attribute(name)
		return a != nil && isSecret(a)
	})
	return shown
}

// nameCheck finds the names that an expression mentions, and one that the map does not hold, as `nickName`, `name.middleName` or
// `enterprise.division`.
type nameCheck struct {
	rt       *schema.ResourceType
	known    map[string]bool
	unknown  string
	called   bool     // it is unknown as a function
	declared []string // by `let`
	uses     map[string]bool
	whole    map[string]int // how often a name stands without a sub-attribute
}

// ofGroups is why expressions do not see the groups of a user. What is made of a resource is written when it changes, and they change with
// the groups: nothing would come of them, nor go.
const ofGroups = "uses %s, which no expression sees: a new user is in no group, and none of his own changes puts him into one or takes " +
	"him out, so that what is made of them would never be true"

// problem says what is wrong with the unknown name.
func (c *nameCheck) problem() string {
	if name := c.unknown[strings.LastIndexByte(c.unknown, '.')+1:]; name == "groups" && !c.called && c.rt.Name == "User" {
		return fmt.Sprintf(ofGroups, c.unknown)
	}
	if c.called {
		return "calls " + c.unknown + ", which is no function" + DidYouMean(c.unknown, functionNames()) +
			"; there are expr-lang's own and " + strings.Join(functionNames(), ", ")
	}
	words := slices.Sorted(maps.Keys(c.known))
	for _, path := range paths(c.rt) {
		words = append(words, strings.ReplaceAll(path, schema.EnterpriseURN+":", "enterprise."))
	}
	return "uses " + c.unknown + ", which the map does not name" + DidYouMean(c.unknown, words)
}

func (c *nameCheck) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.CallNode: // its callee has been visited
		callee, ok := n.Callee.(*ast.IdentifierNode)
		c.called = c.called || ok && callee.Value == c.unknown
	case *ast.VariableDeclaratorNode:
		c.known[n.Name] = true
		c.declared = append(c.declared, n.Name)
	case *ast.IdentifierNode:
		if !c.known[n.Value] {
			c.unknown = n.Value
		}
		if c.whole != nil {
			c.whole[n.Value]++
		}
	case *ast.MemberNode:
		owner, ok := n.Node.(*ast.IdentifierNode)
		property, named := n.Property.(*ast.StringNode)
		if !ok || !named {
			return
		}
		if c.whole != nil {
			c.whole[owner.Value]--
			c.uses[owner.Value+"."+property.Value] = true
		}
		whole := owner.Value == "resource" || owner.Value == "previous"
		if a := c.rt.Core.Attribute(property.Value); whole && a != nil && isOfGroups(a) {
			c.unknown = owner.Value + "." + property.Value
		}
		if owner.Value == "resource" {
			return
		}
		if owner.Value == "previous" {
			if property.Value != "enterprise" && c.rt.Core.Attribute(property.Value) == nil {
				c.unknown = "previous." + property.Value
			}
			return
		}
		urn, name, sub := "", owner.Value, property.Value
		if owner.Value == "enterprise" {
			urn, name, sub = schema.EnterpriseURN, property.Value, ""
		}
		if ref, ok := c.rt.Resolve(urn, name, sub); !ok || ref.Leaf().Name != property.Value { // a resource knows one spelling only
			c.unknown = owner.Value + "." + property.Value
		}
	}
}
