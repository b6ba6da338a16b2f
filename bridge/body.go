package bridge

import (
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/patch"
)

// resourceIn reads the resource that a body holds. What the map does not name of it is dropped, and counted.
func (r *request) resourceIn(body scim.Object) (resource scim.Resource, dropped int, err error) {
	resource, names, err := scim.ParseObject(body, r.typ.Resource, r.dialect)
	r.tellDropped(names, notMapped)
	if err == nil {
		r.understands(resource)
	}
	return resource, len(names), err
}

// operationsIn is resourceIn for the operations of a PATCH of the resource with the id.
func (r *request) operationsIn(id string, body []byte) (ops []patch.Op, dropped int, err error) {
	r.foresees(id)
	ops, names, err := patch.Parse(body, r.typ.Resource, r.dialect)
	r.tellDropped(names, notMapped)
	if err == nil {
		r.understandsOps(ops)
	}
	return ops, len(names), err
}

// tellDropped names what was dropped for those who ask for debug.
func (r *request) tellDropped(sent []string, why string) {
	if len(sent) == 0 {
		return
	}
	names := valueless(sent)
	r.foreseen.drop(names, why)
	r.log.Debug("dropped", "request", r.call.RequestID, "type", r.typ.Name, "attributes", names)
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
