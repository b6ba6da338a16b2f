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
	Listen front.Options `koanf:"listen"` // where clients reach the bridge
	// where the bridge reaches the directory, and as whom
	Directory directory.Options `koanf:"directory" required:"true"`
	// the attribute map, one item for each SCIM resource type
	Resources []compile.Options `koanf:"resources" required:"true"`
	// entries that are no resources and refer to some; not needed where the server sees to that
	References compile.References `koanf:"references"`
	Strict     bool               `koanf:"strict"` // refuse what clients send beyond the RFCs, as strings for booleans
	Access     access.Options     `koanf:"access"` // who may call
	Guard      guard.Options      `koanf:"guard"`  // what may not be written, and how much at a time
	// what is about the bridge itself: a SQLite file, or PostgreSQL where several copies share it
	Store   store.Options   `koanf:"store"`
	Journal journal.Options `koanf:"journal"` // what was done and refused, in the store
	Webhook webhook.Options `koanf:"webhook"` // tells a receiver what happened, from the store
	Limits  bridge.Limits   `koanf:"limits"`  // what one request may cost, and how many there may be
	Log     LogOptions      `koanf:"log"`     // what the program says of itself
	Admin   admin.Options   `koanf:"admin"`   // for operators and their tools: /metrics, /healthz, /readyz and /log

	origins *reader
}

// Place is where the key with the path was set, or the nearest one above it: file:line:column, or an environment variable.
func (c *Config) Place(path string) string { return c.origins.place(c.origins.nearest(path)) }

// Unread are the keys that name the file of a secret which is not read, since the environment holds one: by the variable that does.
func (c *Config) Unread() map[string]string { return c.origins.unread }

// Load reads the file and the environment (as os.Environ has it). Its error is Faults, or what kept the file from being read. Where
// sections are named, only those are checked, and what is wrong with others is not told: their secrets need not be at hand.
func Load(file string, environ []string, sections ...string) (*Config, error) {
	content, err := contentOf(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, content, environ, sections...)
}

// Parse is Load for a content at hand; file names it in faults, and the files that it names are relative to its folder.
func Parse(file string, content []byte, environ []string, sections ...string) (*Config, error) {
	c, faults, err := read(file, content, environ, sections)
	switch {
	case err != nil:
		return nil, err
	case len(faults) > 0:
		return nil, faults
	}
	return c, nil
}

// Read is Load for who wants to know what else is there beside the faults. Where one is not of something absent (Fault.Absent), the
// configuration is not to be relied on.
func Read(file string, environ []string) (*Config, Faults, error) {
	content, err := contentOf(file)
	if err != nil {
		return nil, nil, err
	}
	return read(file, content, environ, nil)
}

// contentOf is what stands in the file. The error says that it is the configuration which cannot be read.
func contentOf(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	return content, nil
}

func read(file string, content []byte, environ, sections []string) (*Config, Faults, error) {
	r := &reader{file: file, origins: map[string]origin{}, unread: map[string]string{}}
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(r.document(content), ""), nil); err != nil {
		return nil, nil, err
	}
	variables := env.Opt{Prefix: prefix, TransformFunc: r.variable, EnvironFunc: func() []string { return environ }}
	if err := k.Load(env.Provider(".", variables), nil, koanf.WithMergeFunc(r.overlay)); err != nil {
		return nil, nil, err
	}
	c := &Config{origins: r}
	if err := k.Unmarshal("", c); err != nil {
		// Not reached: every value has its key's type by now. The text may hold values, so it is not repeated.
		return nil, nil, fmt.Errorf("%s: a value does not fit its key", file)
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
	return c, r.inOrder(sections), nil
}

// files are the values that name files, by their keys.
func (c *Config) files() map[string]*string {
	files := map[string]*string{}
	var visit func(v reflect.Value, tag reflect.StructTag, path string)
	visit = func(v reflect.Value, tag reflect.StructTag, path string) {
		switch v.Kind() {
		case reflect.Struct:
			for field := range fieldsOf(v.Type()) {
				visit(v.FieldByIndex(field.Index), field.Tag, child(path, field.Tag.Get("koanf")))
			}
		case reflect.Slice:
			for i := range v.Len() {
				visit(v.Index(i), tag, fmt.Sprintf("%s[%d]", path, i))
			}
		case reflect.String:
			if name, is := v.Addr().Interface().(*string); is && tag.Get("is") == "file" {
				files[path] = name
			}
		}
	}
	visit(reflect.ValueOf(c).Elem(), "", "")
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
		section.check(func(path, problem string) {
			path = join(section.path, path)
			r.doubt(path, problem, c.absent(path))
		})
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

// Map compiles the attribute map, with where else references may stand.
func (c *Config) Map() (*compile.Map, error) {
	m, err := compile.Compile(c.Resources)
	if err != nil {
		return nil, err
	}
	m.Elsewhere = c.References
	return m, nil
}
