package dirtest

import (
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

const (
	domainSuffix = "DC=ad,DC=test"
	domainAdmin  = "CN=Administrator,CN=Users," + domainSuffix
	domainHost   = "dc1.ad.test"
	sambaPackage = "as root on Debian: apt-get install samba-ad-dc samba-ad-provision"
)

// controller is a Samba AD DC.
type controller struct {
	name     string // its host's: dc1
	address  string // where it listens; "": on all of the interface lo
	services string // "dns" among them: it tells of itself
	model    string // of its processes: one for all services, or for each
	lines    string // of its smb.conf, besides
	env      []string

	dir      string
	password string
	certs    certificates
	process  *process

	network atomic.Pointer[os.File] // its network namespace; nil: it has the machine's ports 389 and 636, and
	ports   *os.File                // the lock on these

	guarded net.Listener // ldap, refuses what Windows refuses
	direct  net.Listener // ldaps, byte for byte
}

// Main is the body of TestMain in a package whose tests call ActiveDirectory: func TestMain(m *testing.M) { dirtest.Main(m) }. What the
// checks find when all tests have passed fails them too.
func Main(m *testing.M, checks ...func() error) {
	code := m.Run()
	for _, check := range checks {
		if err := check(); err != nil && code == 0 {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	closeDomains()
	os.Exit(code)
}

// ActiveDirectory gives the test an OU of its own, with OU=People and OU=Groups below it, in the domain ad.test of a Samba AD DC, which it
// has to itself with all subtests of its top-level test: they share the names that a domain holds unique (sAMAccountName,
// userPrincipalName). A test after it may get the same domain.
//
// URL leads through a guard that refuses what Active Directory on Windows refuses and Samba does not, and goes on in TLS, so that
// unicodePwd can be written; LDAPS leads to the domain controller itself.
func ActiveDirectory(t testing.TB) *Server {
	t.Helper()
	if why := sambaMissing(); why != "" {
		LeaveOut(t, "Active Directory (Samba AD DC)", why, sambaPackage)
	}
	c, err := lease(topLevel(t))
	if err != nil {
		t.Fatal(err)
	}
	base := "OU=" + label(t) + "," + domainSuffix
	server := &Server{
		Traits: ldif.ActiveDirectory.Traits(),
		URL:    "ldap://" + c.guarded.Addr().String(), LDAPS: "ldaps://" + c.direct.Addr().String(),
		CA: c.certs.ca, ServerName: domainHost,
		BindDN: domainAdmin, Password: c.password,
		Suffix: domainSuffix, Base: base, People: "OU=People," + base, Groups: "OU=Groups," + base,
		t: t, certs: c.certs, process: c.process, domain: c,
	}
	t.Cleanup(func() { server.sweep(t) })
	for _, dn := range []string{server.Base, server.People, server.Groups} {
		server.Load(t, "dn: "+dn+"\nobjectClass: organizationalUnit\n")
	}
	return server
}

// AtController runs a command line as an administrator does in a shell at the domain controller: samba-tool is about this domain.
func (s *Server) AtController(t testing.TB, line string) {
	t.Helper()
	command := exec.Command("sh", "-e", "-c", line)
	command.Env = append(os.Environ(), "SMB_CONF_PATH="+filepath.Join(s.own().dir, "smb.conf"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, line)
	}
}

// expunge removes the tombstones, which Samba reads wherever it reads all of the domain.
func (c *controller) expunge() error {
	command := exec.Command("samba-tool", "domain", "tombstones", "expunge", "--configfile="+c.config(),
		"-H", "tdb://"+filepath.Join(c.dir, "domain", "private", "sam.ldb"), "--tombstone-lifetime=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// sambaMissing says what a domain controller lacks here, or "".
func sambaMissing() string {
	for _, program := range []string{"samba", "samba-tool"} {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed"
		}
	}
	if _, err := os.Stat("/usr/share/samba/setup/provision.ldif"); err != nil {
		return "samba-ad-provision is not installed"
	}
	if os.Geteuid() != 0 {
		return "it needs root"
	}
	return ""
}

// newController makes a domain, and does not start it.
func newController(services string) (c *controller, err error) {
	dir, err := os.MkdirTemp("", "samba")
	if err != nil {
		return nil, err
	}
	// Active Directory wants three of: capitals, small letters, digits, others.
	c = &controller{name: "dc1", services: services, model: "single", dir: dir, password: rand.Text() + ".a1"}
	if err := c.provision(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// start starts what is made; where it cannot, all of it ends.
func (c *controller) start() (err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	enter := c.enterNetwork
	if !hasNetworks() { // a container without CAP_SYS_ADMIN
		enter = nil
		if c.ports, err = lockMachine(portsLock); err != nil {
			return err
		}
	}
	return c.run(enter)
}

// run starts a process, and what leads to it.
func (c *controller) run(enter func() error) error {
	if err := os.WriteFile(c.config(), []byte(c.conf()), 0o600); err != nil {
		return err
	}
	c.process = &process{
		dir: c.dir, program: "samba", args: []string{"--interactive", "--model=" + c.model, "--configfile=" + c.config()}, env: c.env,
		group: c.model != "single", enter: enter, ready: c.ready,
	}
	if err := c.process.start(); err != nil {
		return err
	}
	return c.listen()
}

// provision makes the domain's database. Nothing listens yet. The extended attributes of its file share, which nobody reads here, go into a
// database: in the file system they would need CAP_SYS_ADMIN.
func (c *controller) provision() error {
	certs, err := makeCertificates(c.dir, domainHost)
	if err != nil {
		return err
	}
	c.certs = certs
	backend := "NONE"
	if strings.Contains(c.services, "dns") {
		backend = "SAMBA_INTERNAL"
	}
	command := exec.Command("samba-tool", append([]string{
		"domain", "provision", "--realm=AD.TEST", "--domain=AD", "--host-name=" + c.name, "--host-ip=" + c.ip(), "--server-role=dc",
		"--dns-backend=" + backend, "--use-rfc2307", "--adminpass=" + c.password,
	}, c.options()...)...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("samba-tool domain provision: %w\n%s", err, strings.ReplaceAll(string(out), c.password, "***"))
	}
	return nil
}

// options are those of samba-tool by which the database is made.
func (c *controller) options() []string {
	return []string{
		"--targetdir=" + filepath.Join(c.dir, "domain"), "--option=interfaces=" + c.interfaces(), "--option=bind interfaces only=yes",
		"--option=server services=" + c.services, "--option=vfs objects=dfs_samba4 acl_xattr xattr_tdb",
		"--option=xattr_tdb:file=" + filepath.Join(c.dir, "xattr.tdb"),
	}
}

func (c *controller) ip() string { return cmp.Or(c.address, "127.0.0.1") }

func (c *controller) interfaces() string {
	if c.address == "" {
		return "lo"
	}
	return c.address + "/32"
}

func (c *controller) config() string { return filepath.Join(c.dir, "smb.conf") }

// conf keeps everything that Samba writes inside the folder. provision's own smb.conf does not.
func (c *controller) conf() string {
	return fmt.Sprintf(`[global]
	workgroup = AD
	realm = AD.TEST
	netbios name = %[5]s
	server role = active directory domain controller
	server services = %[6]s
	interfaces = %[7]s
	bind interfaces only = yes
	idmap_ldb:use rfc2307 = yes
	dsdb:schema update allowed = yes
	private dir = %[1]s/domain/private
	state directory = %[1]s/domain/state
	lock directory = %[1]s/domain
	cache directory = %[1]s/domain/cache
	pid directory = %[1]s/run
	ncalrpc dir = %[1]s/run/ncalrpc
	winbindd socket directory = %[1]s/run/winbindd
	log file = %[1]s/samba.log
	tls cafile = %[2]s
	tls certfile = %[3]s
	tls keyfile = %[4]s
`, c.dir, c.certs.ca, c.certs.cert, c.certs.key, strings.ToUpper(c.name), c.services, c.interfaces()) + c.lines
}

// enterNetwork runs on the thread that forks Samba.
func (c *controller) enterNetwork() error {
	network, err := enterNewNetwork()
	if err != nil {
		return err
	}
	c.network.Store(network) // the one before closes when the last dial through it lets go of it
	return nil
}

// dial connects to the domain controller's LDAPS port.
func (c *controller) dial() (net.Conn, error) {
	return c.dialPort("636")
}

func (c *controller) dialPort(port string) (net.Conn, error) {
	address := net.JoinHostPort(c.ip(), port)
	if network := c.network.Load(); network != nil {
		return dialInNetwork(network, address)
	}
	return net.DialTimeout("tcp", address, patience)
}

// dialTLS connects to it as a client that checks no certificate: a test may have it show one that is wrong.
func (c *controller) dialTLS() (net.Conn, error) {
	conn, err := c.dial()
	if err != nil {
		return nil, err
	}
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), nil
}

// bound returns a connection bound as Administrator, past the guard, whose operations have a time limit.
func (c *controller) bound(limit time.Duration) (*ldap.Conn, error) {
	secure, err := c.dialTLS()
	if err != nil {
		return nil, err
	}
	conn := ldap.NewConn(secure, true)
	conn.SetTimeout(limit)
	conn.Start()
	if err := conn.Bind(domainAdmin, c.password); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c *controller) ready() error {
	conn, err := c.bound(3 * time.Second) // Samba listens before it serves
	if err != nil {
		return err
	}
	return conn.Close()
}

// close ends everything, as far as it was started.
func (c *controller) close() {
	var failed error
	for _, listener := range []net.Listener{c.guarded, c.direct} {
		if listener != nil {
			failed = errors.Join(failed, listener.Close())
		}
	}
	if c.process != nil {
		c.process.kill()
	}
	if c.ports != nil {
		failed = errors.Join(failed, c.ports.Close())
	}
	if failed = errors.Join(failed, os.RemoveAll(c.dir)); failed != nil {
		fmt.Fprintln(os.Stderr, "dirtest:", failed)
	}
}
