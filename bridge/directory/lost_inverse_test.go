package directory

import (
	"fmt"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// TestLostInverse: what takes a change back, and gets no answer, is looked for, once more where it is not done, and sent once more.
func TestLostInverse(t *testing.T) {
	heard, lost := memdir.Fault{Drop: memdir.DropAfter}, memdir.Fault{Drop: memdir.DropBefore}
	refused := memdir.Fault{Code: 50}
	for name, c := range map[string]struct {
		modify []memdir.Fault
		looks  int32
		unseen int32 // the look that is refused; 0: none
		state  ldif.State
		may    bool // or not
	}{
		"answered":                  {nil, 0, 0, ldif.TakenBack, false},
		"refused":                   {[]memdir.Fault{refused}, 0, 0, ldif.Stands, false},
		"done":                      {[]memdir.Fault{heard}, 1, 0, ldif.TakenBack, false},
		"done, and not seen":        {[]memdir.Fault{heard}, 1, 1, ldif.Stands, true},
		"not done":                  {[]memdir.Fault{lost}, 2, 0, ldif.TakenBack, false},
		"not done, and not seen":    {[]memdir.Fault{lost}, 2, 2, ldif.Stands, true},
		"not done, done":            {[]memdir.Fault{lost, heard}, 3, 0, ldif.TakenBack, false},
		"not done, refused":         {[]memdir.Fault{lost, refused}, 3, 0, ldif.Stands, false},
		"not done, refused, unseen": {[]memdir.Fault{lost, refused}, 3, 3, ldif.Stands, true},
		"not done, not done":        {[]memdir.Fault{lost, lost}, 3, 0, ldif.Stands, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := dirtest.Memory(t)
			client := open(t, s)
			step := modifyMail(person(t, s, "ada")).Steps[0]
			back := step.Change
			back.Mods = []ldif.Mod{{Op: ldif.ReplaceValues, Name: "mail", Values: []string{"old@example.org"}}}
			step.Inverse = &back
			if _, err := client.Server(t.Context()); err != nil {
				t.Fatal(err)
			}
			var sent, looks atomic.Int32
			s.Mem.Fault(func(op, dn string) memdir.Fault {
				switch {
				case op == "search" && dn != "":
					if looks.Add(1) == c.unseen {
						return refused
					}
				case op == "modify":
					if n := int(sent.Add(1)); n <= len(c.modify) {
						return c.modify[n-1]
					}
				}
				return memdir.Fault{}
			})
			receipt := ldif.NewReceipt(ldif.Plan{Steps: []ldif.Step{step, step}})
			receipt.Steps[0] = ldif.StepReceipt{Sent: step.Change, State: ldif.Done}
			receipt = client.RollBack(t.Context(), receipt, "", &Error{Reason: reason.Refused})
			if step := receipt.Steps[0]; step.State != c.state || step.MayStand != c.may || looks.Load() != c.looks {
				t.Errorf("it is %s, or not: %t, after %d looks: %v", step.State, step.MayStand, looks.Load(), receipt.Err)
			}
		})
	}
}

// TestLostPutRight: what takes a change back that found another's value beside its own, and gets no answer, is sent once more.
func TestLostPutRight(t *testing.T) {
	for lost, want := range []struct {
		state ldif.State
		may   bool
		why   reason.Reason
	}{
		{ldif.TakenBack, false, reason.LostRace},
		{ldif.TakenBack, false, reason.LostRace},
		{ldif.Stands, true, reason.PartlyDone},
	} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			s := dirtest.Memory(t, func(o *memdir.Options) { o.Without = []string{controlAssertion} })
			client := open(t, s)
			change := modifyMail(person(t, s, "ada")).Steps[0].Change
			change.Mods[0].Op, change.Mods[0].Values = ldif.AddValues, []string{"mine@example.org"}
			change.If.Found = []ldif.Attribute{{Name: "mail"}} // there is one
			if server, err := client.Server(t.Context()); err != nil || !server.ShowsFound() {
				t.Fatal(err)
			}
			var sent atomic.Int32
			s.Mem.Fault(func(op, _ string) memdir.Fault {
				if op == "modify" {
					if n := int(sent.Add(1)); n > 1 && n <= 1+lost {
						return memdir.Fault{Drop: memdir.DropBefore}
					}
				}
				return memdir.Fault{}
			})
			receipt := client.Execute(t.Context(), steps(change), nil)
			wantReason(t, receipt.Err, want.why)
			if step := receipt.Steps[0]; step.State != want.state || step.MayStand != want.may {
				t.Errorf("it is %s, or not: %t", step.State, step.MayStand)
			}
		})
	}
}
