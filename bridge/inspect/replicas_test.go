package inspect_test

import (
	"cmp"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples"
)

// TestUntoldReplica: of several servers, one that hides how far it has got is told of, and what is proposed lets it be seen. One alone need
// not tell.
func TestUntoldReplica(t *testing.T) {
	t.Parallel()
	need(t)
	for name, start := range map[string]func(t *testing.T) [2]*dirtest.Server{
		"OpenLDAP": func(t *testing.T) [2]*dirtest.Server {
			servers, _ := dirtest.Mirror(t, dirtest.Schema(examples.OpenLDAPSchema), dirtest.Configurable(),
				dirtest.Config(`access to attrs=contextCSN by * none`))
			return servers
		},
		"389 Directory Server": func(t *testing.T) [2]*dirtest.Server {
			schema := strings.Replace(examples.OpenLDAPSchema, "userAccountControl $ ", "", 1)
			servers, _ := dirtest.Suppliers(t, dirtest.DS389Schema(schema))
			return servers
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := start(t)
			servers[0].Load(t, password(account))
			servers[1].CatchUp(t, servers[0])
			d := deployment{t, servers[0], sound, []string{
				"SCIMBRIDGE_DIRECTORY_URLS=" + servers[0].URL + "," + servers[1].URL,
				"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + accountPassword,
				"SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=" + cmp.Or(servers[0].Blocks, "userAccountControl"),
			}, nil, false}
			proposed := ""
			for _, f := range d.looked(t) {
				if f.Code == "untold-replica" {
					stands(t, d.text, f)
					proposed = f.LDIF
				}
			}
			if proposed == "" {
				t.Fatal("nothing is proposed")
			}
			d.apply(t, proposed)
			for _, f := range d.looked(t) {
				if f.Code == "untold-replica" {
					t.Errorf("after its repair: %+v", f)
				}
			}
			for _, f := range d.looked(t, "SCIMBRIDGE_DIRECTORY_URLS="+servers[1].URL) {
				if f.Code == "untold-replica" {
					t.Errorf("of one server: %+v", f)
				}
			}
		})
	}
}
