package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/bridge/store/storetest"
)

// TestCommandsOfTheStoreAlone: commands that speak to the store alone need no other secret at hand, and no more of the configuration to be
// sound; what is wrong with the store's section they tell.
func TestCommandsOfTheStoreAlone(t *testing.T) {
	o := storetest.SQLite(t)
	holding(t, storetest.Open(t, o))
	file := filepath.Join(t.TempDir(), "scimbridge.yaml")
	configured := func(more string) {
		t.Helper()
		text := `
listen: {tls: {certificate: gone.pem, key: gone.key}}
directory: {urls: ["ldaps://dc.corp.example"], bind: {dn: "cn=bridge", passwordFile: gone.password}, unknown: true}
resources: [{type: User}]
access: {tokensFile: gone.yaml}
webhook: {url: "https://hooks.corp.example", keyFile: gone.key}
` + more
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sound := "store: {file: " + o.File + "}\n"
	configured(sound)
	for _, line := range []string{
		"hold list", "token list", "token new hr", "token revoke hr", "journal list", "journal export", "journal verify",
	} {
		code, stdout, stderr := program(t, nil, append(strings.Fields(line), "--config", file)...)
		if code != exitOK || stderr != "" {
			t.Errorf("%s: exit code %d, %s%s", line, code, stdout, stderr)
		}
	}
	code, _, stderr := program(t, nil, "undo", "1-1", "--config", file)
	if code != exitFault || !strings.Contains(stderr, "gone.password") {
		t.Errorf("undo: exit code %d, %s", code, stderr)
	}
	for more, want := range map[string]string{
		"stroe: {file: x.db}\n":            "did you mean store?",
		"store: {flie: x.db}\n":            "store.flie",
		sound + "guard: [":                 "is not YAML",
		"store: {url: \"postgres://h/d\"}": "store.url",
		"":                                 "names no store",
	} {
		configured(more)
		code, _, stderr := program(t, nil, "hold", "list", "--config", file)
		if code != exitFault || !strings.Contains(stderr, want) || strings.Contains(stderr, "gone") {
			t.Errorf("%q: exit code %d, %s, want %s", more, code, stderr, want)
		}
	}
}

// TestTypeOfAnEarlierMap: records of a type that the map has no more are found by it.
func TestTypeOfAnEarlierMap(t *testing.T) {
	o := storetest.SQLite(t)
	holding(t, storetest.Open(t, o), "mara")
	file := filepath.Join(t.TempDir(), "scimbridge.yaml")
	if err := os.WriteFile(file, []byte("resources: [{type: Device}]\nstore: {file: "+o.File+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for typ, want := range map[string]string{"user": "uid=mara", "device": "No record is found.", "Group": "none of Device, token"} {
		_, stdout, stderr := program(t, nil, "journal", "list", "--type", typ, "--config", file)
		if !strings.Contains(stdout+stderr, want) {
			t.Errorf("%s: %s%s, want %s", typ, stdout, stderr, want)
		}
	}
}

// TestListSaysThatThereAreMore than its limit lets it print, whoever reads what it prints.
func TestListSaysThatThereAreMore(t *testing.T) {
	o := storetest.SQLite(t)
	holding(t, storetest.Open(t, o), "mara", "anna")
	file := filepath.Join(t.TempDir(), "scimbridge.yaml")
	if err := os.WriteFile(file, []byte("store: {file: "+o.File+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, lines := range map[string]int{"0": 2, "1": 1, "2": 2, "3": 2} {
		code, stdout, stderr := program(t, nil, "journal", "list", "--json", "--limit="+limit, "--config", file)
		more := strings.Contains(stderr, "the newest 1, and there are more")
		if code != exitOK || strings.Count(stdout, "\n") != lines || more != (limit == "1") {
			t.Errorf("--limit %s: %d\n%s%s", limit, code, stdout, stderr)
		}
	}
}
