package bridge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"scimbridge/bridge/journal"
	"scimbridge/scim"
	"scimbridge/scim/patch"
)

// Understood is one thing that a request says, in canonical form.
type Understood struct {
	Op    string // add, replace or remove of a PATCH
	Path  string // with its schema, where that is an extension
	Value any    // secrets blanked
}

// understands notes the resource that a request has.
func (r *request) understands(resource scim.Resource) {
	if r.foreseen == nil {
		return
	}
	blank, _ := r.blanked(resource).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(blank)) {
		extension, isOne := blank[name].(map[string]any)
		if !isOne || !strings.HasPrefix(name, "urn:") {
			r.foreseen.Values = append(r.foreseen.Values, Understood{Path: name, Value: blank[name]})
			continue
		}
		for _, inner := range slices.Sorted(maps.Keys(extension)) {
			r.foreseen.Values = append(r.foreseen.Values, Understood{Path: name + ":" + inner, Value: extension[inner]})
		}
	}
}

// understandsOps notes the operations of a PATCH.
func (r *request) understandsOps(ops patch.Ops) {
	if r.foreseen == nil {
		return
	}
	for _, op := range ops {
		path := op.Path.String()
		last := path[strings.LastIndexAny(path, ":.")+1:]
		value := op.Value
		if wrapped, is := r.blanked(map[string]any{last: op.Value}).(map[string]any); is {
			value = wrapped[last]
		}
		r.foreseen.Values = append(r.foreseen.Values, Understood{Op: fmt.Sprint(op.Kind), Path: path, Value: value})
	}
}

// blanked is a value without its secrets, as JSON has it.
func (r *request) blanked(value any) (blank any) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	_ = json.Unmarshal(journal.Blank(text, r.secretsOf(r.typ.Name)), &blank)
	return blank
}
