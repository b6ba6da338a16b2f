package bridge

import (
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

// resourceIn reads the resource that a body holds. What the map does not name of it is dropped, and counted.
func (b *Bridge) resourceIn(c Call, rt *schema.ResourceType, body scim.Object) (r scim.Resource, dropped int, err error) {
	r, names, err := scim.ParseObject(body, rt, b.dialect)
	b.tellDropped(c, rt, valueless(names))
	return r, len(names), err
}

// operationsIn is resourceIn for the operations of a PATCH.
func (b *Bridge) operationsIn(c Call, rt *schema.ResourceType, body []byte) (ops []patch.Op, dropped int, err error) {
	ops, names, err := patch.Parse(body, rt, b.dialect)
	b.tellDropped(c, rt, valueless(names))
	return ops, len(names), err
}

// tellDropped names what was dropped for those who ask for debug.
func (b *Bridge) tellDropped(c Call, rt *schema.ResourceType, sent []string) {
	if len(sent) == 0 {
		return
	}
	b.log.Debug("dropped", "request", c.RequestID, "type", rt.Name, "attributes", sent)
}

// valueless leaves out of paths what stands in brackets, for it may be anybody's value: `pets[name eq "Rex"].age` is `pets[…].age`.
func valueless(paths []string) []string {
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = withoutValue(path)
	}
	return names
}

func withoutValue(path string) string {
	from, to := strings.IndexByte(path, '['), strings.LastIndexByte(path, ']')
	switch {
	case from < 0:
		return path
	case to < from: // never closed
		return path[:from] + "[…"
	}
	return path[:from] + "[…]" + path[to+1:]
}

// dropping adds to an answer how many attributes of the request were dropped.
func (r *Result) dropping(attributes int) *Result {
	if r != nil {
		r.Dropped += attributes
	}
	return r
}
