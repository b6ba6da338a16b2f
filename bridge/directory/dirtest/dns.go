package dirtest

import (
	"context"
	"net"
	"testing"
)

// DomainDNS starts a Samba AD DC of the test's own, dc1.ad.test of the domain ad.test, and is what asks its DNS alone.
func DomainDNS(t testing.TB) *net.Resolver {
	t.Helper()
	const what = "the DNS of a domain (Samba AD DC)"
	if why := sambaMissing(); why != "" {
		LeaveOut(t, what, why, sambaPackage)
	}
	if err := canEnterNewNetwork(); err != nil { // port 53 may be the machine's own
		LeaveOut(t, what, err.Error(), "run the tests with CAP_SYS_ADMIN")
	}
	c, err := newController("ldap dns")
	if err == nil {
		err = c.start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return c.dialPort("53") }}
}
