// Package schematest holds configurations to their JSON Schema, for tests.
package schematest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"scimbridge/config"
)

var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(config.Schema()))
	if err != nil {
		return nil, err
	}
	const name = "schema.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, document); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
})

// Validate says what an editor would mark in the text, a configuration in YAML, or nil.
func Validate(text string) error {
	schema, err := compiled()
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return err
	}
	if decoder.Decode(new(yaml.Node)) == nil {
		return errors.New("a second document begins")
	}
	value, err := valueOf(document.Content[0])
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// valueOf is a node as an editor sees it: a number and a word for true or false are such, all else that is single is a text.
func valueOf(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.AliasNode:
		return valueOf(node.Alias)
	case yaml.MappingNode:
		mapping := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i].Value
			if _, twice := mapping[key]; twice {
				return nil, fmt.Errorf("line %d: %s stands twice", node.Content[i].Line, key)
			}
			value, err := valueOf(node.Content[i+1])
			if err != nil {
				return nil, err
			}
			mapping[key] = value
		}
		return mapping, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			value, err := valueOf(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	switch node.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return node.Value == "true", nil
	case "!!int", "!!float":
		var number any
		err := node.Decode(&number)
		return json.Number(fmt.Sprint(number)), err
	}
	return node.Value, nil
}
