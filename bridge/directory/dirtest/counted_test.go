package dirtest

import (
	"maps"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// TestCounted: the proxy counts what memdir behind it counts.
func TestCounted(t *testing.T) {
	t.Parallel()
	s := Memory(t)
	p := Counted(t, s)
	conn, err := dial(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	dn := "uid=a," + s.People
	modify := ldap.NewModifyRequest(dn, nil)
	modify.Replace("title", []string{"Clerk"})
	add := ldap.NewAddRequest(dn, nil)
	for name, value := range map[string]string{"objectClass": "inetOrgPerson", "cn": "Cn", "sn": "Sn"} {
		add.Attribute(name, []string{value})
	}
	for _, do := range []func() error{
		func() error { return conn.Bind(s.BindDN, s.Password) },
		func() error { return conn.Add(add) },
		func() error { return conn.Modify(modify) },
		func() error { return conn.Modify(modify) },
		func() error { _, err := conn.Compare(dn, "title", "Clerk"); return err },
		func() error { _, err := conn.WhoAmI(nil); return err },
		func() error { return conn.ModifyDN(ldap.NewModifyDNRequest(dn, "uid=b", true, "")) },
		func() error { return conn.Del(ldap.NewDelRequest("uid=b,"+s.People, nil)) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	search := ldap.NewSearchRequest(s.Suffix, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", nil, nil)
	if found, err := conn.SearchWithPaging(search, 2); err != nil || len(found.Entries) != 3 {
		t.Fatalf("%v, %v", found, err)
	}
	if err := conn.Unbind(); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"bind": 1, "add": 1, "modify": 2, "compare": 1, "extended": 1, "modrdn": 1, "delete": 1, "search": 2, "unbind": 1,
	}
	for s.Mem.Counts()["unbind"] == 0 { // it has no answer; the test's time limit ends this
		time.Sleep(time.Millisecond)
	}
	if got, behind := p.Counts(), s.Mem.Counts(); !maps.Equal(got, want) || !maps.Equal(behind, want) {
		t.Errorf("the proxy counts %v, memdir %v, want %v", got, behind, want)
	}
	p.ResetCounts()
	if got := p.Counts(); len(got) != 0 {
		t.Errorf("counts %v after they were reset", got)
	}
}
