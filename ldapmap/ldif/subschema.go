package ldif

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// AttributeType is an attribute type definition (RFC 4512 §4.1.2) with what it inherits from its supertype filled in.
type AttributeType struct {
	OID         string
	Names       []string // the first is the one that the server returns
	Sup         string
	Equality    string // matching rule name as the server gives it, "" where there is none
	Ordering    string
	Substring   string
	Syntax      string // OID without the length
	SingleValue bool
	NoUserMod   bool
	Operational bool // USAGE is not userApplications
}

// ObjectClass is an object class definition (RFC 4512 §4.1.1). Must and May hold its own names only; Subschema.Must and
// Subschema.May gather the superclasses'.
type ObjectClass struct {
	OID   string
	Names []string
	Sup   []string
	Kind  string // ABSTRACT, STRUCTURAL, AUXILIARY
	Must  []string
	May   []string
	Aux   []string // auxiliary classes that a DIT content rule (RFC 4512 §4.1.6) allows with it: Active Directory's static ones
}

// Subschema is a server's schema. All look-ups ignore case and know every name and OID of a definition.
// A nil *Subschema knows nothing.
type Subschema struct {
	attributes byName[AttributeType]
	classes    byName[ObjectClass]
	covered    map[*AttributeType][]string         // every name and OID of the type and its subtypes
	rules      map[*AttributeType][3]*matchingRule // by purpose
	ruleless   bool                                // no definition names an equality rule: the server matches by syntax (Active Directory)
}

// byName holds definitions by each name and OID, in lower case and as the definition spells it: that is how they are looked up most.
type byName[T any] map[string]*T

// add adds a definition under the names that no earlier one has.
func (b byName[T]) add(d *T, oid string, names []string) {
	for _, name := range append([]string{oid}, names...) {
		if key := strings.ToLower(name); b[key] == nil {
			b[key], b[name] = d, d
		}
	}
}

func (b byName[T]) get(name string) *T {
	if d := b[name]; d != nil {
		return d
	}
	return b[strings.ToLower(name)]
}

// ParseSubschema reads the values of a subschema subentry's attributeTypes and objectClasses (RFC 4512 §4.1). A definition that
// cannot be read is reported in the error, and the rest is kept: servers publish odd ones. Values of dITContentRules may follow
// the object classes: what a rule lets into its class counts as the class's own.
func ParseSubschema(attributeTypes, objectClasses []string) (*Subschema, error) {
	s := &Subschema{
		attributes: make(byName[AttributeType], 3*len(attributeTypes)),
		classes:    make(byName[ObjectClass], 3*len(objectClasses)),
		covered:    make(map[*AttributeType][]string, len(attributeTypes)),
		rules:      make(map[*AttributeType][3]*matchingRule, len(attributeTypes)),
		ruleless:   true,
	}
	var problems []error
	report := func(what, definition string, err error) {
		if len(definition) > 100 {
			definition = definition[:100] + "..."
		}
		problems = append(problems, fmt.Errorf("%s %q: %w", what, definition, err))
	}

	var types []*AttributeType
	for _, text := range attributeTypes {
		d, err := parseDefinition(text)
		if err != nil {
			report("attributeTypes", text, err)
			continue
		}
		a := attributeType(d)
		types = append(types, a)
		s.ruleless = s.ruleless && a.Equality == ""
		s.attributes.add(a, a.OID, a.Names)
	}
	for _, a := range types {
		if err := s.inherit(a); err != nil {
			report("attributeTypes", a.OID, err)
		}
	}
	for _, a := range types {
		s.rules[a] = s.rulesOf(a)
	}

	var rules []definition
	for _, text := range objectClasses {
		d, err := parseDefinition(text)
		if err != nil {
			report("objectClasses", text, err)
			continue
		}
		if d.has("AUX") || s.classes[strings.ToLower(d.oid)] != nil {
			rules = append(rules, d)
			continue
		}
		c := objectClass(d)
		s.classes.add(c, c.OID, c.Names)
	}
	for _, d := range rules {
		c := s.Class(d.oid)
		if c == nil {
			report("dITContentRules", d.oid, errors.New("its structural object class is not defined"))
			continue
		}
		c.Must = append(c.Must, d.values["MUST"]...)
		c.May = append(c.May, d.values["MAY"]...)
		c.Aux = append(c.Aux, d.values["AUX"]...)
	}
	return s, errors.Join(problems...)
}

// Attribute returns the definition behind a name or OID, or nil. Options (`;binary`) are cut off first.
func (s *Subschema) Attribute(name string) *AttributeType {
	if s == nil {
		return nil
	}
	name, _, _ = strings.Cut(name, ";")
	return s.attributes.get(name)
}

// Class returns the definition behind an object class name or OID, or nil.
func (s *Subschema) Class(name string) *ObjectClass {
	if s == nil {
		return nil
	}
	return s.classes.get(name)
}

