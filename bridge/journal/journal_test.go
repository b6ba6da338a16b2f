package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// What stands in the log of one record, at each level.
func TestLog(t *testing.T) {
	before := &ldif.Entry{DN: "uid=mara,dc=example"}
	modify := ldif.Change{Kind: ldif.Modify, DN: before.DN, Mods: []ldif.Mod{
		{Op: ldif.ReplaceValues, Name: "userPassword", Values: []string{"hunter2"}},
		{Op: ldif.AddValues, Name: "title", Values: []string{"cook"}},
	}}
	rename := ldif.Change{Kind: ldif.ModifyDN, DN: before.DN, NewRDN: "uid=maria"}
	plan := ldif.Plan{
		Before:  before,
		Steps:   []ldif.Step{{Change: modify, Before: before}, {Change: rename, Before: before}},
		Effects: []ldif.Effect{{Kind: ldif.PasswordSet, DN: before.DN}, {Kind: ldif.Renamed, DN: before.DN}},
	}
	answer := func(r reason.Reason) error {
		return &directory.Error{Reason: r, Diagnostic: "what it says", Cause: errors.New("gone")}
	}
	receipt := func(first, second ldif.State, err error) ldif.Receipt {
		r := ldif.Receipt{Plan: plan, Steps: []ldif.StepReceipt{{State: first}, {State: second}}, Err: err}
		for i, step := range plan.Steps {
			if r.Steps[i].State != ldif.NotSent {
				r.Steps[i].Sent = step.Change
			}
		}
		return r
	}
	const half = "password set uid=mara,dc=example"
	for name, c := range map[string]struct {
		receipt ldif.Receipt
		level   slog.Level // of the line
		message string
		reason  string
		effects string
		ldif    []string // whatever the level
	}{
		"written": {receipt(ldif.Done, ldif.Done, nil), slog.LevelInfo, "written", "", plan.Words(), nil},
		"refused": {receipt(ldif.TakenBack, ldif.Refused, answer(reason.Invalid)), slog.LevelInfo, "refused", "invalid", "", nil},
		"lost":    {receipt(ldif.Refused, ldif.NotSent, answer(reason.LostRace)), slog.LevelInfo, "refused", "lost-race", "", nil},
		"unknown": {receipt(ldif.Unknown, ldif.NotSent, answer(reason.Unknown)), slog.LevelWarn, "not confirmed", "unknown", "", nil},
		"unavailable": {
			receipt(ldif.NotSent, ldif.NotSent, answer(reason.Unavailable)), slog.LevelWarn, "not confirmed", "unavailable", "", nil,
		},
		"failed": {receipt(ldif.Refused, ldif.NotSent, answer(reason.Failed)), slog.LevelWarn, "not confirmed", "failed", "", nil},
		"unknown, half way": {
			receipt(ldif.Done, ldif.Unknown, answer(reason.Unknown)), slog.LevelError, "half done", "unknown", half,
			[]string{"# done\n", "# unknown\n", "newrdn"},
		},
		"half done": {
			receipt(ldif.Stands, ldif.Refused, answer(reason.PartlyDone)), slog.LevelError, "half done", "half-done", half,
			[]string{"# stands\n", "title: cook", "# refused\n", "newrdn: uid=maria"},
		},
		"half done at once": {
			receipt(ldif.Stands, ldif.NotSent, answer(reason.PartlyDone)), slog.LevelError, "half done", "half-done", half,
			[]string{"# stands\n", "title: cook"},
		},
	} {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			var b bytes.Buffer
			Log(slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: level})))(Record{
				RequestID: "r-1", Caller: "entra", Operation: "patch", Type: "User", ID: "7", Receipt: c.receipt,
			})
			line := b.String()
			if (line != "") != (c.level >= level) {
				t.Errorf("%s at %s: %q", name, level, line)
			}
			if line == "" {
				continue
			}
			if strings.Count(line, "\n") != 1 || strings.Contains(line, "hunter2") {
				t.Errorf("%s: %s", name, line)
			}
			got := map[string]string{}
			if err := json.Unmarshal(b.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			text, shown := got["ldif"]
			if shown != (level == slog.LevelDebug || c.level == slog.LevelError) {
				t.Errorf("%s at %s: LDIF %q", name, level, text)
			}
			if c.ldif == nil && shown {
				c.ldif = []string{"title: cook", "newrdn"}
			}
			for _, part := range c.ldif {
				if shown && !strings.Contains(text, part) {
					t.Errorf("%s: no %q in %s", name, part, text)
				}
			}
			want := map[string]string{
				"level": c.level.String(), "msg": c.message,
				"request": "r-1", "caller": "entra", "operation": "patch", "type": "User", "id": "7",
				"dn": before.DN, "effects": c.effects, "wanted": plan.Words(), "reason": c.reason,
			}
			if c.receipt.Err == nil {
				want["wanted"] = ""
			}
			for key, value := range want {
				if got[key] != value {
					t.Errorf("%s: %s is %q in %s", name, key, got[key], line)
				}
			}
			if strings.Contains(got["error"], "what it says") != (c.receipt.Err != nil) {
				t.Errorf("%s: error %q", name, got["error"])
			}
		}
	}
}

// What is not known has no place in the line: a new entry has no id, and a plan may have no effects yet.
func TestLogLeavesOutWhatIsEmpty(t *testing.T) {
	var b bytes.Buffer
	change := ldif.Change{Kind: ldif.Add, DN: "uid=x"}
	receipt := ldif.NewReceipt(ldif.Plan{Steps: []ldif.Step{{Change: change}}})
	receipt.Steps[0] = ldif.StepReceipt{Sent: change, State: ldif.Done}
	Log(slog.New(slog.NewJSONHandler(&b, nil)))(Record{Operation: "create", Type: "User", Receipt: receipt})
	var got map[string]string
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	if len(got) != 5 || got["dn"] != "uid=x" || got["msg"] != "written" {
		t.Errorf("%v", got)
	}
}

// A write that found everything as it is wanted did nothing, and its line says so.
func TestLogOfNothingDone(t *testing.T) {
	var b bytes.Buffer
	before := &ldif.Entry{DN: "cn=g"}
	change := ldif.Change{Kind: ldif.Modify, DN: "cn=g", Mods: []ldif.Mod{
		{Op: ldif.DeleteValues, Name: "member", Values: []string{"uid=x"}, Settled: true},
	}}
	receipt := ldif.NewReceipt(ldif.Plan{
		Before: before, Steps: []ldif.Step{{Change: change, Before: before}},
		Effects: []ldif.Effect{{Kind: ldif.MembersRemoved, DN: "cn=g", Values: []string{"uid=x"}}},
	})
	change.Mods = nil
	receipt.Steps[0] = ldif.StepReceipt{Sent: change, State: ldif.Done}
	Log(slog.New(slog.NewJSONHandler(&b, nil)))(Record{Operation: "patch", Receipt: receipt})
	var got map[string]string
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got["msg"] != "nothing to change" || got["effects"] != "" || got["wanted"] != "members removed 1 cn=g (uid=x)" {
		t.Errorf("%v", got)
	}
}
