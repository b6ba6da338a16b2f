package directory

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
)

// TestStoodStill: a bridge whose machine stands still between two steps of a plan that keeps references true does not go on: others may
// have put right what it left.
func TestStoodStill(t *testing.T) {
	for name, c := range map[string]struct {
		stands time.Duration
		want   reason.Reason
		sent   int
	}{
		"a moment": {stands: time.Second, want: reason.None, sent: 2},
		"long":     {stands: time.Minute, want: reason.LostRace, sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{}
				client := network{"a": p}.client(t, "a")
				defer client.Close()
				client.Observe(func(_ context.Context, e Exchange) {
					if e.Operation == "modify" {
						time.Sleep(c.stands)
					}
				})
				plan := modifyMail("uid=ada")
				plan.Steps = append(plan.Steps, modifyMail("uid=bo").Steps...)
				plan.Steps[0].Stays = true
				plan.Steps[0].Keeps.ID = "ada"
				wantReason(t, client.Execute(t.Context(), plan, nil).Err, c.want)
				if n := p.count(ldap.ApplicationModifyRequest); n != c.sent {
					t.Errorf("%d came", n)
				}
			})
		})
	}
}
