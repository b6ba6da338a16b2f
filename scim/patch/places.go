package patch

import (
	"encoding/json"
	"reflect"
	"slices"

	"scimbridge/scim/stringprep"
)

// places tells where among an attribute's values a value stands already, without a look at each of them.
//
// Two are the same where they have the same `value`, unless both have a type and those differ; a simple value is its own. Without a `value`
// (an address) all that the new one says must be there.
type places struct {
	e     *editing
	first map[any]int        // by key
	typed map[identity][]int // by key and type
	whole []int              // of those without a `value`
	bySub map[said][]int     // of those, by what they say
}

// identity is the key of a value and its type; nil: it has none.
type identity struct{ key, typ any }

// said is a sub-attribute and its value.
type said struct{ sub, value string }

// newPlaces notes where those of the attribute's values stand that one of the list may be.
func newPlaces(e *editing, list []any) *places {
	p := &places{e: e, first: map[any]int{}, typed: map[identity][]int{}, bySub: map[said][]int{}}
	keys := map[any]bool{}
	for _, v := range list {
		keys[e.key(v)] = true
	}
	for i, v := range e.values {
		if keys[e.key(v)] {
			p.add(v, i)
		}
	}
	return p
}

// add notes where a value stands, behind all that are noted.
func (p *places) add(v any, at int) {
	if c, ok := v.(map[string]any); ok && c["value"] == nil {
		p.whole = append(p.whole, at)
		for name, value := range c {
			s := said{name, canonical(value)}
			p.bySub[s] = append(p.bySub[s], at)
		}
		return
	}
	id := identity{p.e.key(v), typeOf(v)}
	if _, ok := p.first[id.key]; !ok {
		p.first[id.key] = at
	}
	p.typed[id] = append(p.typed[id], at)
}

// find is the first place of a value.
func (p *places) find(v any) (at int, found bool) {
	if c, ok := v.(map[string]any); ok && c["value"] == nil {
		return p.findWhole(c)
	}
	id := identity{p.e.key(v), typeOf(v)}
	if id.typ == nil {
		at, found = p.first[id.key]
		return at, found
	}
	for _, id := range []identity{id, {key: id.key}} {
		if list := p.typed[id]; len(list) > 0 && (!found || list[0] < at) {
			at, found = list[0], true
		}
	}
	return at, found
}

// findWhole finds a value without a `value`, among those that share with it what the fewest do.
func (p *places) findWhole(c map[string]any) (at int, found bool) {
	among := p.whole
	for name, value := range c {
		if list := p.bySub[said{name, canonical(value)}]; len(list) < len(among) {
			among = list
		}
	}
	for _, i := range among {
		old, _ := p.e.values[i].(map[string]any)
		there := true
		for name, value := range c {
			there = there && reflect.DeepEqual(old[name], value)
		}
		if there {
			return i, true
		}
	}
	return 0, false
}

// merged notes that a value has taken over the type of another that was the same.
func (p *places) merged(before, after any, at int) {
	was, is := identity{p.e.key(before), typeOf(before)}, identity{p.e.key(after), typeOf(after)}
	if was == is {
		return
	}
	p.typed[was] = slices.DeleteFunc(p.typed[was], func(i int) bool { return i == at })
	behind, _ := slices.BinarySearch(p.typed[is], at)
	p.typed[is] = slices.Insert(p.typed[is], behind, at)
}

// key is what two values must share to be the same one: their `value` (a simple value is its own), prepared where case does not count.
func (e *editing) key(v any) any {
	leaf := e.attr
	if c, ok := v.(map[string]any); ok {
		v = c["value"]
		leaf = e.attr.Sub("value")
	}
	if s, ok := v.(string); ok && leaf != nil && !leaf.CaseExact {
		return stringprep.Key(s)
	}
	switch v.(type) {
	case map[string]any, []any:
		return nil
	}
	return v
}

func typeOf(v any) any {
	c, _ := v.(map[string]any)
	if text, ok := c["type"].(string); ok {
		return text
	}
	return nil
}

// canonical is a value as text, the same for equal ones.
func canonical(v any) string {
	if s, ok := v.(string); ok {
		return `"` + s
	}
	text, _ := json.Marshal(v) // of what a body held: never fails
	return string(text)
}
