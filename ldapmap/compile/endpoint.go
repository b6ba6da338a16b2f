package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// plainSegment is a path of one segment that a router takes literally.
var plainSegment = regexp.MustCompile(`^/[A-Za-z0-9._~-]+$`)

// taken are the endpoints of the protocol (RFC 7644 §3.2, §4); the plural is in old clients.
var taken = []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/ServiceProviderConfigs", "/Bulk", "/Me", "/.search"}

// checkEndpoint reports an endpoint of a type of the map's own that is another's, or that no request finds. Paths ignore case.
func (m *Map) checkEndpoint(i int, report func(path, problem string)) {
	own := func(t *Type) bool { return ownResourceType(t.Options) != nil }
	if !own(m.Types[i]) {
		return
	}
	at := m.Types[i].Resource.Endpoint
	same := func(other string) bool { return strings.EqualFold(at, other) }
	switch {
	case !plainSegment.MatchString(at):
		report("endpoint", fmt.Sprintf("%q is not a path of one segment, as /Devices", at))
	case slices.ContainsFunc(taken, same):
		report("endpoint", at+" is the protocol's own")
	}
	for j, other := range m.Types {
		if same(other.Resource.Endpoint) && other.Name != m.Types[i].Name && (j < i || !own(other)) {
			report("endpoint", fmt.Sprintf("%s is the endpoint of %s", at, other.Name))
			return
		}
	}
}
