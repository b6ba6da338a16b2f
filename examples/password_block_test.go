package examples_test

import (
	"net/http"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestPasswordKeepsTheBlock: slapd's ppolicy takes pwdAccountLockedTime away when an administrator sets a password. A user who is blocked,
// or blocked by the same request, stays so.
func TestPasswordKeepsTheBlock(t *testing.T) {
	server := openLDAP(t,
		dirtest.Config("overlay ppolicy", "ppolicy_default cn=policy,dc=example,dc=org"))
	server.Load(t, "dn: cn=policy,dc=example,dc=org\nobjectClass: pwdPolicy\nobjectClass: device\ncn: policy\n"+
		"pwdAttribute: userPassword\npwdLockout: TRUE\n")
	d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=pwdAccountLockedTime")
	set := replace("password", `"New-Secret-77"`)
	for name, bodies := range map[string][]string{
		"a password for a blocked user": {disable, operations(set)},
		"both at once":                  {operations(set, replace("active", "false"))},
		"both and a new name":           {operations(replace("active", "false"), set, replace("userName", `"renamed@contoso.example"`))},
		"a password and another, twice": {
			disable, operations(set), operations(replace("password", `"New-Secret-78"`), replace("title", `"x"`)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			user := d.create(t, "/Users", `"userName":"blocked@contoso.example","password":"Old-Secret-77"`)
			for _, body := range bodies {
				if got := d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, body)["active"]; got != false {
					t.Errorf("active is %v", got)
				}
			}
			dn := d.entry(t, user).DN
			for _, password := range []string{"Old-Secret-77", "New-Secret-77", "New-Secret-78"} {
				if server.Bind(t, dn, password) == nil {
					t.Errorf("the user binds with %s", password)
				}
			}
			if got := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+user, "")["active"]; got != false {
				t.Errorf("active is %v", got)
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("active", "true"), set))
			if err := server.Bind(t, dn, "New-Secret-77"); err != nil {
				t.Errorf("enabled again: %v", err)
			}
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+user, "")
		})
	}
}
