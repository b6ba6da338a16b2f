package compile

import (
	"maps"
	"math/rand/v2"

	"github.com/google/uuid"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// What an expression is given beside the resource: chance, and the resource before the change.

// given is what stands for them while an expression runs.
type given struct {
	chance   *rand.ChaCha8
	previous scim.Resource
}

// chanceFunctions have no result of their own: what they give is drawn, by whoever runs the expression.
var chanceFunctions = []function{
	{
		"random(n)", "`n` small letters and digits, drawn anew each time; with `on: create` alone", `len(random(8))`, "8",
		new(func(int) string), nil,
	},
	{"uuid()", "a UUID, drawn anew each time; with `on: create` alone", `len(uuid())`, "36", new(func() string), nil},
}

// Random says that the expression's value is drawn.
func (e *Expression) Random() bool { return e.uses["random"] || e.uses["uuid"] }

// IsOfPrevious says that the expression sees the resource before the change.
func (e *Expression) IsOfPrevious() bool {
	for name := range e.uses {
		if name == "previous" || before(name, ".") == "previous" {
			return true
		}
	}
	return false
}

// ill says why a computed value cannot be of chance, or of what was; "": it can.
func (e *Expression) ill(o AttributeOptions) string {
	switch {
	case e == nil:
	case e.Random() && (o.On != "create" || o.Unique || e.IsOfPrevious()):
		return "what is drawn is written once: with `on: create`, and without `unique` and `previous`"
	case e.IsOfPrevious() && (o.On != "" || o.Unique):
		return "`previous` is of a change: without `on: create` and `unique`"
	}
	return ""
}

// Drawn is the expression with what it draws: the same for the same seed.
func (e *Expression) Drawn(seed [32]byte) *Expression {
	drawn := *e
	drawn.given.chance = rand.NewChaCha8(seed)
	return &drawn
}

// After is the expression over a resource that was another.
func (e *Expression) After(previous scim.Resource) *Expression {
	after := *e
	after.given.previous = previous
	return &after
}

// letters are those that nobody takes for another.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// add puts what the expression is given among what it sees.
func (g given) add(seen map[string]any, rt *schema.ResourceType) {
	seen["random"] = func(arguments ...any) (any, error) {
		n, isNumber := arguments[0].(int)
		switch {
		case g.chance == nil:
			return nil, misuse("nothing is drawn here")
		case !isNumber || n < 1 || n > 256:
			return nil, misuse("random: " + briefly(arguments[0]) + " is no length between 1 and 256")
		}
		source, text := rand.New(g.chance), make([]byte, n)
		for i := range text {
			text[i] = letters[source.IntN(len(letters))]
		}
		return string(text), nil
	}
	seen["uuid"] = func(...any) (any, error) {
		if g.chance == nil {
			return nil, misuse("nothing is drawn here")
		}
		id, err := uuid.NewRandomFromReader(g.chance)
		return id.String(), err
	}
	previous := map[string]any{}
	for _, s := range sightsOf(rt) {
		if s.name != "resource" && s.name != "base" {
			previous[s.name] = s.of(g.previous, rt, "")
		}
	}
	maps.DeleteFunc(previous, func(name string, _ any) bool {
		a := rt.Core.Attribute(name)
		return a != nil && isSecret(a)
	})
	seen["previous"] = previous
}
