package patch

import (
	"context"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Apply applies the operations with all the time that they take.
func Apply(r scim.Resource, ops []Op, rt *schema.ResourceType, d scim.Dialect) (scim.Resource, error) {
	return Ops(ops).Apply(context.Background(), r, rt, d)
}
