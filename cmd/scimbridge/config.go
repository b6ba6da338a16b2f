package main

import (
	"fmt"

	"scimbridge/config"
)

type configCommand struct {
	Example bool `required:"" xor:"what" help:"Print the complete configuration, with a comment for each key."`
	Schema  bool `required:"" xor:"what" help:"Print the JSON Schema by which an editor completes and checks one."`
}

// Help shows how to use it.
func (configCommand) Help() string {
	return `Examples:

  scimbridge config --example > scimbridge.yaml
  scimbridge config --schema > scimbridge.schema.json

The first line of the example names the schema for editors. The README of the folder config has a table of all keys.`
}

func (c configCommand) Run(w *world) error {
	text := config.Example()
	if c.Schema {
		text = config.Schema()
	}
	_, err := fmt.Fprint(w.stdout, text)
	return err
}
