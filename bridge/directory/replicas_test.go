package directory

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/logtest"
	"scimbridge/ldapmap/ldif"
)

// mirror is a group of peers that replicate: each write of one comes to the others later.
type mirror struct {
	network
	lag time.Duration // negative: never

	mu     sync.Mutex
	counts map[string]map[string]int // by peer: how many writes it has got of each
	lacked int                       // searches that a peer answered which had yet to get what another had confirmed
	mute   bool                      // none tells what it has got
	still  bool                      // what they tell came with a copy of a database
}

func newMirror(hosts ...string) *mirror {
	m := &mirror{network: network{}, counts: map[string]map[string]int{}}
	for _, host := range hosts {
		m.counts[host] = map[string]int{}
		for _, from := range hosts {
			m.counts[host][from] = 1
		}
		p := &peer{root: []ldif.Attribute{{Name: "namingContexts", Values: []string{"dc=example"}}}}
		p.script = func(s *session, r message) bool { return m.answers(host, s, r) }
		m.network[host] = p
	}
	return m
}

// answers does what a script does for one of them.
func (m *mirror) answers(host string, s *session, r message) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case r.op == ldap.ApplicationModifyRequest:
		m.counts[host][host]++
		at := m.counts[host][host]
		if m.lag >= 0 {
			time.AfterFunc(m.lag, func() { m.replicate(host, at) })
		}
	case r.op == ldap.ApplicationSearchRequest && strings.EqualFold(r.target(), "dc=example") && r.request.Children[1].Value == int64(0):
		var csns []string
		for from, n := range m.counts[host] {
			if m.still {
				n = 1
			}
			csns = append(csns, fmt.Sprintf("20260102120000.%06dZ#000000#%s#000000", n, from))
		}
		e := []ldif.Attribute{{Name: "contextCSN", Values: csns}}
		if m.mute {
			e = nil
		}
		s.entry(r, "dc=example", e...)
		s.result(r, 0, "")
		return true
	case r.op == ldap.ApplicationSearchRequest && strings.EqualFold(r.target(), anyone.Base):
		for from, own := range m.counts {
			if m.counts[host][from] < own[from] {
				m.lacked++
				break
			}
		}
	}
	return false
}

// reads has a client read all the time, until it is told to stop, and then says whether a peer answered that lacked something.
func (m *mirror) reads(t *testing.T, c *Client) (stop func()) {
	ctx, end := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	reading.Go(func() {
		for ctx.Err() == nil {
			readOnce(t, c)
			time.Sleep(10 * time.Millisecond)
		}
	})
	return func() {
		t.Helper()
		end()
		reading.Wait()
		if m.lacked > 0 {
			t.Errorf("%d reads were answered by one that lacked what another had confirmed", m.lacked)
		}
	}
}

func (m *mirror) replicate(from string, at int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, counts := range m.counts {
		counts[from] = max(counts[from], at)
	}
}

func (m *mirror) has(host, from string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[host][from]
}

// client is a client of the peers that has met the one in use.
func (m *mirror) client(t *testing.T, hosts ...string) (*Client, *logtest.Log) {
	t.Helper()
	log := &logtest.Log{}
	o := Options{AllowCleartext: true, Kind: ldif.OpenLDAP, Bind: BindOptions{DN: "cn=bridge", Password: "sesame-open"}}
	for _, h := range hosts {
		o.URLs = append(o.URLs, "ldap://"+h)
	}
	c, err := newClient(o, slog.New(slog.NewTextHandler(log, nil)), m.dial)
	if err != nil {
		t.Fatal(err)
	}
	m.meet(t, c)
	return c, log
}

func (m *mirror) meet(t *testing.T, c *Client) {
	t.Helper()
	if _, err := c.Server(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Compare([]string{"ou=people,dc=example"})
	synctest.Wait()
}

func writeOnce(t *testing.T, c *Client) {
	t.Helper()
	if err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err; err != nil {
		t.Fatal(err)
	}
}

func readOnce(t *testing.T, c *Client) {
	t.Helper()
	if _, err := c.Search(t.Context(), anyone); err != nil {
		t.Fatal(err)
	}
}

// step is between the writes of until.
const step = 2 * time.Second

// until is how long it takes to come to a server, writing all the while.
func until(t *testing.T, c *Client, server int, most time.Duration) time.Duration {
	t.Helper()
	begun := time.Now()
	for c.pool.server() != server {
		if time.Since(begun) > most {
			t.Fatalf("on server %d after %v", c.pool.server(), most)
		}
		writeOnce(t, c)
		time.Sleep(step)
	}
	return time.Since(begun)
}
