package front

import "testing"

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
