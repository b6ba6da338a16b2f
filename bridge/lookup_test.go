package bridge_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
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
			found, first := a.lookedUp(t, "r")
			if got := statesOf(found.Receipt); got != c.states || journal.OutcomeOf(found.Receipt) != c.outcome {
				t.Errorf("found %s (%s), want %s (%s) of\n%s", got, journal.OutcomeOf(found.Receipt), c.states, c.outcome, first.Plan)
			}
		})
	}
}

// TestLookUpOfWhoWasTakenOut: who is taken out of a group by the old name while he gets a new one is let go of by the new one too. Where
// the group holds neither, either may be what the bridge that died took out.
func TestLookUpOfWhoWasTakenOut(t *testing.T) {
	a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
	id := a.user(t, "before")
	a.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+a.user(t, "other")+`"}]}`)
	admin := a.server.Connect(t)
	a.at("modrdn", 0, memdir.Fault{}, func() {
		request := ldap.NewModifyRequest("cn=G,"+a.server.Groups, nil)
		request.Delete("member", []string{"uid=before," + a.server.People})
		if err := admin.Modify(request); err != nil {
			t.Error(err)
		}
	})
	rename := `{"op":"replace","path":"userName","value":"after"}`
	if _, err := a.patch(t, bridge.Call{RequestID: "r"}, "User", id, rename); err != nil {
		t.Fatal(err)
	}
	found, first := a.lookedUp(t, "r")
	if got, want := statesOf(found.Receipt), "done, unknown, done, unknown"; got != want {
		t.Errorf("found %s, want %s of\n%s\nand it is\n%s", got, want, first.Plan, first.Done.Receipt.LDIF())
	}
}

// TestLookUpOfWhatWasSo: a group that holds the new name already, as a bridge that was not answered left it so, and began again, is marked:
// what came behind it is found out as ever.
func TestLookUpOfWhatWasSo(t *testing.T) {
	for drop, want := range map[memdir.Drop]string{
		memdir.DropAfter:  "done, done, done, unknown",
		memdir.DropBefore: "done, done, not sent, not sent",
	} {
		a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
		id := a.user(t, "before")
		a.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+a.user(t, "other")+`"}]}`)
		request := ldap.NewModifyRequest("cn=G,"+a.server.Groups, nil)
		request.Add("member", []string{"uid=after," + a.server.People})
		if err := a.server.Connect(t).Modify(request); err != nil {
			t.Fatal(err)
		}
		lost := memdir.Fault{Drop: memdir.DropBefore}
		a.faults(map[string]memdir.Fault{"modrdn 0": {Drop: drop}, "search after": lost, "modify after": lost, "bind after": lost})
		rename := `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"userName","value":"after"}`
		_, err := a.patch(t, bridge.Call{RequestID: "r"}, "User", id, rename)
		a.server.Mem.Fault(nil)
		t.Log(err)
		found, _ := a.lookedUp(t, "r")
		if got := statesOf(found.Receipt); got != want || found.Receipt.Steps[1].Sent.Alters() {
			t.Errorf("found %s, want %s of\n%s", got, want, found.Receipt.LDIF())
		}
	}
}

// TestLookUpOfWhatIsUnderWay: what a bridge sent as it died may be done behind the first look.
func TestLookUpOfWhatIsUnderWay(t *testing.T) {
	a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
	id := a.user(t, "mara")
	a.faults(map[string]memdir.Fault{"modify 0": {Code: 50, Text: "no"}})
	_, err := a.patch(t, bridge.Call{RequestID: "r"}, "User", id, `{"op":"replace","path":"title","value":"x"}`)
	t.Log(err)
	_, all := a.accounts(t, "r")
	admin := a.server.Connect(t)
	a.at("search", 1, memdir.Fault{}, func() {
		request := ldap.NewModifyRequest("uid=mara,"+a.server.People, nil)
		request.Replace("title", []string{"x"})
		if err := admin.Modify(request); err != nil {
			t.Error(err)
		}
	})
	found, err := bridge.LookUp(a.Bridge, t.Context(), all[0].Intent, nil)
	if got := journal.OutcomeOf(found.Receipt); err != nil || got != journal.Written {
		t.Errorf("found %s: %v", got, err)
	}
}

