package journal_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// BenchmarkWrite is what the journal adds to a write, 16 at a time: an intent that is waited for, and its receipt.
func BenchmarkWrite(b *testing.B) {
	s := storetest.Open(b, storetest.SQLite(b))
	l := open(b, s, journal.Options{})
	defer l.Shut()
	const atATime = 16
	turns := make(chan int)
	var all sync.WaitGroup
	for range atATime {
		all.Go(func() {
			for n := range turns {
				i, r := blocking(n)
				entry, err := l.Begin(b.Context(), i, nil)
				if err != nil {
					b.Error(err)
					continue
				}
				if err := <-entry.Close(journal.Done{Receipt: r, Took: time.Millisecond, Status: 200}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		turns <- n
	}
	close(turns)
	all.Wait()
}

// blocking is a user who is blocked as an identity provider does it, and what came of it.
func blocking(n int) (journal.Intent, ldif.Receipt) {
	id := fmt.Sprintf("%08x-5f7e-1040-9c4b-%012x", uint32(n%64)*2654435761, n%64)
	name := fmt.Sprintf("user-%d", n%64)
	e := &ldif.Entry{DN: "uid=" + name + ",ou=people,dc=example,dc=org"}
	for attribute, value := range map[string]string{
		"uid": name, "cn": "Bench Mark", "sn": "Mark", "givenName": "Bench", "displayName": "Bench Mark", "title": "Clerk",
		"mail": name + "@example.org", "scimExternalId": strings.Repeat(id[:8], 4), "entryUUID": id,
		"entryCSN": "20270131120000.123456Z#000000#000#000000", "telephoneNumber": "+49 30 123456", "departmentNumber": "7",
	} {
		e.Attributes = append(e.Attributes, ldif.Attribute{Name: attribute, Values: []string{value}})
	}
	change := ldif.Change{
		Kind: ldif.Modify, DN: e.DN, If: ldif.Condition{ID: id, Version: "20270131120000.123456Z#000000#000#000000"},
		Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "pwdAccountLockedTime", Values: []string{"000001010000Z"}}},
	}
	back := ldif.Change{Kind: ldif.Modify, DN: e.DN, Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "pwdAccountLockedTime"}}}
	plan := ldif.Plan{
		Before: e, Steps: []ldif.Step{{Change: change, Inverse: &back, Before: e}},
		Effects: []ldif.Effect{{Kind: ldif.Blocked, DN: e.DN, ID: id}},
	}
	r := ldif.NewReceipt(plan)
	r.Steps[0] = ldif.StepReceipt{Sent: change, State: ldif.Done, Left: e}
	return journal.Intent{
		RequestID: fmt.Sprintf("%032x", uint64(n)*11400714819323198485), Caller: "entra", Client: "192.0.2.7", Operation: "patch",
		Type: "User", ID: id, Name: name, DN: e.DN, Plan: plan,
		Body: []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],` +
			`"Operations":[{"op":"Replace","path":"active","value":"False"}]}`),
	}, r
}
