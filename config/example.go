package config

import (
	_ "embed"
	"strings"
)

//go:embed doc.go
var comment string

//go:embed schema.json
var schema string

// Example is the complete commented configuration, as the package's comment shows it.
func Example() string {
	var text strings.Builder
	for line := range strings.Lines(comment) {
		switch shown, isShown := strings.CutPrefix(line, "//\t"); {
		case isShown:
			text.WriteString(shown)
		case line == "//\n" && text.Len() > 0:
			text.WriteString("\n")
		}
	}
	return text.String()
}

// Schema is the JSON Schema of the configuration file (draft 2020-12). It is made from the structs that the file is read into.
func Schema() string { return schema }