// TestLookUpBehindARefusal: that the directory refuses what stops nothing says nothing of what comes behind it.
func TestLookUpBehindARefusal(t *testing.T) {
	a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)), func(users *compile.Options) {
		users.Active = []compile.ActiveOptions{{Attribute: "employeeType", Blocked: "blocked"}}
		users.OnBlock.LeaveGroups = true
	})
	id := a.user(t, "mara")
	for _, name := range []string{"G", "H"} {
		a.create(t, "Group", `{"displayName":"`+name+`","members":[{"value":"`+id+`"},{"value":"`+a.user(t, "in"+name)+`"}]}`)
	}
	a.faults(map[string]memdir.Fault{"modify 1": {Code: 50, Text: "no"}})
	_, err := a.patch(t, bridge.Call{RequestID: "r"}, "User", id, `{"op":"replace","path":"active","value":false}`)
	a.server.Mem.Fault(nil)
	t.Log(err)
	found, first := a.lookedUp(t, "r")
	if got, want := statesOf(found.Receipt), "done, not sent, done"; got != want {
		t.Errorf("found %s, want %s of\n%s", got, want, first.Done.Receipt.LDIF())
	}
}

// statesOf are the states of a receipt's steps.
func statesOf(r ldif.Receipt) string {
	var states []string
	for _, s := range r.Steps {
		states = append(states, s.State.String())
	}
	return strings.Join(states, ", ")
}

