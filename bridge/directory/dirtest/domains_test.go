package dirtest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// named is a test of another name.
type named struct {
	testing.TB
	name string
}

func (n named) Name() string { return n.name }

// TestDomains: a test has the domain of its subtests, in which names are held unique, and another test beside it has another.
func TestDomains(t *testing.T) {
	t.Parallel()
	one := ActiveDirectory(named{t, "TestOne"})
	part := ActiveDirectory(named{t, "TestOne/part"})
	if one.domain.network.Load() == nil {
		return // in a container without network namespaces tests wait for one another
	}
	other := ActiveDirectory(named{t, "TestOther"})
	if one.URL != part.URL || one.URL == other.URL {
		t.Errorf("%s, its part %s, the other %s", one.URL, part.URL, other.URL)
	}
	wantResult(t, add(one.Connect(t), account(one, "twin")), ldap.LDAPResultSuccess)
	wantResult(t, add(other.Connect(t), account(other, "twin")), ldap.LDAPResultSuccess)
	wantResult(t, add(part.Connect(t), account(part, "twin")), ldap.LDAPResultEntryAlreadyExists)
}

// TestWornDomain: a domain that a test leaves much in ends with it; else the next has it.
func TestWornDomain(t *testing.T) {
	t.Parallel()
	for users, ends := range map[int]bool{1: false, much + 1: true} {
		var folder string
		t.Run(fmt.Sprint(users), func(t *testing.T) {
			s := ActiveDirectory(t)
			folder = s.Folder()
			s.Fill(t, func(to io.Writer) error {
				for n := range users {
					fmt.Fprintf(to, "dn: CN=u%d,%s\nobjectClass: user\nsAMAccountName: u%[1]d\n\n", n, s.People)
				}
				return nil
			})
		})
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) != ends {
			t.Errorf("after %d: %v", users, err)
		}
	}
}

// TestDomainOfAll: what another process has made for all is copied, and a domain of its own is made of nothing else.
func TestDomainOfAll(t *testing.T) {
	if why := sambaMissing(); why != "" {
		LeaveOut(t, "Active Directory (Samba AD DC)", why, sambaPackage)
	}
	folder := t.TempDir()
	t.Setenv("SCIMBRIDGE_TEST_SHARED", folder)
	if err := errors.Join(
		os.Mkdir(filepath.Join(folder, "domain"), 0o700),
		os.WriteFile(filepath.Join(folder, "domain", "sam.ldb"), []byte("all"), 0o600),
		os.WriteFile(filepath.Join(folder, "password"), []byte("Secret.1"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	c, err := madeDomain()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	text, err := os.ReadFile(filepath.Join(c.dir, "domain", "sam.ldb"))
	if string(text) != "all" || err != nil || c.password != "Secret.1" || c.certs.ca == "" {
		t.Errorf("%q, %v, of the administrator %q", text, err, c.password)
	}
}
