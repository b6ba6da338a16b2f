package memdir

import (
	_ "embed"
	"fmt"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// DefaultSchema is the schema where Options names none: people and groups as a plain OpenLDAP has them, and scimbridge's own two classes.
// A schema of one's own may be written behind it.
//
//go:embed default.schema
var DefaultSchema string

// systemSchema is what the server itself needs, ahead of any schema.
//
//go:embed system.schema
var systemSchema string

// schema is the subschema with the texts that the server publishes.
type schema struct {
	*ldif.Subschema
	attributeTypes []string
	objectClasses  []string
}

// parseSchema reads the format of OpenLDAP's schema files: `attributetype` and `objectclass` statements with comments and folded lines.
func parseSchema(text string) (*schema, error) {
	s := &schema{}
	var statements []string
	for number, line := range strings.Split(systemSchema+"\n"+text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if len(statements) == 0 {
				return nil, fmt.Errorf("schema line %d: a continuation of nothing", number+1)
			}
			statements[len(statements)-1] += " " + strings.TrimSpace(line)
		default:
			statements = append(statements, line)
		}
	}
	for _, statement := range statements {
		keyword, definition, _ := strings.Cut(statement, " ")
		definition = strings.TrimSpace(definition)
		switch strings.ToLower(keyword) {
		case "attributetype", "attributetypes:":
			s.attributeTypes = append(s.attributeTypes, definition)
		case "objectclass", "objectclasses:":
			s.objectClasses = append(s.objectClasses, definition)
		default:
			return nil, fmt.Errorf("schema: %q is neither attributetype nor objectclass", keyword)
		}
	}
	var err error
	if s.Subschema, err = ldif.ParseSubschema(s.attributeTypes, s.objectClasses); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return s, nil
}
