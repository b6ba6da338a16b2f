package directory

import (
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
		state  ldif.State
	}{
		"answered":          {nil, 0, ldif.TakenBack},
		"refused":           {[]memdir.Fault{refused}, 0, ldif.Stands},
		"done":              {[]memdir.Fault{heard}, 1, ldif.TakenBack},
		"not done":          {[]memdir.Fault{lost}, 2, ldif.TakenBack},
		"not done, done":    {[]memdir.Fault{lost, heard}, 3, ldif.TakenBack},
		"not done, refused": {[]memdir.Fault{lost, refused}, 3, ldif.Stands},
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
					looks.Add(1)
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
			if receipt.Steps[0].State != c.state || looks.Load() != c.looks {
				t.Errorf("it is %s after %d looks: %v", receipt.Steps[0].State, looks.Load(), receipt.Err)
			}
		})
	}
}
