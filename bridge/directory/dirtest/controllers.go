package dirtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Controllers starts two Samba AD DCs of a domain of the test's own, each of which gets what the other is told within some seconds. They
// have a network in common, an address each, and, since Kerberos goes by names, an /etc/hosts and a krb5.conf of their own.
func Controllers(t testing.TB) (servers [2]*Server) {
	t.Helper()
	const what = "a domain of two controllers (Samba AD DC)"
	if why := sambaMissing(); why != "" {
		LeaveOut(t, what, why, sambaPackage)
	}
	if err := canEnterNewNetwork(); err != nil {
		LeaveOut(t, what, err.Error(), "run the tests with CAP_SYS_ADMIN")
	}
	p, err := newPair(t)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range p.controllers {
		servers[i] = &Server{
			Traits: ldif.ActiveDirectory.Traits(),
			URL:    "ldap://" + c.guarded.Addr().String(), LDAPS: "ldaps://" + c.direct.Addr().String(),
			CA: c.certs.ca, ServerName: domainHost, BindDN: domainAdmin, Password: c.password,
			Suffix: domainSuffix, Base: domainSuffix, People: "CN=Users," + domainSuffix, Groups: "CN=Users," + domainSuffix,
			t: t, process: c.process,
		}
	}
	for i, s := range servers {
		for until := time.Now().Add(readyLimit); s.reached(t) == nil; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("nothing has come to %s: %s", p.controllers[i].name, s.Log())
			}
		}
	}
	return servers
}

// pair is two controllers with a network and a folder in common.
type pair struct {
	room        *room
	dir         string
	controllers []*controller
}

func newPair(t testing.TB) (*pair, error) {
	p := &pair{dir: t.TempDir()}
	if err := os.WriteFile(p.hosts(), []byte("127.0.0.1 localhost\n"), 0o644); err != nil {
		return nil, err
	}
	password := rand.Text() + ".a1"
	for i := range 2 {
		name := fmt.Sprint("dc", i+1)
		c := &controller{
			name: name, dir: filepath.Join(p.dir, name), address: fmt.Sprint("127.0.0.1", i+1), password: password,
			services: "rpc, ldap, cldap, kdc, drepl", model: "standard",
			lines: "\tdreplsrv:notify_interval = 1\n\tdreplsrv:periodic_startup_interval = 1\n\tdreplsrv:periodic_interval = 2\n",
		}
		p.controllers = append(p.controllers, c)
		// Each asks itself for tickets, in a process of its own: in one, who asks cannot answer.
		kerberos := filepath.Join(c.dir, "krb5.conf")
		c.env = []string{"KRB5_CONFIG=" + kerberos}
		text := "[libdefaults]\n\tdefault_realm = AD.TEST\n[realms]\n\tAD.TEST = {\n\t\tkdc = " + c.address + "\n\t}\n"
		if err := errors.Join(os.Mkdir(c.dir, 0o700), os.WriteFile(kerberos, []byte(text), 0o644)); err != nil {
			return nil, err
		}
	}
	if err := p.enterNewRoom(); err != nil {
		return nil, err
	}
	for i, c := range p.controllers {
		t.Cleanup(c.close)
		made := c.provision
		if i > 0 {
			made = func() error { return p.join(c) }
		}
		if err := errors.Join(p.names(c.address, c.name+".ad.test"), made()); err != nil {
			return nil, err
		}
		c.network.Store(p.room.network)
		if err := c.run(p.room.enter); err != nil {
			return nil, err
		}
		if err := p.introduce(c); err != nil {
			return nil, err
		}
	}
	// The second gets from the first since it has joined; the first from the second, once its consistency checker has seen that.
	if out, err := exec.Command("samba_kcc", "--configfile="+p.controllers[0].config()).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("samba_kcc: %w\n%s", err, out)
	}
	return p, nil
}

func (p *pair) hosts() string { return filepath.Join(p.dir, "hosts") }

// enterNewRoom makes the room, which stays when the thread that made it has ended.
func (p *pair) enterNewRoom() error {
	return apart(func() (err error) {
		var addresses []string
		for _, c := range p.controllers {
			addresses = append(addresses, c.address)
		}
		p.room, err = enterNewRoom(addresses, map[string]string{"/etc/hosts": p.hosts()})
		return err
	})
}

// names adds a name to the hosts.
func (p *pair) names(address, name string) error {
	hosts, err := os.OpenFile(p.hosts(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(hosts, address, name)
	return errors.Join(err, hosts.Close())
}

// join makes a controller's database from that of the first.
func (p *pair) join(c *controller) (err error) {
	if c.certs, err = makeCertificates(c.dir, domainHost); err != nil {
		return err
	}
	command := exec.Command("samba-tool", append([]string{
		"domain", "join", "ad.test", "DC", "--server=dc1.ad.test", "--dns-backend=NONE", `-UAD\Administrator`, "--workgroup=AD",
		"--password=" + c.password, "--option=netbios name=" + strings.ToUpper(c.name),
	}, c.options()...)...)
	command.Env = append(command.Environ(), p.controllers[0].env...)
	return apart(func() error {
		if err := p.room.enter(); err != nil {
			return err
		}
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("samba-tool domain join: %w\n%s", err, strings.ReplaceAll(string(out), c.password, "***"))
		}
		return nil
	})
}

// introduce has the others find a controller by its GUID, as they do, and Kerberos know it by that: neither samba-tool nor a controller
// without the service dnsupdate sees to it.
func (p *pair) introduce(c *controller) error {
	conn, err := p.controllers[0].bound(patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	service := "CN=NTDS Settings,CN=" + c.name + ",CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration," + domainSuffix
	found, err := conn.Search(ldap.NewSearchRequest(service, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)",
		[]string{"objectGUID"}, nil))
	if err != nil {
		return err
	}
	entry := &ldif.Entry{}
	entry.Set("objectGUID", found.Entries[0].GetAttributeValue("objectGUID"))
	guid := ldif.ActiveDirectory.Traits().ID(entry)
	const replication = "E3514235-4B06-11D1-AB04-00C04FC2DCD2" // [MS-DRSR] §2.2.3.2
	change := ldap.NewModifyRequest("CN="+c.name+",OU=Domain Controllers,"+domainSuffix, nil)
	change.Add("servicePrincipalName", []string{replication + "/" + guid + "/ad.test"})
	if err := conn.Modify(change); err != nil && !ldap.IsErrorWithCode(err, ldap.LDAPResultAttributeOrValueExists) {
		return err
	}
	return p.names(c.address, guid+"._msdcs.ad.test")
}

// apart runs something on a thread of its own, which ends with it.
func apart(do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- do()
	}()
	return <-done
}
