package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/config"
	"scimbridge/ldapmap/compile"
)

// sections are what each page of an identity provider tells, in this order.
var sections = []string{
	"Connect", "Test the connection", "Attributes", "Who, and what to tick", "The first cycle", "Groups", "Leavers", "Quirks",
	"Not supported",
}

// What an attribute's row says where not both examples map it.
const (
	inNoMap    = "not in the examples' maps"
	inOpenLDAP = "OpenLDAP example alone"
)

// TestIdentityProviders: each page has all its sections, is named by the list of them, and its tables of attributes say truly which of them
// the examples' maps have.
func TestIdentityProviders(t *testing.T) {
	list := page(t, "README.md")
	openLDAP, domain := example(t, "openldap"), example(t, "active-directory")
	files, err := filepath.Glob("identity-providers/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if name == "README.md" {
			continue
		}
		text := page(t, name)
		if !strings.Contains(list, "]("+name+")") {
			t.Errorf("the list does not name %s", name)
		}
		var found []string
		for line := range strings.Lines(text) {
			if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
				found = append(found, heading)
			}
		}
		if diff := cmp.Diff(sections, found); diff != "" {
			t.Errorf("%s: sections (-wanted +found):\n%s", name, diff)
		}
		rows := attributeRows(text)
		if len(rows) < 5 {
			t.Errorf("%s has %d rows of attributes", name, len(rows))
		}
		for _, row := range rows {
			want := ""
			switch there, inDomain := inMap(openLDAP, row.scim), inMap(domain, row.scim); {
			case there && !inDomain:
				want = inOpenLDAP
			case !there && !inDomain:
				want = inNoMap
			case !there:
				want = "an example map of Active Directory's alone"
			}
			for _, says := range []string{inOpenLDAP, inNoMap} {
				if strings.Contains(row.note, says) != (says == want) {
					t.Errorf("%s: %s: it should say %q, and says %q", name, row.scim, want, row.note)
				}
			}
		}
	}
}

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("identity-providers", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// attributeRow is a row of a table whose first column is a SCIM attribute.
type attributeRow struct{ scim, note string }

func attributeRows(text string) (rows []attributeRow) {
	within := false
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		switch first := strings.Trim(strings.TrimSpace(cells[0]), "*"); {
		case !strings.HasPrefix(line, "|"):
			within = false
		case strings.HasPrefix(first, "SCIM attribute"):
			within = true
		case within && strings.HasPrefix(first, "`"):
			rows = append(rows, attributeRow{strings.Trim(first, "`"), cells[len(cells)-1]})
		}
	}
	return rows
}

var valueFilter = regexp.MustCompile(`\[[^]]*\]`)

// example is the map of an example.
func example(t *testing.T, folder string) []compile.Options {
	t.Helper()
	c, err := config.Load(filepath.Join(folder, "scimbridge.yaml"), nil, "resources")
	if err != nil {
		t.Fatal(err)
	}
	return c.Resources
}

// inMap says whether the map has a line, or a key of its own, for the attribute. A line without a filter takes a value of any type.
func inMap(resources []compile.Options, scim string) bool {
	return slices.ContainsFunc(resources, func(r compile.Options) bool {
		switch scim {
		case "active":
			return len(r.Active) > 0
		case "members":
			return len(r.Members) > 0
		}
		return slices.ContainsFunc(r.Attributes, func(line compile.AttributeOptions) bool {
			return line.SCIM == scim || line.SCIM == valueFilter.ReplaceAllString(scim, "")
		})
	})
}

var variable = regexp.MustCompile(`\{\$[a-z._]+\}`)

// TestOneLoginTemplate: what the page has for OneLogin's template is what onelogin-template sends, but for the values.
func TestOneLoginTemplate(t *testing.T) {
	_, text, _ := strings.Cut(page(t, "onelogin.md"), "```json\n")
	template, _, ends := strings.Cut(text, "```\n")
	if !ends {
		t.Fatal("the page has no template")
	}
	template = variable.ReplaceAllString(template, "*")
	requests := 0
	for _, f := range readExchange(t, "exchanges/onelogin-template.txtar", "").archive.Files {
		if !strings.HasPrefix(f.Name, "request ") {
			continue
		}
		requests++
		_, body, _ := strings.Cut(string(f.Data), "\n\n")
		sent, shown := leaves(parse(t, body)), leaves(parse(t, template))
		for path := range sent {
			if _, there := shown[path]; !there {
				t.Errorf("%s: the template has no %s", f.Name, path)
			}
		}
		for path, value := range shown {
			if got, there := sent[path]; !there || value != "*" && value != got {
				t.Errorf("%s: the template has %s: %v, what is sent %v", f.Name, path, value, got)
			}
		}
	}
	if requests == 0 {
		t.Error("the exchange sends nothing")
	}
}
