package directory

import (
	"encoding/base64"
	"errors"
	"os"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
)

// TestThereAndBack: of two servers the first is killed, and gone back to once it has what was written meanwhile. With
// SCIMBRIDGE_TEST_CONTROLLERS set two domain controllers too.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	t.Run("OpenLDAP", func(t *testing.T) {
		t.Parallel()
		servers, _ := dirtest.Mirror(t)
		thereAndBack(t, servers, person(t, servers[0], "ada"))
	})
	t.Run("Active Directory", controllers)
}

// controllers: then the first is cut off, and the second serves nobody until it has got what the first confirmed.
func controllers(t *testing.T) {
	if os.Getenv("SCIMBRIDGE_TEST_CONTROLLERS") == "" {
		dirtest.LeaveOutHere(t, "Two domain controllers that replicate", "to make them takes a small machine a minute", "make controllers")
	}
	t.Parallel()
	servers := dirtest.Controllers(t)
	dn := "CN=ada," + servers[0].People
	servers[0].Load(t, "dn: "+dn+"\nobjectClass: user\nsAMAccountName: ada\n")
	ordinary := *servers[0]
	ordinary.BindDN, ordinary.Password = "CN=bridge,"+servers[0].People, "Sesame-open-1"
	servers[0].Load(t, "dn: "+ordinary.BindDN+"\nobjectClass: user\nsAMAccountName: bridge\nuserAccountControl: 512\nunicodePwd:: "+
		base64.StdEncoding.EncodeToString([]byte(quoted(ordinary.Password)))+"\n")
	c := replicated(t, [2]*dirtest.Server{&ordinary, servers[1]}, dirtest.Counted(t, servers[0]), FailoverOptions{})
	if c.pool.reachedAt(t.Context(), c.State().URL) == nil {
		t.Error("who has but an account is not told how far a controller has got")
	}
	thereAndBack(t, servers, dn)
	lagging(t, servers, dn, func() { servers[0].Sends(t, false) }, func() { servers[0].Sends(t, true) })
}

// thereAndBack kills the first server, and starts it again.
func thereAndBack(t *testing.T, servers [2]*dirtest.Server, dn string) {
	c := replicated(t, servers, dirtest.Counted(t, servers[0]), FailoverOptions{Back: minBack, Lag: time.Minute})
	written := 0
	write := func() {
		t.Helper()
		if err := c.Execute(t.Context(), numbered(dn, written+1), nil).Err; err != nil {
			t.Fatal(err)
		}
		written++
		noted(t, c)
	}
	read := func(server int) {
		t.Helper()
		for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			got, err := number(t.Context(), c, dn)
			if err == nil && got != written {
				t.Fatalf("%d is read after %d was confirmed: %+v", got, written, c.State())
			}
			if err == nil && c.State().Server == server {
				return
			}
			if e, ok := errors.AsType[*Error](err); err != nil && (!ok || e.Reason != reason.Unavailable) || time.Now().After(until) {
				t.Fatalf("%v: %+v", err, c.State())
			}
		}
	}
	write()
	write()
	servers[1].CatchUp(t, servers[0])
	servers[0].Kill()
	read(2)
	write()
	servers[0].Restart()
	read(1)
	if got := c.State().Switches; got != [3]int{caughtUp: 2} {
		t.Errorf("%v", got)
	}
}
