package access

import (
	"testing"

	"scimbridge/bridge/reason"
)

// TestRoles is the table of what each role may: g get, q query, c create, p patch, r replace, d delete.
func TestRoles(t *testing.T) {
	operations := map[rune]string{'g': "get", 'q': "query", 'c': "create", 'p': "patch", 'r': "replace", 'd': "delete"}
	for name, may := range map[string][3]string{ // User, Group, Device
		"":            {"gqcprd", "gqcprd", "gqcprd"},
		"provisioner": {"gqcprd", "gqcprd", "gqcprd"},
		"users-only":  {"gqcprd", "", ""},
		"groups-only": {"gq", "gqcprd", ""},
		"reader":      {"gq", "gq", "gq"},
		"operator":    {"gq", "gq", "gq"},
	} {
		role, ok := roleOf(name)
		if !ok {
			t.Errorf("%q is no role", name)
		}
		for i, typ := range []string{"User", "Group", "Device"} {
			allowed := map[rune]bool{}
			for _, letter := range may[i] {
				allowed[letter] = true
			}
			for letter, operation := range operations {
				if got := role.Check(operation, typ) == nil; got != allowed[letter] {
					t.Errorf("%s: %s %s: %t", role, operation, typ, got)
				}
			}
		}
	}
	if _, ok := roleOf("Reader"); ok {
		t.Error("a role's name ignores case")
	}
}

// TestARefusalNamesTheRole, and what it may.
func TestARefusalNamesTheRole(t *testing.T) {
	for want, err := range map[string]error{
		"the role users-only may read and write User; it may not query Group":                  UsersOnly.Check("query", "Group"),
		"the role groups-only may read User, and read and write Group; it may not create User": GroupsOnly.Check("create", "User"),
		"the role reader may read User, Group, other types; it may not delete Device":          Reader.Check("delete", "Device"),
	} {
		if refusal, ok := err.(*reason.Error); !ok || refusal.Reason != reason.Role || refusal.Detail != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
