package directory

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
)

// TestQueuedWriteIsUnknown: a write that was given up while it stood behind another on a connection, as the server took nothing for a
// while, may be sent yet. It is not told as one that was not.
func TestQueuedWriteIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{script: func(_ *session, m message) bool {
			if m.op == ldap.ApplicationModifyRequest && m.nth == 1 {
				time.Sleep(3 * time.Second)
			}
			return m.op == ldap.ApplicationModifyRequest && m.nth == 2 // which keeps the connection
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		if _, err := c.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 { // one is with the server, and one on its way to it
			go func() { _ = c.Execute(t.Context(), modifyMail("uid=ada"), nil) }()
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantReason(t, c.Execute(ctx, modifyMail("uid=ada"), nil).Err, reason.Unknown)
		time.Sleep(3 * time.Second)
		if n := p.count(ldap.ApplicationModifyRequest); n != 3 {
			t.Errorf("%d came", n)
		}
	})
}
