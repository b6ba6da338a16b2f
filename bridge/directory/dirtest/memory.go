package dirtest

import (
	"crypto/rand"
	"testing"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// Memory starts memdir with the tree of OpenLDAP's dc=example,dc=org. It needs nothing installed; it cannot be killed, stopped, or spoken
// to in TLS.
func Memory(t testing.TB, change ...func(*memdir.Options)) *Server {
	t.Helper()
	o := memdir.Options{Suffix: defaultSuffix, RootPassword: rand.Text(), CleanReferences: true}
	for _, c := range change {
		c(&o)
	}
	if o.RootDN == "" {
		o.RootDN = "cn=admin," + o.Suffix
	}
	directory, err := memdir.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(directory.Close)
	s := &Server{
		Traits: ldif.OpenLDAP.Traits(), URL: directory.URL(), BindDN: o.RootDN, Password: o.RootPassword,
		Suffix: o.Suffix, Base: o.Suffix, People: "ou=people," + o.Suffix, Groups: "ou=groups," + o.Suffix,
		Mem: directory, t: t,
	}
	if len(o.Entries) == 0 {
		s.Load(t, tree(o.Suffix))
		directory.ResetCounts()
	}
	return s
}