// ClassNames are the names of all object classes, sorted.
func (s *Subschema) ClassNames() []string {
	var names []string
	if s != nil {
		for _, c := range s.classes {
			names = append(names, c.Names...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Canonical returns the first name of the attribute behind name (`surname` -> `sn`), or name itself where the schema does not know it.
func (s *Subschema) Canonical(name string) string {
	a := s.Attribute(name)
	if a == nil {
		return name
	}
	_, options, found := strings.Cut(name, ";")
	canonical := a.OID
	if len(a.Names) > 0 {
		canonical = a.Names[0]
	}
	if found {
		return canonical + ";" + options
	}
	return canonical
}

// Description is how values of an attribute are asked for and written: by its canonical name, with `;binary` where the syntax demands it
// (RFC 4523 §2): userCertificate;binary.
func (s *Subschema) Description(name string) string {
	canonical := s.Canonical(name)
	if a := s.Attribute(name); a != nil && slices.Contains(binarySyntaxes, a.Syntax) && !strings.Contains(canonical, ";") {
		canonical += ";binary"
	}
	return canonical
}

// Covers says whether asking for the attribute takes in the attribute description: another name of it, a subtype of it (`name`
// covers `cn`), or either with options (`description` covers `description;lang-de`).
func (s *Subschema) Covers(attribute, description string) bool {
	base, options, optioned := strings.Cut(attribute, ";")
	name, has, _ := strings.Cut(description, ";")
	if optioned {
		held := strings.Split(strings.ToLower(has), ";")
		for option := range strings.SplitSeq(strings.ToLower(options), ";") {
			if !slices.Contains(held, option) {
				return false
			}
		}
	}
	if strings.EqualFold(base, name) {
		return true
	}
	a := s.Attribute(base)
	return a != nil && Named(s.covered[a], name)
}

// Must returns the canonical names of the attributes that entries of these classes must hold, superclasses included.
func (s *Subschema) Must(classes ...string) []string {
	return s.gather(classes, nil, func(c *ObjectClass) []string { return c.Must })
}

// May returns the canonical names of the attributes that entries of these classes may hold beyond Must, superclasses included.
func (s *Subschema) May(classes ...string) []string {
	return s.gather(classes, s.Must(classes...), func(c *ObjectClass) []string { return c.May })
}

// AllowedWithout are the canonical names of all attributes that entries of these classes may hold, but for what they may by some classes
// that content rules add to them.
func (s *Subschema) AllowedWithout(left []*ObjectClass, classes ...string) []string {
	seen := make(map[*ObjectClass]bool)
	for _, c := range left {
		seen[c] = true
	}
	var names []string
	for _, c := range s.lineageBut(seen, classes) {
		for _, name := range slices.Concat(c.Must, c.May) {
			names = append(names, s.Canonical(name))
		}
	}
	return names
}

// IsA says whether class is super or one of its descendants.
func (s *Subschema) IsA(class, super string) bool {
	if strings.EqualFold(class, super) {
		return true
	}
	wanted := s.Class(super)
	return wanted != nil && slices.Contains(s.lineage(class), wanted)
}

// gather collects what pick names in the classes and their superclasses, without repetition and without what is left out.
func (s *Subschema) gather(classes, without []string, pick func(*ObjectClass) []string) []string {
	seen := make(map[string]bool)
	for _, name := range without {
		seen[strings.ToLower(name)] = true
	}
	var names []string
	for _, c := range s.lineage(classes...) {
		for _, name := range pick(c) {
			name = s.Canonical(name)
			if key := strings.ToLower(name); !seen[key] {
				seen[key] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// lineage returns the classes with their superclasses and the auxiliary classes of their content rules, each once.
func (s *Subschema) lineage(classes ...string) []*ObjectClass {
	return s.lineageBut(make(map[*ObjectClass]bool), classes)
}

// lineageBut is that without the classes seen.
func (s *Subschema) lineageBut(seen map[*ObjectClass]bool, classes []string) []*ObjectClass {
	var found []*ObjectClass
	for len(classes) > 0 {
		c := s.Class(classes[0])
		classes = classes[1:]
		if c == nil || seen[c] {
			continue
		}
		seen[c] = true
		found = append(found, c)
		classes = slices.Concat(classes, c.Sup, c.Aux)
	}
	return found
}

// inherit fills in what a takes from its supertypes (RFC 4512 §2.5.1) and adds its names to what each of them covers.
func (s *Subschema) inherit(a *AttributeType) error {
	names := append([]string{a.OID}, a.Names...)
	s.covered[a] = append(s.covered[a], names...)
	seen := map[*AttributeType]bool{a: true}
	for below := a; below.Sup != ""; {
		sup := s.Attribute(below.Sup)
		if sup == nil {
			return fmt.Errorf("its supertype %s is not defined", below.Sup)
		}
		if seen[sup] {
			return fmt.Errorf("its supertype %s descends from it", below.Sup)
		}
		seen[sup] = true
		s.covered[sup] = append(s.covered[sup], names...)
		for _, field := range []struct {
			to   *string
			from string
		}{{&a.Equality, sup.Equality}, {&a.Ordering, sup.Ordering}, {&a.Substring, sup.Substring}, {&a.Syntax, sup.Syntax}} {
			if *field.to == "" {
				*field.to = field.from
			}
		}
		below = sup
	}
	return nil
}

func attributeType(d definition) *AttributeType {
	syntax, _, _ := strings.Cut(d.first("SYNTAX"), "{")
	usage := d.first("USAGE")
	return &AttributeType{
		OID:         d.oid,
		Names:       d.values["NAME"],
		Sup:         d.first("SUP"),
		Equality:    d.first("EQUALITY"),
		Ordering:    d.first("ORDERING"),
		Substring:   d.first("SUBSTR"),
		Syntax:      syntax,
		SingleValue: d.has("SINGLE-VALUE"),
		NoUserMod:   d.has("NO-USER-MODIFICATION"),
		Operational: usage != "" && !strings.EqualFold(usage, "userApplications"),
	}
}

func objectClass(d definition) *ObjectClass {
	c := &ObjectClass{
		OID:   d.oid,
		Names: d.values["NAME"],
		Sup:   d.values["SUP"],
		Kind:  "STRUCTURAL", // RFC 4512 §4.1.1: the default
		Must:  d.values["MUST"],
		May:   d.values["MAY"],
	}
	for _, kind := range []string{"ABSTRACT", "AUXILIARY"} {
		if d.has(kind) {
			c.Kind = kind
		}
	}
	return c
}
