package examples_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scimbridge/config"
	"scimbridge/ldapmap/ldif"
)

// TestMigrationMaps: each map on the page is one that compiles, links who is there, and renames nobody.
func TestMigrationMaps(t *testing.T) {
	for i, yaml := range migrationMaps(t) {
		c, err := config.Parse("map.yaml", []byte(yaml), nil, "resources")
		if err != nil {
			t.Errorf("map %d: %s", i, err)
			continue
		}
		if _, err := c.Map(); err != nil {
			t.Errorf("map %d: %s", i, err)
		}
		if users := c.Resources[0]; len(users.Match) == 0 || users.Rename != "never" {
			t.Errorf("map %d does not do what the page says first", i)
		}
	}
}

func migrationMaps(t *testing.T) (maps []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("migration", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
		yaml, _, _ := strings.Cut(block, "```\n")
		maps = append(maps, yaml)
	}
	if len(maps) < 2 {
		t.Fatalf("the page has %d maps", len(maps))
	}
	return maps
}

// TestMigrationLinks: who is in the directory as Microsoft's LDAP connector made him is found, linked and changed in his place, and a
// newcomer is made as the connector would have made him.
func TestMigrationLinks(t *testing.T) {
	for _, s := range servers {
		if s.name != "memory" && s.name != "openldap" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			folder := t.TempDir()
			yaml := strings.ReplaceAll(migrationMaps(t)[0], "dc=contoso,dc=example", suffix)
			if err := os.WriteFile(filepath.Join(folder, "scimbridge.yaml"), []byte(yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			d := deployAs(t, server, product{folder: folder, env: []string{"SCIMBRIDGE_RESOURCES_0_BASE=" + server.People}}, "")
			found := "cn=anna," + server.People
			server.Load(t, "dn: "+found+"\nobjectClass: inetOrgPerson\ncn: anna\nuid: anna\nsn: Berg\nmail: anna@contoso.example\n")
			if n := len(d.found(t, "/Users", `userName eq "anna@contoso.example"`)); n != 1 {
				t.Fatalf("%d are found", n)
			}
			linked := d.want(t, http.StatusCreated, http.MethodPost, "/Users", claiming("4711", "anna@contoso.example",
				`"name":{"familyName":"Berg"},"displayName":"Anna Berg"`))
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+linked["id"].(string),
				operations(replace("userName", `"anna.voss@contoso.example"`), replace("active", `"False"`)))
			holds(t, server.Entry(t, found), "mail", "anna.voss@contoso.example", "employeeNumber", "4711", "uid", "anna",
				"displayName", "Anna Berg", "employeeType", "inactive")
			d.create(t, "/Users", `"userName":"Bo@contoso.example","externalId":"4712"`)
			holds(t, server.Entry(t, "cn=Bo,"+server.People), "mail", "Bo@contoso.example", "uid", "bo", "employeeType", "active")
		})
	}
}

// holds wants values of an entry: attribute, value, attribute, value…
func holds(t *testing.T, e *ldif.Entry, want ...string) {
	t.Helper()
	if e == nil {
		t.Fatal("there is no such entry")
	}
	for pair := range slices.Chunk(want, 2) {
		if got := e.Value(pair[0]); got != pair[1] {
			t.Errorf("%s: %s is %q, want %q", e.DN, pair[0], got, pair[1])
		}
	}
}
