package ldif

// Reference is a value by which an entry refers to another.
type Reference struct {
	ID, DN           string // of the entry that holds it
	Attribute, Value string
}
