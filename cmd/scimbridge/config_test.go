package main

import (
	"encoding/json"
	"testing"

	"scimbridge/config"
)

func TestConfigPrints(t *testing.T) {
	code, text, _ := program(t, nil, "config", "--example")
	if code != exitOK || text != config.Example() {
		t.Errorf("%d: %s", code, text)
	}
	code, text, _ = program(t, nil, "config", "--schema")
	if code != exitOK || text != config.Schema() || !json.Valid([]byte(text)) {
		t.Errorf("%d: %s", code, text)
	}
}
