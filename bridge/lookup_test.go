package bridge_test

import (
	"strings"
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
)

// TestLookUp: what is found out of an intent whose receipt never came, by what the directory shows: each step that was done, each that
// cannot have been, and of which nobody can tell.
func TestLookUp(t *testing.T) {
	const rename = `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"userName","value":"after"}`
	refuse := func(code uint16) memdir.Fault { return memdir.Fault{Code: code, Text: "no"} }
	lost := memdir.Fault{Drop: memdir.DropBefore}
	for name, c := range map[string]struct {
		operation string // PATCH of the user; "": DELETE
		faults    map[string]memdir.Fault
		states    string
		outcome   journal.Outcome
	}{
		"changed": {`{"op":"replace","path":"title","value":"x"}`, nil, "done", journal.Written},
		"not changed": {
			`{"op":"replace","path":"title","value":"x"}`, map[string]memdir.Fault{"modify 0": refuse(50)}, "not sent", journal.NotSent,
		},
		"renamed": {rename, nil, "done, done, done, done", journal.Written},
		"not renamed": {
			rename, map[string]memdir.Fault{"modify 0": refuse(50)}, "not sent, not sent, not sent, not sent", journal.NotSent,
		},
		"in between": {
			rename,
			map[string]memdir.Fault{"modrdn 0": lost, "search after": lost, "modify after": lost, "bind after": lost},
			"done, done, not sent, not sent", journal.HalfDone,
		},
		"password":    {`{"op":"replace","path":"password","value":"hunter2"}`, nil, "unknown", journal.Unknown},
		"deleted":     {"", nil, "done, done", journal.Written},
		"not deleted": {"", map[string]memdir.Fault{"modify 0": refuse(50)}, "not sent, not sent", journal.NotSent},
	} {
		t.Run(name, func(t *testing.T) {
			a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
			id := a.user(t, "before")
			a.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+a.user(t, "other")+`"}]}`)
			a.faults(c.faults)
			call := bridge.Call{RequestID: "r"}
			var err error
			if c.operation != "" {
				_, err = a.patch(t, call, "User", id, c.operation)
			} else {
				_, err = a.Delete(t.Context(), call, "User", id)
			}
			a.server.Mem.Fault(nil)
			t.Log(err)
			_, all := a.accounts(t, "r")
			receipt, err := bridge.LookUp(a.Bridge, t.Context(), all[0].Intent)
			if err != nil {
				t.Fatal(err)
			}
			var states []string
			for _, s := range receipt.Steps {
				states = append(states, s.State.String())
			}
			if got := strings.Join(states, ", "); got != c.states || journal.OutcomeOf(receipt) != c.outcome {
				t.Errorf("found %s (%s), want %s (%s) of\n%s", got, journal.OutcomeOf(receipt), c.states, c.outcome, all[0].Plan)
			}
		})
	}
}

// TestLookUpOfCreate: a new entry is known by what it shows, and one that is not there was not made.
func TestLookUpOfCreate(t *testing.T) {
	a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
	result, err := a.Create(t.Context(), bridge.Call{RequestID: "r"}, "User", []byte(`{"userName":"mara"}`), bridge.View{})
	if err != nil {
		t.Fatal(err)
	}
	_, all := a.accounts(t, "r")
	for _, want := range []journal.Outcome{journal.Written, journal.NotSent} {
		receipt, err := bridge.LookUp(a.Bridge, t.Context(), all[0].Intent)
		if got := journal.OutcomeOf(receipt); err != nil || got != want {
			t.Errorf("found %s, want %s: %v", got, want, err)
		}
		if want == journal.Written {
			if _, err := a.Delete(t.Context(), bridge.Call{}, "User", result.Resource["id"].(string)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
