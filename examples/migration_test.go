package examples_test

import (
	"os"
	"strings"
	"testing"

	"scimbridge/config"
)

// TestMigrationMaps: each map on the page is one that compiles, links who is there, and renames nobody.
func TestMigrationMaps(t *testing.T) {
	const name = "migration/README.md"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) < 2 {
		t.Fatalf("the page has %d maps", len(blocks))
	}
	for i, block := range blocks {
		yaml, _, _ := strings.Cut(block, "```\n")
		c, err := config.Parse(name, []byte(yaml), nil, "resources")
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
