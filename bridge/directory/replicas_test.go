package directory

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strconv"
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
	kind ldif.ServerKind
	lag  time.Duration // negative: never

	mu     sync.Mutex
	counts map[string]map[string]int // by peer: how many writes it has got of each
	others map[string]int            // by peer: what its count has gone up by since, that no other gets
	lacked int                       // searches that a peer answered which had yet to get what another had confirmed
	mute   bool                      // none tells what it has got
	still  bool                      // what they tell came with a copy of a database
}

func newMirror(hosts ...string) *mirror {
	m := &mirror{network: network{}, kind: ldif.OpenLDAP, counts: map[string]map[string]int{}, others: map[string]int{}}
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
			go func() {
				time.Sleep(m.lag)
				m.replicate(host, at)
			}()
		}
	case r.op == ldap.ApplicationSearchRequest && r.request.Children[1].Value == int64(0):
		told := m.tells(host, strings.ToLower(r.target()))
		if told == nil {
			return false
		}
		s.entry(r, r.target(), told...)
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

// tells is what an entry of a peer tells of how far it has got; nil: nothing of that.
func (m *mirror) tells(host, dn string) []ldif.Attribute {
	const service = "cn=ntds settings"
	counts := map[string]int{}
	for from, n := range m.counts[host] {
		if m.still {
			n = 1
		}
		counts[from] = n
	}
	directory := m.kind == ldif.ActiveDirectory
	switch {
	case dn == "dc=example" && m.mute:
		return []ldif.Attribute{}
	case dn == "dc=example" && directory:
		delete(counts, host)
		return []ldif.Attribute{{Name: "replUpToDateVector", Values: []string{upToDate(counts)}}}
	case dn == "dc=example":
		var csns []string
		for from, n := range counts {
			csns = append(csns, fmt.Sprintf("20260102120000.%06dZ#000000#%s#000000", n, from))
		}
		return []ldif.Attribute{{Name: "contextCSN", Values: csns}}
	case dn == "" && directory:
		count := strconv.Itoa(counts[host] + m.others[host])
		return append([]ldif.Attribute{
			{Name: "dsServiceName", Values: []string{service}}, {Name: "highestCommittedUSN", Values: []string{count}},
		}, m.network[host].root...)
	case dn == service:
		return []ldif.Attribute{{Name: "invocationId", Values: []string{invocation(host)}}}
	}
	return nil
}

// upToDate is an UPTODATE_VECTOR_V2_EXT.
func upToDate(counts map[string]int) string {
	vector := binary.LittleEndian.AppendUint64(nil, 2)
	vector = binary.LittleEndian.AppendUint64(vector, uint64(len(counts)))
	for from, n := range counts {
		vector = append(vector, invocation(from)...)
		vector = binary.LittleEndian.AppendUint64(vector, uint64(n))
		vector = binary.LittleEndian.AppendUint64(vector, 0) // when the server was heard of last
	}
	return string(vector)
}

func invocation(host string) string { return fmt.Sprintf("%16s", host) }

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
	o := Options{AllowCleartext: true, Kind: m.kind, Bind: BindOptions{DN: "cn=bridge", Password: "sesame-open"}}
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
