package schema

// The common attributes of RFC 7643 §3.1, shared by every resource type and never changed.
var common = []*Attribute{
	text("id", "A unique identifier for a SCIM resource as defined by the service provider.",
		readOnly, exact, returned(Always), unique(UniqueServer)),
	reference("schemas", "The URIs of the schemas in use by the resource.", []string{"uri"},
		multi, required, returned(Always)),
	complexOf("meta", "The resource's metadata.", []*Attribute{
		text("resourceType", "The name of the resource type of the resource.", readOnly, exact),
		value(DateTime, "created", "The time at which the resource was added to the service provider.", readOnly),
		value(DateTime, "lastModified", "The most recent time at which the resource's details were updated.", readOnly),
		reference("location", "The URI of the resource being returned.", []string{"uri"}, readOnly),
		text("version", "The version of the resource being returned.", readOnly, exact),
	}, readOnly),
}

// ExternalID returns a fresh copy of externalId (RFC 7643 §3.1). A resource type that can keep it lists it among its core attributes.
func ExternalID() *Attribute {
	return text("externalId", "A String that is an identifier for the resource as defined by the provisioning client.", exact)
}

// The constructors below take RFC 7643 §7's defaults: not required, readWrite, returned by default, not unique, case ignored.

type characteristic func(*Attribute)

func value(t Type, name, description string, with ...characteristic) *Attribute {
	a := &Attribute{
		Name: name, Type: t, Description: description,
		Mutability: ReadWrite, Returned: Default, Uniqueness: UniqueNone,
	}
	for _, c := range with {
		c(a)
	}
	return a
}

func text(name, description string, with ...characteristic) *Attribute {
	return value(String, name, description, with...)
}

func boolean(name, description string, with ...characteristic) *Attribute {
	return value(Boolean, name, description, with...)
}

// reference and binary values are case exact (RFC 7643 §2.3.6, §2.3.7), though the listing of §8.7.1 prints caseExact false beside some.
func reference(name, description string, types []string, with ...characteristic) *Attribute {
	a := value(Reference, name, description, append([]characteristic{exact}, with...)...)
	a.ReferenceTypes = types
	return a
}

func complexOf(name, description string, subs []*Attribute, with ...characteristic) *Attribute {
	a := value(Complex, name, description, with...)
	a.SubAttributes = subs
	return a
}

func required(a *Attribute)  { a.Required = true }
func exact(a *Attribute)     { a.CaseExact = true }
func multi(a *Attribute)     { a.MultiValued = true }
func readOnly(a *Attribute)  { a.Mutability = ReadOnly }
func immutable(a *Attribute) { a.Mutability = Immutable }

func writeOnly(a *Attribute) {
	a.Mutability = WriteOnly
	a.Returned = Never
}

func returned(r Returned) characteristic { return func(a *Attribute) { a.Returned = r } }

func unique(u Uniqueness) characteristic { return func(a *Attribute) { a.Uniqueness = u } }

func canonical(values ...string) characteristic {
	return func(a *Attribute) { a.CanonicalValues = values }
}
