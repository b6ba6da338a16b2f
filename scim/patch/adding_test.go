package patch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

// TestAdding: what a resource has is added to another, in its own spelling, and nothing is taken away.
func TestAdding(t *testing.T) {
	rt := &schema.ResourceType{Name: "User", Core: schema.User(), Extensions: []schema.Extension{{Schema: schema.EnterpriseUser()}}}
	const urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	list := func(pairs ...any) (all []any) {
		for i := 0; i < len(pairs); i += 2 {
			element := map[string]any{"value": pairs[i+1]}
			if pairs[i] != nil {
				element["type"] = pairs[i]
			}
			all = append(all, element)
		}
		return all
	}
	to := scim.Resource{
		"userName": "ANNA", "title": "Clerk", "id": "7", "name": map[string]any{"familyName": "Lind", "givenName": "Anna"},
		"emails": list("work", "Anna@X", "home", "ANNA@X", nil, "b@x"), urn: map[string]any{"department": "Sales", "division": "North"},
	}
	r := scim.Resource{
		"userName": "anna", "name": map[string]any{"familyName": "Berg"}, "emails": list("work", "anna@x", nil, "B@x", "other", "c@x"),
		urn: map[string]any{"department": "Ops"}, "meta": map[string]any{"version": "1"},
	}
	want := scim.Resource{
		"userName": "anna", "title": "Clerk", "id": "7", "name": map[string]any{"familyName": "Berg", "givenName": "Anna"},
		"emails": list("work", "anna@x", "home", "ANNA@X", nil, "B@x", "other", "c@x"),
		urn:      map[string]any{"department": "Ops", "division": "North"},
	}
	got, err := patch.Adding(r, to, rt).Apply(t.Context(), to, rt, scim.Dialect{})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
