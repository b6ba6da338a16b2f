package bridge_test

import (
	"sync/atomic"
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestNotDoneOnRecord: what no answer came for, and does not show, was not done, and the journal says so; but where another has changed the
// entry since, and may have turned it round, it says that nobody knows.
func TestNotDoneOnRecord(t *testing.T) {
	const (
		title  = `{"op":"replace","path":"title","value":"later"}`
		before = `{"op":"replace","path":"title","value":"cook"}`
		mail   = `{"op":"replace","path":"emails","value":[{"type":"work","value":"mara@contoso.example"}]}`
		rename = `{"op":"replace","path":"userName","value":"mara2"}`
		back   = `{"op":"replace","path":"userName","value":"mara"}`
	)
	for name, c := range map[string]struct {
		does      string
		heard     bool // the directory has heard of it the first time
		meanwhile string
		want      ldif.State // of the first
	}{
		"not heard of":                     {title, false, "", ldif.NotSent},
		"turned round":                     {title, true, before, ldif.Unknown},
		"beside another":                   {title, false, mail, ldif.Unknown},
		"renamed, not heard of":            {rename, false, "", ldif.NotSent},
		"renamed, and back":                {rename, true, back, ldif.Unknown},
		"renamed, not heard of, beside it": {rename, false, mail, ldif.NotSent},
	} {
		t.Run(name, func(t *testing.T) {
			a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
			mara := a.user(t, "mara")
			change := func(request, operation string) {
				if _, err := a.patch(t, bridge.Call{RequestID: request}, "User", mara, operation); err != nil {
					t.Error(err)
				}
			}
			change("first", before)
			op, drop := "modify", memdir.DropBefore
			if c.does == rename {
				op = "modrdn"
			}
			if c.heard {
				drop = memdir.DropAfter
			}
			a.at(op, 0, memdir.Fault{Drop: drop}, func() {
				a.at("search", 0, memdir.Fault{}, func() {
					if c.meanwhile != "" {
						change("other", c.meanwhile)
					}
				})
			})
			change("r", c.does)
			_, all := a.accounts(t, "r")
			if len(all) != 2 || all[1].Outcome != journal.Written {
				t.Fatalf("it is on record as\n%s", recorded(all))
			}
			first := all[0].Done.Receipt.Steps
			if got := first[len(first)-1].State; got != c.want {
				t.Errorf("%s, want %s:\n%s", got, c.want, recorded(all))
			}
		})
	}
}

// TestMayStandOnRecord: of a change whose inverse no answer came for, and that cannot be read, the journal says that nobody knows.
func TestMayStandOnRecord(t *testing.T) {
	a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
	mara := a.user(t, "mara")
	var modifies atomic.Int32
	a.server.Mem.Fault(func(op, _ string) memdir.Fault {
		switch {
		case op == "modrdn":
			return memdir.Fault{Code: 53}
		case op == "modify" && modifies.Add(1) == 2:
			return memdir.Fault{Drop: memdir.DropAfter}
		case op == "search" && modifies.CompareAndSwap(2, 3):
			return memdir.Fault{Code: 50}
		}
		return memdir.Fault{}
	})
	_, err := a.patch(t, bridge.Call{RequestID: "r"}, "User", mara, `{"op":"replace","value":{"userName":"noor","title":"cook"}}`)
	if why := bridge.Explain(err).Reason; why != reason.PartlyDone {
		t.Errorf("the client is told %s: %v", why, err)
	}
	_, all := a.accounts(t, "r")
	if len(all) != 1 || all[0].Outcome != journal.Unknown || all[0].Done.Receipt.Steps[0].State != ldif.Unknown {
		t.Errorf("it is on record as\n%s", recorded(all))
	}
}
