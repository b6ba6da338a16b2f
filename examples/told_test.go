package examples_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/config"
	"scimbridge/ldapmap/ldif"
)

// TestUnknownProduct: a directory that no row of the table knows is served by what the configuration tells of it: here a slapd of which
// nothing is known, by its own id, and by an attribute that the map writes once.
func TestUnknownProduct(t *testing.T) {
	for name, told := range map[string]struct {
		ldif.Told
		env []string
		id  func(userName string) string // nil: it is the server's
	}{
		"by the server's id": {
			Told: ldif.Told{ID: "entryUUID", IDForm: "uuid", Version: "entryCSN"},
			env: []string{
				"SCIMBRIDGE_DIRECTORY_ID=entryUUID", "SCIMBRIDGE_DIRECTORY_IDFORM=uuid", "SCIMBRIDGE_DIRECTORY_VERSION=entryCSN",
			},
		},
		"by the map's": {
			Told: ldif.Told{ID: "description"},
			env: []string{
				"SCIMBRIDGE_DIRECTORY_ID=description",
				mapLine(t, 0, "LDAP=description"), mapLine(t, 0, `VALUE="U-" + before(userName, "@")`),
				mapLine(t, 0, "ON=create"), mapLine(t, 0, "UNIQUE=true"),
				mapLine(t, 1, "LDAP=description"), mapLine(t, 1, `VALUE="G-" + displayName`),
				mapLine(t, 1, "ON=create"), mapLine(t, 1, "UNIQUE=true"),
			},
			id: func(userName string) string { return "U-" + beforeAt(userName) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := openLDAP(t)
			d := deploy(t, server, append(told.env, "SCIMBRIDGE_DIRECTORY_KIND=generic")...)
			known := *server
			known.Traits = ldif.Generic.Traits().With(told.Told)
			d.server = &known
			mara, anna := d.login(t, "mara@contoso.example", "Secret-123"), d.user(t, "anna@contoso.example")
			if told.id != nil && mara != told.id("mara@contoso.example") {
				t.Errorf("the id is %q", mara)
			}
			group := d.group(t, "Night Shift", mara, anna)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace(managerPath, `"`+mara+`"`)))
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+mara, operations(replace("userName", `"noor@contoso.example"`)))
			if got := d.managerOf(t, anna); got != mara {
				t.Errorf("the manager is %q, want %q", got, mara)
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+mara, disable)
			d.matches(t, "noor@contoso.example", mara)
			if found := d.everyone(t); len(found) != 2 {
				t.Errorf("everyone is %v", found)
			}
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+mara, "")
			if got := d.members(t, group); got[anna] != 1 || len(got) != 1 {
				t.Errorf("the group shows %v", got)
			}
			d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+mara, "")
		})
	}
}

// TestRecipes: the configurations of the page about other directories have no faults.
func TestRecipes(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("other-directories", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	recipes := strings.Split(string(page), "```yaml\n")[1:]
	if len(recipes) != 3 {
		t.Fatalf("%d recipes", len(recipes))
	}
	for _, recipe := range recipes {
		text, _, _ := strings.Cut(recipe, "```")
		text = strings.Replace(text, "passwordFile: bind.password", "password: secret", 1) + "access: {token: " + token + "}\n"
		if _, err := config.Parse("recipe.yaml", []byte(text), nil); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

// mapLine sets a key of a line that comes behind the lines of the OpenLDAP example's map for a resource.
func mapLine(t *testing.T, resource int, setting string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("openldap", "scimbridge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	of := strings.Split(string(content), "  - type: ")[resource+1]
	return fmt.Sprintf("SCIMBRIDGE_RESOURCES_%d_ATTRIBUTES_%d_%s", resource, strings.Count(of, "- {scim: "), setting)
}

// TestToldAmiss: an attribute that is told and that the directory has not got is found out on first contact.
func TestToldAmiss(t *testing.T) {
	server := dirtest.Memory(t)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_ID=ipaUniqueID")
	fault := d.want(t, http.StatusServiceUnavailable, http.MethodGet, "/Users", "")
	if detail, _ := fault["detail"].(string); !strings.Contains(detail, "schema lacks") {
		t.Errorf("the detail is %q", detail)
	}
}
