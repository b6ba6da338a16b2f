package examples_test

import (
	"fmt"
	"net/http"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestMembersDisplayWhatTheyShow: a name that a resource never returns is neither shown nor found as that of a member.
func TestMembersDisplayWhatTheyShow(t *testing.T) {
	d := deployWith(t, dirtest.Memory(t), `
  - type: Device
    endpoint: /Devices
    schema: urn:example:scim:schemas:core:2.0:Device
    description: Things
    base: ou=groups,dc=example,dc=org
    objectClasses: [device]
    dn: '"cn=" + rdn(displayName) + "," + base'
    attributes:
      - {scim: displayName, ldap: cn, define: {required: true, returned: never}}
`)
	printer := d.want(t, http.StatusCreated, http.MethodPost, "/Devices",
		`{"schemas":["urn:example:scim:schemas:core:2.0:Device"],"displayName":"Printer"}`)
	group := d.group(t, "Things", fmt.Sprint(printer["id"]))
	members, _ := d.want(t, http.StatusOK, http.MethodGet, "/Groups/"+group+"?attributes=members", "")["members"].([]any)
	if len(members) != 1 || members[0].(object)["display"] != nil {
		t.Errorf("the members: %v", members)
	}
	if found := d.found(t, "/Groups", `members.display eq "Printer"`); len(found) > 0 {
		t.Errorf("found by it: %v", found)
	}
}
