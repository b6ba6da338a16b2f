package soak

import (
	"bytes"
	"slices"
	"testing"
)

// TestNoStoreOfOthers: a run has none but its own store, whatever the example's file and the environment of who runs it name.
func TestNoStoreOfOthers(t *testing.T) {
	const theMap, theLog = "resources:\n  - type: User\n", "log: {level: info}\n"
	for name, store := range map[string]string{
		"in a line": "store: {file: /tmp/theirs.db}\n",
		"in lines":  "store:\n  url: postgres://them@localhost/theirs\n\tpasswordFile: p\n",
		"none":      "",
	} {
		if text := withoutStore([]byte(theMap + store + theLog)); !bytes.Equal(text, []byte(theMap+theLog)) {
			t.Errorf("%s: %s", name, text)
		}
	}
	if text := withoutStore([]byte(theMap + "store: {file: /tmp/theirs.db}")); !bytes.Equal(text, []byte(theMap)) {
		t.Errorf("at the end: %s", text)
	}
	environ := []string{"SCIMBRIDGE_STORE_FILE=/tmp/theirs.db", "STATE_DIRECTORY=/tmp", "PATH=/bin", "SCIMBRIDGE_ADMIN_ADDRESS=:9090"}
	if left := notConfiguring(environ); !slices.Equal(left, []string{"PATH=/bin"}) {
		t.Error(left)
	}
}
