package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/config"
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// TestFiltersMatchWhatTheySay compares, for random filters, what the bridge finds in a directory with what the filter matches among all
// resources. SCIMBRIDGE_TEST_FILTERS is how many, with each server: a short form takes a hundred.
func TestFiltersMatchWhatTheySay(t *testing.T) {
	t.Parallel()
	rt := userType(t)
	for _, s := range servers[:3] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			start, values := s.start, filterValues
			if s.name == "389ds" {
				// It takes these for other letters than those in ASCII, where the bridge and OpenLDAP take them for the same.
				values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.ContainsAny(v, "İ\u212aＭ") })
				start = func(t testing.TB) *dirtest.Server {
					return dirtest.DS389(t, ds389Schema, dirtest.WithoutSevenBitCheck())
				}
			}
			d := deploy(t, start(t))
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			g := &filterMaker{rand.New(rand.NewPCG(seed, 0)), values}
			for i := range 60 {
				response, content := d.do(t, "POST", "/Users", g.user(i))
				if response.StatusCode != 201 {
					t.Fatal(content)
				}
			}
			all := d.everyone(t)
			for range dirtest.Number(t, "SCIMBRIDGE_TEST_FILTERS", 100) {
				text := g.filter(3)
				e, err := filter.Parse(text, rt, scim.Dialect{})
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				var want []string
				for _, r := range all {
					if filter.Matches(e, r) {
						want = append(want, r["id"].(string))
					}
				}
				var got []string
				for _, r := range d.list(t, "/Users?count=1000&attributes=id&filter="+url.QueryEscape(text)).Resources {
					got = append(got, r.ID)
				}
				slices.Sort(want)
				if !slices.Equal(want, got) {
					t.Errorf("%s: found %d, want %d", text, len(got), len(want))
				}
			}
		})
	}
}

// userType is the resource type that the OpenLDAP example's map covers.
func userType(t testing.TB) *schema.ResourceType {
	content, err := os.ReadFile("openldap/scimbridge.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("scimbridge.yaml", content, []string{"SCIMBRIDGE_ACCESS_TOKEN=" + token, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=x"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Map()
	if err != nil {
		t.Fatal(err)
	}
	return m.Type("User").Resource
}

// everyone reads every user.
func (d *deployment) everyone(t testing.TB) []scim.Resource {
	_, content := d.do(t, "GET", "/Users?count=1000", "")
	var l struct{ Resources []map[string]any }
	decoder := json.NewDecoder(bytes.NewReader([]byte(content)))
	decoder.UseNumber()
	if err := decoder.Decode(&l); err != nil {
		t.Fatal(err)
	}
	var all []scim.Resource
	for _, r := range l.Resources {
		all = append(all, r)
	}
	return all
}

// filterMaker makes users and filters of few values, so that they meet: odd case, spaces at the ends and in a row, letters that fold oddly.
type filterMaker struct {
	*rand.Rand
	values []string
}

var filterValues = []string{
	"mara", "Mara", "MARA lind", "mara  lind", " mara", "lind ", "straße", "STRASSE",
	"İvo", "ivo", "k", "\u212a", "Ｍａｒａ", "a*b", "a\\b", "(x)", "é", "e\u0301", "1", "01", "-",
}

func (g *filterMaker) value() string { return g.values[g.IntN(len(g.values))] }

func (g *filterMaker) user(i int) string {
	u := map[string]any{
		"userName": fmt.Sprintf("%s%d@x", strings.TrimSpace(g.value()), i),
		"active":   g.IntN(3) > 0,
		"name":     map[string]any{"familyName": g.value()},
	}
	for _, name := range []string{"displayName", "title", "externalId"} {
		if g.IntN(3) > 0 {
			u[name] = g.value()
		}
	}
	if g.IntN(2) > 0 {
		u["roles"] = []any{map[string]any{"value": "r " + strings.ToLower(g.value())}, map[string]any{"value": "other"}}
	}
	if g.IntN(2) > 0 {
		u["addresses"] = []any{map[string]any{"type": "work", "locality": g.value(), "region": g.value()}}
	}
	if g.IntN(2) > 0 {
		u[schema.EnterpriseURN] = map[string]any{"department": g.value()}
	}
	text, _ := json.Marshal(u)
	return string(text)
}

func (g *filterMaker) filter(depth int) string {
	switch g.IntN(8) {
	case 0, 1:
		if depth > 0 {
			return "(" + g.filter(depth-1) + []string{" and ", " or "}[g.IntN(2)] + g.filter(depth-1) + ")"
		}
	case 2:
		if depth > 0 {
			return "not (" + g.filter(depth-1) + ")"
		}
	case 3:
		return fmt.Sprintf(`active %s %t`, []string{"eq", "ne"}[g.IntN(2)], g.IntN(2) > 0)
	case 4:
		return fmt.Sprintf(`addresses[type eq "work" and %s]`, g.compare("locality", "region"))
	case 5:
		return fmt.Sprintf(`meta.%s %s "%s"`, []string{"created", "lastModified"}[g.IntN(2)], []string{"gt", "ge", "lt", "le"}[g.IntN(4)],
			[]string{"2001-01-01T00:00:00Z", "2999-01-01T00:00:00.5+02:00"}[g.IntN(2)])
	}
	return g.compare("userName", "displayName", "title", "externalId", "name.familyName", "name.formatted", "roles", "roles.value",
		"addresses.locality", schema.EnterpriseURN+":department", "userName", "id")
}

func (g *filterMaker) compare(names ...string) string {
	name := names[g.IntN(len(names))]
	op := []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}[g.IntN(10)]
	if op == "pr" {
		return name + " pr"
	}
	value := g.value()
	if runes := []rune(value); len(runes) > 2 && g.IntN(3) == 0 {
		value = string(runes[1:])
	}
	text, _ := json.Marshal(value)
	return name + " " + op + " " + string(text)
}
