package dirtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// domains are those of this process: as many as are in use at a time. Each is one test's with its subtests until the last of these has
// ended, for two would take the names that a domain holds unique from one another. Then another test gets it.
var domains = struct {
	sync.Mutex
	free  *sync.Cond    // a domain is, or has ended
	made  *controller   // whose database the others are copies of, which samba-tool takes seconds to make; it never runs
	idle  []*controller // of which no test has one
	inUse map[string]*leased
}{inUse: map[string]*leased{}}

func init() { domains.free = sync.NewCond(&domains) }

// leased is a domain that a test has.
type leased struct {
	*controller
	times int  // that the test asked for it, and has not given it back
	worn  bool // nobody else gets it
}

// lease gives a test the domain that it has already, or one that is idle, or a new one.
func lease(test string) (*leased, error) {
	domains.Lock()
	defer domains.Unlock()
	for {
		l := domains.inUse[test]
		if l == nil && len(domains.idle) > 0 {
			last := len(domains.idle) - 1
			l = &leased{controller: domains.idle[last]}
			domains.idle = domains.idle[:last]
		}
		if l == nil && (len(domains.inUse) == 0 || hasNetworks()) {
			c, err := copiedController()
			if err != nil {
				return nil, err
			}
			l = &leased{controller: c}
		}
		if l != nil {
			l.times++
			domains.inUse[test] = l
			return l, nil
		}
		domains.free.Wait() // it would need the ports of the one that there is
	}
}

// giveBack is called as often as lease was.
func (l *leased) giveBack(test string) {
	domains.Lock()
	defer domains.Unlock()
	if l.times--; l.times > 0 {
		return
	}
	delete(domains.inUse, test)
	if l.worn {
		l.close()
	} else {
		domains.idle = append(domains.idle, l.controller)
	}
	domains.free.Broadcast()
}

// copiedController starts a domain.
func copiedController() (*controller, error) {
	if domains.made == nil {
		made, err := madeDomain()
		if err != nil {
			return nil, err
		}
		domains.made = made
	}
	dir, err := os.MkdirTemp("", "samba")
	if err != nil {
		return nil, err
	}
	made := domains.made
	c := &controller{
		name: made.name, services: made.services, model: made.model, dir: dir, password: made.password, certs: made.certs,
	}
	c.certs.cert, c.certs.key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem") // Show changes them
	if err := c.certs.issue(c.certs.cert, c.certs.key, serverCertificate(domainHost, c.certs.authority)); err != nil {
		c.close()
		return nil, err
	}
	if err := copyDomain(made.dir, dir); err != nil {
		c.close()
		return nil, err
	}
	return c, c.start()
}

func copyDomain(from, to string) error {
	if out, err := exec.Command("cp", "-a", filepath.Join(from, "domain"), to).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// madeDomain is a domain of this process, which never runs. `make test` names a folder in which one made for the tests of a package lies
// for those of the others. Go is not to know of it, as it would by os.Getenv: it is another folder each time, and a result of these tests
// is good all the same.
func madeDomain() (*controller, error) {
	folder, found := syscall.Getenv("SCIMBRIDGE_TEST_SHARED")
	if !found {
		return newController("ldap")
	}
	lock, err := lockFile(filepath.Join(folder, "lock"))
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	passwordFile := filepath.Join(folder, "password") // written when all else is there
	password, err := os.ReadFile(passwordFile)
	if errors.Is(err, fs.ErrNotExist) {
		c, err := newController("ldap")
		if err != nil {
			return nil, err
		}
		if err := copyDomain(c.dir, folder); err != nil {
			c.close()
			return nil, err
		}
		return c, os.WriteFile(passwordFile, []byte(c.password), 0o600)
	}
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "samba")
	if err != nil {
		return nil, err
	}
	c := &controller{name: "dc1", services: "ldap", model: "single", dir: dir, password: string(password)}
	if c.certs, err = makeCertificates(dir, domainHost); err == nil {
		err = copyDomain(folder, dir)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// hasNetworks says whether each domain has a network of its own here.
var hasNetworks = sync.OnceValue(func() bool { return canEnterNewNetwork() == nil })

func closeDomains() {
	domains.Lock()
	defer domains.Unlock()
	for _, l := range domains.inUse {
		l.close()
	}
	for _, c := range domains.idle {
		c.close()
	}
	if domains.made != nil {
		domains.made.close()
	}
}

// much is how many entries wear a domain out: Samba removes some tens in a second, and starts within one or two.
const much = 200

// sweep removes the test's OU, from a domain that the test may have stopped or killed.
func (s *Server) sweep(t testing.TB) {
	defer s.domain.giveBack(topLevel(t))
	if !s.process.running() {
		s.Restart()
	}
	s.Cont()
	conn := s.Connect(t)
	all := ldap.NewSearchRequest(
		s.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"1.1"}, nil,
	)
	if left, _ := conn.Search(all); left != nil && len(left.Entries) > much { // or as many as Samba hands out at once
		s.domain.wear()
		return
	}
	if err := conn.Del(ldap.NewDelRequest(s.Base, []ldap.Control{ldap.NewControlSubtreeDelete()})); err != nil {
		t.Errorf("%s: %v", s.Base, err)
	}
}

func (l *leased) wear() {
	domains.Lock()
	defer domains.Unlock()
	l.worn = true
}

// topLevel is the name of the test that t is, or is a subtest of.
func topLevel(t testing.TB) string {
	name, _, _ := strings.Cut(t.Name(), "/")
	return name
}
