package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/admin"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/front"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/webhook"
	"scimbridge/ldapmap/compile"
)

// Config is a checked configuration. Each room owns its section and knows what is right in it.
type Config struct {
	Listen    front.Options     `koanf:"listen"`
	Directory directory.Options `koanf:"directory"`
	Resources []compile.Options `koanf:"resources"`
	// References is about entries that are no resources.
	References compile.References `koanf:"references"`
	Strict     bool               `koanf:"strict"` // refuse what clients send beyond the RFCs
	Access     access.Options     `koanf:"access"`
	Guard      guard.Options      `koanf:"guard"`
	Store      store.Options      `koanf:"store"`
	Journal    journal.Options    `koanf:"journal"`
	Webhook    webhook.Options    `koanf:"webhook"`
	Limits     bridge.Limits      `koanf:"limits"`
	Log        LogOptions         `koanf:"log"`
	Admin      admin.Options      `koanf:"admin"`

	origins *reader
}

// Place is where the key with the path was set, or the nearest one above it: file:line:column, or an environment variable.
func (c *Config) Place(path string) string { return c.origins.place(c.origins.nearest(path)) }

// Load reads the file and the environment (as os.Environ has it). Its error is Faults, or what kept the file from being read. Where
// sections are named, only those are checked, and what is wrong with others is not told: their secrets need not be at hand.
func Load(file string, environ []string, sections ...string) (*Config, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, content, environ, sections...)
}

// Parse is Load for a content at hand; file names it in faults, and the files that it names are relative to its folder.
func Parse(file string, content []byte, environ []string, sections ...string) (*Config, error) {
	r := &reader{file: file, origins: map[string]origin{}}
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(r.document(content), ""), nil); err != nil {
		return nil, err
	}
	variables := env.Opt{Prefix: prefix, TransformFunc: r.variable, EnvironFunc: func() []string { return environ }}
	if err := k.Load(env.Provider(".", variables), nil, koanf.WithMergeFunc(r.overlay)); err != nil {
		return nil, err
	}
	c := &Config{origins: r}
	if err := k.Unmarshal("", c); err != nil {
		// Not reached: every value has its key's type by now. The text may hold values, so it is not repeated.
		return nil, fmt.Errorf("%s: a value does not fit its key", file)
	}
	for _, name := range c.files() {
		if *name != "" && !filepath.IsAbs(*name) {
			*name = filepath.Join(filepath.Dir(file), *name)
		}
	}
	if !c.Store.Enabled() {
		c.Store.File = store.Default(environ).File
	}
	if !r.unreadable {
		c.check(r, sections)
	}
	if faults := r.inOrder(sections); len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}

// files are the keys that name files.
func (c *Config) files() []*string {
	files := []*string{
		&c.Listen.TLS.Certificate, &c.Listen.TLS.Key, &c.Listen.TLS.ClientCA, &c.Directory.Bind.PasswordFile, &c.Directory.TLS.CA,
		&c.Directory.TLS.Certificate, &c.Directory.TLS.Key, &c.Access.TokenFile, &c.Access.TokensFile,
		&c.Access.OAuth.KeyFile, &c.Store.File, &c.Store.PasswordFile, &c.Webhook.KeyFile, &c.Webhook.CA,
	}
	for _, client := range c.Access.OAuth.Clients {
		for i := range client.SecretFiles {
			files = append(files, &client.SecretFiles[i])
		}
	}
	return files
}

// check asks every room about its section, or those alone that are named.
func (c *Config) check(r *reader, sections []string) {
	for _, section := range []struct {
		path  string
		check func(report func(path, problem string))
	}{
		{"listen", c.Listen.Check},
		{"directory", c.Directory.Check},
		{"resources", c.checkResources},
		{"references", c.References.Check},
		{"access", func(report func(path, problem string)) { c.Access.Check(c.Store.Enabled(), report) }},
		{"guard", func(report func(path, problem string)) {
			c.Guard.Check(report, c.bases())
			c.Guard.CheckLimits(report, c.Types(), c.Store.Enabled())
		}},
		{"store", c.Store.Check},
		{"journal", func(report func(path, problem string)) { c.Journal.Check(c.Store.Enabled(), report) }},
		{"webhook", func(report func(path, problem string)) { c.Webhook.Check(c.Store.Enabled(), report) }},
		{"limits", c.Limits.Check},
		{"log", c.Log.Check},
		{"admin", c.Admin.Check},
	} {
		if len(sections) > 0 && !slices.Contains(sections, section.path) {
			continue
		}
		section.check(func(path, problem string) { r.doubt(join(section.path, path), problem) })
	}
}

// bases are the places that the map names.
func (c *Config) bases() []string {
	var bases []string
	for _, resource := range c.Resources {
		bases = append(bases, resource.Base...)
	}
	return bases
}

// Types are the resource types that the map names.
func (c *Config) Types() []string {
	var types []string
	for _, resource := range c.Resources {
		types = append(types, resource.Type)
	}
	return types
}

func (c *Config) checkResources(report func(path, problem string)) {
	if len(c.Resources) == 0 {
		report("", "maps no resource type: one for User is needed at least")
	}
	compile.CheckAll(c.Resources, report)
}

// join appends a room's key path to that of its section.
func join(section, path string) string {
	if path == "" || strings.HasPrefix(path, "[") {
		return section + path
	}
	return section + "." + path
}

// shape is the type that the file and the environment fill.
var shape = reflect.TypeFor[Config]()
