package examples_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// listed pages through what a filter finds and tells how often each id came.
func (d *deployment) listed(filter string) (map[string]int, error) {
	const page = 250
	shown := map[string]int{}
	for start, total := 1, 1; start <= total; start += page {
		path := fmt.Sprintf("/Users?startIndex=%d&count=%d&attributes=userName&filter=%s", start, page, url.QueryEscape(filter))
		answer, content, err := d.try(http.MethodGet, path, "")
		if err != nil {
			return nil, err
		}
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %d %s", path, answer.StatusCode, content)
		}
		var list struct {
			TotalResults int
			Resources    []struct{ ID string }
		}
		if err := json.Unmarshal([]byte(content), &list); err != nil {
			return nil, err
		}
		total = list.TotalResults
		for _, r := range list.Resources {
			shown[r.ID]++
		}
	}
	return shown, nil
}

// Sizes of a directory: several is more than OpenLDAP and 389 Directory Server hand out at once here (500 entries), and what the bridge
// sends in two chunks; many is more than Active Directory does (1,000).
const (
	many    = 1200
	several = 600
)

// TestLarge: a directory and a group larger than any one answer, for an account to which the server's limits hold.
func TestLarge(t *testing.T) {
	t.Parallel()
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			var env []string
			size := several
			account := []string{
				"SCIMBRIDGE_DIRECTORY_BIND_DN=cn=scimbridge,dc=example,dc=org", "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=bridge-secret",
			}
			const entry = "dn: cn=scimbridge,dc=example,dc=org\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n" +
				"userPassword: bridge-secret\n"
			switch s.name {
			case "memory":
				env = []string{"SCIMBRIDGE_DIRECTORY_TIMEOUT=1m"} // memdir compares each entry with each of 500 values
			case "openldap":
				server = openLDAP(t, dirtest.Config(
					"limits dn.exact=\"cn=scimbridge,dc=example,dc=org\" size.soft=500 size.hard=500 size.prtotal=unlimited",
					"access to attrs=userPassword by dn.exact=\"cn=scimbridge,dc=example,dc=org\" =w by * break",
					"access to * by dn.exact=\"cn=scimbridge,dc=example,dc=org\" manage by * break",
				))
				server.Load(t, entry)
				env = account
			case "389ds":
				server.Load(t, entry+"nsPagedSizeLimit: -1\n")
				modify(t, server, "cn=config", "nsslapd-sizelimit", "500")
				modify(t, server, server.Suffix, "aci",
					`(targetattr="*")(version 3.0; acl "bridge"; allow (all) userdn="ldap:///cn=scimbridge,dc=example,dc=org";)`)
				env = account
			case "active-directory":
				size = many
			}
			d := deploy(t, server, env...)
			ids := d.users(t, "many", size)
			t.Run("each is listed once", func(t *testing.T) { d.eachOnce(t, ids) })
			t.Run("a group of them", func(t *testing.T) { d.largeGroup(t, ids) })
		})
	}
}

func (d *deployment) eachOnce(t *testing.T, ids []string) {
	for name, filter := range map[string]string{
		"by a filter that the directory answers": `userName sw "many"`,
		"by one that the bridge answers":         `userName pr and not (meta.resourceType eq "Group")`,
	} {
		shown, err := d.listed(filter)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(slices.Sorted(maps.Keys(shown)), ids) {
			t.Errorf("%s: %d users, want %d", name, len(shown), len(ids))
		}
		for id, n := range shown {
			if n != 1 {
				t.Fatalf("%s: %s came %d times", name, id, n)
			}
		}
	}
}

func (d *deployment) largeGroup(t *testing.T, ids []string) {
	group := d.group(t, "Large")
	d.taken()
	d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(ids...))
	for _, p := range d.taken() {
		for _, s := range p.Steps {
			for _, m := range s.Change.Mods {
				if len(m.Values) > 500 {
					t.Errorf("%d values in one change", len(m.Values))
				}
			}
		}
	}
	if got := d.members(t, group); !slices.Equal(slices.Sorted(maps.Keys(got)), ids) {
		t.Errorf("%d members, want %d", len(got), len(ids))
	}
	for _, body := range []string{removeMembers(ids[0]), addMembers(ids[0])} {
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, body)
		plans := d.taken()
		if len(plans) != 1 || len(plans[0].Steps) != 1 || len(plans[0].Steps[0].Change.Mods[0].Values) != 1 {
			t.Errorf("one member is %s", plans)
		}
	}
	if got := d.members(t, group); len(got) != len(ids) {
		t.Errorf("%d members, want %d", len(got), len(ids))
	}
	d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group,
		operations(`{"op":"Replace","path":"members","value":`+values(ids[:3]...)+`}`))
	if got := d.members(t, group); !slices.Equal(slices.Sorted(maps.Keys(got)), ids[:3]) {
		t.Errorf("%d members, want 3", len(got))
	}
}
