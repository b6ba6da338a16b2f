package directory

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// album has people with photos.
func album(t *testing.T, s *dirtest.Server, n, photo int) {
	t.Helper()
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "dn: uid=p%03d,%s\nobjectClass: inetOrgPerson\nuid: p%03d\ncn: x\nsn: x\njpegPhoto: %s\n\n",
			i, s.People, i, strings.Repeat("x", photo))
	}
	s.Load(t, text.String())
}

// patient has a machine under load be no failure.
func patient(o *Options) { o.Timeout = time.Minute }

// photos finds them.
func photos(s *dirtest.Server) Search {
	return Search{Base: s.People, Filter: "(jpegPhoto=*)", Attributes: []string{"uid", "jpegPhoto"}}
}

// inUse is how many octets of memory are in use, and how many were allocated so far.
func inUse() (live, allocated int) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc), int(m.TotalAlloc)
}

// TestLargeEntriesOnAPage: of a page of an enumeration a few entries are in memory at a time, however large they are, and who ends it at
// the first has not read the others.
func TestLargeEntriesOnAPage(t *testing.T) {
	const people, photo, most = 300, 128 << 10, 32 << 20
	s := dirtest.OpenLDAP(t)
	album(t, s, people, photo)
	c := open(t, s, patient)
	if _, err := c.Server(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, _ := inUse()
	n := 0
	err := c.Enumerate(t.Context(), photos(s), func(*ldif.Entry) error {
		if n++; n%20 == 0 {
			if now, _ := inUse(); now-before > most {
				t.Errorf("%d MiB are in use at entry %d", (now-before)>>20, n)
			}
		}
		return nil
	})
	if err != nil || n != people {
		t.Errorf("%d entries: %v", n, err)
	}
	enough := errors.New("enough")
	_, before = inUse()
	if err := c.Enumerate(t.Context(), photos(s), func(*ldif.Entry) error { return enough }); !errors.Is(err, enough) {
		t.Error(err)
	}
	_, now := inUse()
	if now -= before; now > people*photo*4 {
		t.Errorf("%d MiB were allocated for the first entry", now>>20)
	}
}

// TestRoom: a search ends when what it found takes what it may, with the entry that was too much; several share it. All that there is
// comes where there is room, and the server's limit of a search makes no difference.
func TestRoom(t *testing.T) {
	const photo = 32 << 10
	onOpenLDAP(t, func(t *testing.T, s *dirtest.Server) {
		album(t, s, 20, photo)
		c := open(t, s, patient)
		if _, err := c.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			octets, least, most int
			full                bool
		}{
			{1, 1, 4, true},
			{5 * photo, 5, 8, true},
			{30 * photo, 20, 20, false},
		} {
			for searches := range 3 {
				some := photos(s)
				some.Room = NewRoom(test.octets)
				several := []Search{some}
				for i := range searches { // each finds others
					several[0].Filter = "(&(jpegPhoto=*)(!(uid=p00*)))"
					other := some
					other.Filter = []string{"(uid=p00*)", "(uid=nobody)"}[i]
					several = append(several, other)
				}
				found, err := c.SearchAll(t.Context(), several)
				full := some.Room.Full()
				if err != nil || len(found) < test.least || len(found) > test.most || full != test.full {
					t.Errorf("%d octets, %d searches: %d entries, full: %v, %v", test.octets, len(several), len(found), full, err)
				}
			}
		}
		if all, err := c.Search(t.Context(), photos(s)); err != nil || len(all) != 20 {
			t.Errorf("%d of all: %v", len(all), err)
		}
	})
}

// TestLeftBehind: what a search leaves of its answer keeps nobody from anything: what is under way on the connection is answered there,
// once, what comes then goes by another, and then the connection ends.
func TestLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := map[string][]int{} // connections by what they were asked for
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationSearchRequest || m.target() == "" {
				return false
			}
			mu.Lock()
			asked[m.target()] = append(asked[m.target()], s.nth)
			mu.Unlock()
			go func() {
				for range 20 {
					s.entry(m, "cn=one,"+m.target())
					time.Sleep(time.Second / 10)
				}
				s.result(m, 0, "")
			}()
			return true
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		search := func(base string, room *Room, want int) {
			found, err := c.Search(t.Context(), Search{Base: base, Room: room})
			if err != nil || len(found) != want {
				t.Errorf("%s: %d entries, %v", base, len(found), err)
			}
		}
		var all sync.WaitGroup
		for _, room := range []*Room{nil, NewRoom(1 << 20)} {
			all.Go(func() { search("ou=whole", room, 20) })
		}
		time.Sleep(time.Second / 4)
		search("ou=cut", NewRoom(1), 1)
		search("ou=next", NewRoom(1<<20), 20)
		all.Wait()
		synctest.Wait()
		want := map[string][]int{"ou=whole": {1, 1}, "ou=cut": {1}, "ou=next": {2}}
		if d := cmp.Diff(want, asked); d != "" || p.links() != 1 {
			t.Errorf("%s, %d connections", d, p.links())
		}
	})
}
