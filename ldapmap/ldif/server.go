package ldif

// Server is what a directory told about itself on first contact: its root DSE and its subschema, and the traits of the product that it is.
type Server struct {
	*Traits
	Controls map[string]bool // announced control OIDs
	Contexts []string        // namingContexts
	Default  string          // defaultNamingContext, or ""
	Instance string          // the invocationId of the server that answers, in hex, where versions count for it alone
	Schema   *Subschema
}
