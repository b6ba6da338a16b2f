package dirtest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"scimbridge/ldapmap/ldif"
)

// Mirror starts two slapds, each of which gets what the other is told (syncrepl, multi-provider), and the ways: the first of them is that
// from the first server to the second. A way that is refused and reset keeps what it would bring until it is mended, which is noticed
// within a second.
func Mirror(t testing.TB, options ...Option) (servers [2]*Server, ways [2]*Proxy) {
	t.Helper()
	return replicas(t, true, options)
}

// Consumer is Mirror with a second that takes no changes, from which nothing is got.
func Consumer(t testing.TB, options ...Option) (servers [2]*Server, ways [2]*Proxy) {
	t.Helper()
	return replicas(t, false, options)
}

func replicas(t testing.TB, mirrored bool, options []Option) (servers [2]*Server, ways [2]*Proxy) {
	t.Helper()
	password := rand.Text()
	var urls [2]string
	for i := range servers {
		urls[i] = "ldap://" + FreeAddress(t)
		ways[i] = Counted(t, &Server{URL: urls[i]})
	}
	for i := range servers {
		servers[i] = OpenLDAP(t, append(slices.Clip(options), func(s *slapd) {
			s.url, s.password, s.replica = urls[i], password, i > 0
			s.global = append(s.global, fmt.Sprintf("serverID %d", i+1))
			s.lines = append(s.lines, "index entryCSN eq")
			if i > 0 || mirrored {
				s.lines = append(s.lines, fmt.Sprintf(`syncrepl rid=001 provider=%s type=refreshAndPersist retry="1 +" searchbase=%q `+
					`bindmethod=simple binddn=%q credentials=%s`, ways[1-i].URL, s.suffix, s.rootDN(), password))
			}
			if mirrored {
				s.lines = append(s.lines, "multiprovider on")
			}
			Overlay("syncprov")(s)
		})...)
	}
	servers[1].CatchUp(t, servers[0])
	return servers, ways
}

// CatchUp waits until a server has got all that another has.
func (s *Server) CatchUp(t testing.TB, other *Server) {
	t.Helper()
	var want, got map[string]string
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		want, got = other.reached(t), s.reached(t)
		lacks := len(want) == 0
		for server, last := range want {
			lacks = lacks || got[server] < last
		}
		if !lacks {
			return
		}
	}
	t.Fatalf("%s has %s, and %s %s", s.URL, got, other.URL, want)
}

// reached is what a server has got; nothing where there is no entry yet, or nothing has come from the other.
func (s *Server) reached(t testing.TB) map[string]string {
	t.Helper()
	e := s.Entry(t, s.Reached.At(s.Suffix), s.Reached.Attribute)
	if e == nil {
		return nil
	}
	got := s.Reached.Of(e.Values(s.Reached.Attribute))
	if got == nil || !s.Reached.Counts {
		return got
	}
	id := s.Entry(t, s.service(t), "invocationId").Value("invocationId")
	got[ldif.Instance(id)] = ldif.Counted(s.Entry(t, "", s.MarkAttribute).Value(s.MarkAttribute))
	return got
}

// service is the DN of what the domain knows of a controller.
func (s *Server) service(t testing.TB) string {
	t.Helper()
	return s.Entry(t, "", s.InstanceAttribute).Value(s.InstanceAttribute)
}
