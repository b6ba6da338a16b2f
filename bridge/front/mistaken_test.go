package front

import (
	"strings"
	"testing"
)

func TestPathBehindAFlag(t *testing.T) {
	for uri, want := range map[string]bool{
		"/scim/v2/?aadOptscim062020/Users":                     true,
		"/scim/v2?aadOptscim062020/Users?filter=x":             true,
		"/scim/v2/aadOptscim062020/Users":                      true,
		"/scim/v2/%3FaadOptscim062020/Users":                   true,
		"/scim/v2/?AzureAdScimPatch2017/Groups/1":              true,
		"/scim/v2/Users?aadOptscim062020":                      false,
		"/scim/v2/?aadOptscim062020":                           false,
		"/scim/v2/Users?aadOptscim062020&filter=a%20eq%20%22/": false,
		"/scim/v2/Users?filter=a%20eq%20%22aadOptscim0/%22":    false,
		"/scim/v2/Users/aadOptscim":                            false,
	} {
		if got := hasPathBehindFlag([]byte(uri)); got != want {
			t.Errorf("%s: %v", uri, got)
		}
	}
}

// TestAstray: whoever leaves the bridge's path out of the tenant URL is told it, and nobody else is.
func TestAstray(t *testing.T) {
	s := serve(t, Options{})
	const told = "there is nothing at this path: the tenant URL is http"
	for path, astray := range map[string]bool{
		"/Users": true, "/": true, "/scim": true, "/scim/Users?filter=userName+eq+%22a%22": true, "/scim/v1/Users": true, "/scim/v22": true,
		"/scim/v2/nowhere": false, "/SCIM/V2/nowhere": false, "/scim/v2": false,
	} {
		a := s.ask(t, "GET "+path, "")
		if strings.Contains(a.body, told) != astray {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}