// TestLookUpWithinASecond: a version with a grain of a second says nothing of a change in the second in which the entry was read.
func TestLookUpWithinASecond(t *testing.T) {
	for operation, outcome := range map[string]journal.Outcome{
		`{"op":"replace","path":"title","value":"x"}`:          journal.Written,
		`{"op":"replace","path":"password","value":"hunter2"}`: journal.Unknown,
		`{"op":"replace","path":"title","value":"refused"}`:    journal.NotSent,
	} {
		s := storetest.Open(t, storetest.SQLite(t))
		l, err := journal.Open(s, journal.Options{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.Shut)
		server := dirtest.Memory(t, func(o *memdir.Options) { o.Clock = func() time.Time { return time.Unix(1, 0) } })
		d, err := directory.New(directory.Options{
			URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password},
			Version: "modifyTimestamp",
		}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		a := accounting{buildOn(t, server, bridge.Options{Ledger: l, Directory: d}, usersAndGroups(server)...), s, l}
		id := a.user(t, "mara")
		if outcome == journal.NotSent {
			a.faults(map[string]memdir.Fault{"modify 0": {Code: 50, Text: "no"}})
		}
		_, err = a.patch(t, bridge.Call{RequestID: "r"}, "User", id, operation)
		a.server.Mem.Fault(nil)
		t.Log(err)
		_, all := a.accounts(t, "r")
		found, err := bridge.LookUp(a.Bridge, t.Context(), all[0].Intent, nil)
		if got := journal.OutcomeOf(found.Receipt); err != nil || got != outcome {
			t.Errorf("%s: %s (%v), want %s", operation, got, err, outcome)
		}
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
		found, err := bridge.LookUp(a.Bridge, t.Context(), all[0].Intent, nil)
		if got := journal.OutcomeOf(found.Receipt); err != nil || got != want {
			t.Errorf("found %s, want %s: %v", got, want, err)
		}
		if want == journal.Written {
			if _, err := a.Delete(t.Context(), bridge.Call{}, "User", result.Resource["id"].(string)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestLookUpBesideOthers: a client that was not answered sends its request again, to another bridge. What that did is not taken for what
// the one that died had begun.
func TestLookUpBesideOthers(t *testing.T) {
	const rename = `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"userName","value":"after"}`
	for name, c := range map[string]struct {
		operation string // PATCH of the user; "": DELETE; "create": of another; "members": he is added to a group
		meanwhile func(o *journal.Other)
		states    string
	}{
		"changed by another": {`{"op":"replace","path":"title","value":"x"}`, nil, "not sent"},
		"changed, maybe by another": {
			`{"op":"replace","path":"title","value":"x"}`, func(o *journal.Other) { o.Sure = false }, "unknown",
		},
		"another changed it later": {
			`{"op":"replace","path":"title","value":"x"}`, func(o *journal.Other) { o.Change.If.Version = "later" }, "unknown",
		},
		"another changed something else": {
			`{"op":"replace","path":"title","value":"x"}`,
			func(o *journal.Other) { o.Change.Mods[0].Values = []string{"y"} },
			"done",
		},
		"renamed by another": {rename, nil, "not sent, not sent, not sent, not sent"},
		"another renamed it after what went ahead": {rename, func(o *journal.Other) {
			if o.Change.Kind != ldif.ModifyDN {
				o.Change.DN, o.Change.If.ID = "cn=other", "other"
			}
		}, "done, done, not sent, not sent"},
		"deleted by another": {"", func(o *journal.Other) {
			if o.Change.Kind != ldif.Delete {
				o.Change.DN, o.Change.If.ID = "cn=other", "other"
			}
		}, "done, not sent"},
		"created by another":      {"create", nil, "not sent"},
		"another had created one": {"create", func(o *journal.Other) { o.Made = "before" }, "done"},
		"added by another":        {"members", nil, "unknown"},
		"another changed the group, who may have been in before": {
			"members", func(o *journal.Other) { o.Change.Mods[0].Values = []string{"cn=x"} }, "unknown",
		},
		"another had changed the group before it was looked at": {
			"members", func(o *journal.Other) {
				o.Change.Mods[0].Values = []string{"cn=x"}
				o.Left = &ldif.Entry{Attributes: []ldif.Attribute{{Name: "entryCSN", Values: []string{"20200101"}}}}
			}, "done",
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
			id := a.user(t, "before")
			group := a.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+a.user(t, "other")+`"}]}`)
			third := a.user(t, "third")
			call := bridge.Call{RequestID: "r"}
			var err error
			switch c.operation {
			case "":
				_, err = a.Delete(t.Context(), call, "User", id)
			case "create":
				_, err = a.Create(t.Context(), call, "User", []byte(`{"userName":"mara"}`), bridge.View{})
			case "members":
				_, err = a.patch(t, call, "Group", group.Resource["id"].(string),
					`{"op":"add","path":"members","value":[{"value":"`+third+`"}]}`)
			default:
				_, err = a.patch(t, call, "User", id, c.operation)
			}
			if err != nil {
				t.Fatal(err)
			}
			_, all := a.accounts(t, "r")
			var others []journal.Other
			for _, s := range all[0].Plan.Steps {
				o := journal.Other{Change: s.Change, Sure: true}
				o.Change.Mods = slices.Clone(s.Change.Mods)
				for n, m := range o.Change.Mods {
					o.Change.Mods[n].Values = slices.Clone(m.Values)
				}
				if o.Change.Kind == ldif.Add {
					o.Made = all[0].Done.ID
				}
				if c.meanwhile != nil {
					c.meanwhile(&o)
				}
				others = append(others, o)
			}
			found, err := bridge.LookUp(a.Bridge, t.Context(), all[0].Intent, others)
			if err != nil {
				t.Fatal(err)
			}
			if got := statesOf(found.Receipt); got != c.states {
				t.Errorf("found %s, want %s of\n%s", got, c.states, all[0].Plan)
			}
		})
	}
}

// lookedUp is what is found out of a request's first intent, and its record.
func (a accounting) lookedUp(t *testing.T, request string) (found journal.Done, first journal.Account) {
	t.Helper()
	_, all := a.accounts(t, request)
	found, err := bridge.LookUp(a.Bridge, t.Context(), all[0].Intent, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found, all[0]
}
