package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/config"
	"scimbridge/config/schematest"
)

// TestExamplesFitTheSchema, which their first lines name, and so do the configurations that are made.
func TestExamplesFitTheSchema(t *testing.T) {
	files, err := filepath.Glob("../examples/*/scimbridge.yaml")
	if err != nil || len(files) < 7 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		name, isNamed := strings.CutPrefix(first, "# yaml-language-server: $schema=")
		named, _ := filepath.Rel(".", filepath.Join(filepath.Dir(file), name))
		if !isNamed || named != "../config/schema.json" && named != "schema.json" {
			t.Errorf("%s does not begin with where its schema is: %s", file, first)
		}
		if err := schematest.Validate(string(text)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if err := schematest.Validate(config.Example()); err != nil {
		t.Error(err)
	}
	written, err := filepath.Glob("../examples/testdata/init/*.txtar") // by scimbridge init
	if err != nil || len(written) == 0 {
		t.Error(written, err)
	}
	for _, file := range written {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := schematest.Validate(string(archive.Files[0].Data)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

var (
	// yamlOfPages are the blocks of YAML in a page.
	yamlOfPages = regexp.MustCompile("(?ms)^ *```yaml\n(.*?)^ *```")
	// aSection begins one of the configuration.
	aSection = regexp.MustCompile(`(?m)^(listen|directory|resources|references|access|guard|store|journal|webhook|limits|log|admin):`)
)

// TestPagesFitTheSchema: so do the sections that READMEs show.
func TestPagesFitTheSchema(t *testing.T) {
	fitting := 0
	err := filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, block := range yamlOfPages.FindAllStringSubmatch(string(text), -1) {
			shown := block[1]
			if !aSection.MatchString(shown) {
				continue // it is another program's
			}
			for section, needed := range map[string]string{
				"directory": "{}", "resources": "[{type: User, objectClasses: person, attributes: [{ldap: cn}]}]",
			} {
				if !regexp.MustCompile(`(?m)^` + section + `:`).MatchString(shown) {
					shown += section + ": " + needed + "\n"
				}
			}
			if err := schematest.Validate(shown); err != nil {
				t.Errorf("%s: %v in %s", path, err, shown)
			}
			fitting++
		}
		return err
	})
	if err != nil || fitting < 5 {
		t.Error(fitting, err)
	}
}

// content are the faults of testdata/bad that are none of form: what a value says, or what stands beside it, or in a file.
var content = strings.Fields(`
	attribute bearer bind-external bind-without-password ca-missing choose clear-text-directory clear-text-listen define directory-url-twice
	dn-without-rdn environment-item environment-room environment-twice environment-type environment-unknown
	environment-unknown-far expression expression-password filter guard-limits-nowhere journal no-access password-twice
	protected-cut reference references-nowhere resource-twice resource-type short-token store-cleartext store-password tls-half
	tokens-file tokens-file-missing
`)

// TestBadFilesMissTheSchema: an editor marks what is wrong with a file where it shows in its form.
func TestBadFilesMissTheSchema(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		for _, part := range archive.Files {
			if part.Name != "scimbridge.yaml" {
				continue
			}
			if err := schematest.Validate(string(part.Data)); (err == nil) != slices.Contains(content, name) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
