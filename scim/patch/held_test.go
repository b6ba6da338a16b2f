package patch_test

import (
	"errors"
	"testing"

	"scimbridge/scim"
	"scimbridge/scim/patch"
)

// TestTheStatusOfAnAccountStays: however active is taken away, the answer is mutability; to say it anew in the same PATCH is no removal.
func TestTheStatusOfAnAccountStays(t *testing.T) {
	for _, active := range []bool{true, false} {
		for operations, refused := range map[string]bool{
			`{"op":"remove","path":"active"}`:                                                 true,
			`{"op":"Remove","path":"urn:ietf:params:scim:schemas:core:2.0:User:active"}`:      true,
			`{"op":"remove","path":"active","value":true}`:                                    true,
			`{"op":"replace","path":"active","value":null}`:                                   true,
			`{"op":"replace","path":"active","value":""}`:                                     true,
			`{"op":"add","path":"active","value":null}`:                                       true,
			`{"op":"replace","value":{"active":null}}`:                                        true,
			`{"op":"add","value":{"active":"","nickName":"A"}}`:                               true,
			`{"op":"remove","path":"active"},{"op":"add","path":"active","value":"False"}`:    false,
			`{"op":"replace","path":"active","value":[]}`:                                     true,
			`{"op":"remove","path":"nickName"},{"op":"replace","path":"active","value":true}`: false,
		} {
			body := `{"schemas":["` + scim.PatchOpURN + `"],"Operations":[` + operations + `]}`
			err := apply(scim.Resource{"userName": "a", "active": active}, body)
			fault, _ := errors.AsType[*scim.Error](err)
			if (fault != nil && fault.Type == scim.Mutability) != refused || err != nil && !refused {
				t.Errorf("active %t, %s: %v", active, operations, err)
			}
		}
	}
}

func apply(r scim.Resource, body string) error {
	ops, _, err := patch.Parse([]byte(body), userType(), scim.Dialect{})
	if err == nil {
		_, err = patch.Apply(r, ops, userType(), scim.Dialect{})
	}
	return err
}
