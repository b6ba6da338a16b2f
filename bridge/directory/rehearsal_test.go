package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// TestRehearsalOfWhatGoes: of an entry that is deleted while a change of it is rehearsed that is foreseen.
func TestRehearsalOfWhatGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationSearchRequest || m.target() != "uid=ada" {
				return false
			}
			if seen++; seen == 1 {
				s.entry(m, "uid=ada", ldif.Attribute{Name: "entryUUID", Values: []string{"1"}})
				s.result(m, 0, "")
			} else {
				s.result(m, ldap.LDAPResultNoSuchObject, "")
			}
			return true
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		receipt := c.Execute(Rehearse(t.Context(), &Rehearsal{}), modifyMail("uid=ada"), nil)
		wantReason(t, receipt.Err, reason.NoSuchObject)
		if n := p.count(ldap.ApplicationModifyRequest); n != 0 || seen != 2 {
			t.Errorf("%d changes sent, %d searches", n, seen)
		}
	})
}

// TestRehearsalReadsNoMoreThanIsWanted: an enumeration of which there is enough ends there, whatever there is of it still.
func TestRehearsalReadsNoMoreThanIsWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := 0
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationSearchRequest || m.target() == "" {
				return false
			}
			next := ldap.NewControlPaging(0)
			if pages++; pages < 9 {
				next.SetCookie([]byte("more"))
			}
			s.entry(m, "uid=ada", ldif.Attribute{Name: "uid", Values: []string{"ada"}})
			s.result(m, 0, "", next)
			return true
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		var r Rehearsal
		enough := errors.New("enough")
		err := c.Enumerate(Rehearse(t.Context(), &r), Search{Base: "dc=a"}, func(*ldif.Entry) error { return enough })
		if reads := r.Reads(); err != enough || pages != 1 || len(reads) != 1 || len(reads[0].Found) != 1 || reads[0].Err != enough {
			t.Errorf("%d pages, %v, %+v", pages, err, reads)
		}
	})
}

// TestRehearsalIsTrue: what is found after changes that are rehearsed is what another directory finds in which they are made.
func TestRehearsalIsTrue(t *testing.T) {
	there, rehearsed := dirtest.Memory(t), dirtest.Memory(t)
	started := ""
	for n := range 12 {
		started += fmt.Sprintf("dn: uid=u%d,%s\nobjectClass: inetOrgPerson\ncn: Name %d\nsn: Lind\nmail: u%d@x\nuid: u%d\n\n",
			n, there.People, n%5, n, n)
	}
	there.Load(t, started)
	rehearsed.Load(t, started)
	foreseen := open(t, rehearsed)
	o := Options{URLs: []string{there.URL}, Bind: BindOptions{DN: there.BindDN, Password: there.Password}}
	real, err := New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(real.Close)
	ctx := Rehearse(t.Context(), &Rehearsal{})
	before := len(rehearsed.Mem.Operations())
	random := rand.New(rand.NewPCG(1, 2)) // the same each time
	one := func() string { return fmt.Sprint("u", random.IntN(20)) }
	dn := func(uid string) string { return "uid=" + uid + "," + there.People }
	done := 0
	for range 400 {
		mods := []ldif.Mod{{Op: ldif.ReplaceValues, Name: "mail", Values: []string{one() + "@X"}}}
		c := ldif.Change{Kind: ldif.Modify, DN: dn(one()), Mods: mods}
		switch random.IntN(6) {
		case 0:
			uid := one()
			c = ldif.Change{Kind: ldif.Add, DN: dn(uid)}
			for _, a := range [][2]string{
				{"objectClass", "inetOrgPerson"}, {"uid", uid}, {"cn", "Name"}, {"sn", "Lind"}, {"mail", one() + "@x"},
			} {
				c.Entry = append(c.Entry, ldif.Attribute{Name: a[0], Values: []string{a[1]}})
			}
		case 1:
			c = ldif.Change{Kind: ldif.Delete, DN: c.DN}
		case 2:
			c = ldif.Change{Kind: ldif.ModifyDN, DN: c.DN, NewRDN: "uid=" + one(), DeleteOldRDN: random.IntN(2) == 0}
		case 3:
			c.Mods = []ldif.Mod{{Op: ldif.AddValues, Name: "mail", Values: []string{one() + "@x"}}, {Op: ldif.ReplaceValues, Name: "title"}}
		case 4:
			c.Mods = []ldif.Mod{{Op: ldif.DeleteValues, Name: "mail"}}
		}
		made, would := real.Execute(t.Context(), steps(c), nil), foreseen.Execute(ctx, steps(c), nil)
		if (made.Err == nil) != (would.Err == nil) {
			t.Fatalf("%s: %v, foreseen %v", c, made.Err, would.Err)
		}
		if made.Err == nil {
			done++
		}
		uid := one()
		for _, s := range []Search{
			{Base: there.People, Filter: "(&(objectClass=person)(mail=" + uid + "@x))"},
			{Base: there.People, Filter: "(|(uid=" + uid + ")(mail=" + one() + "@x))"},
			{Base: there.People, Filter: "(entryDN=" + dn(uid) + ")"},
			{Base: there.People, Filter: "(name=name*)"},
			{Base: there.People, Filter: "(&(cn=name)(!(mail=*)))"},
			{Base: dn(uid), Scope: BaseObject},
		} {
			s.Attributes = []string{"uid", "cn", "mail"}
			found, err := real.Search(t.Context(), s)
			would, fault := foreseen.Search(ctx, s)
			if a, b := shownOf(found), shownOf(would); a != b || (err == nil) != (fault == nil) {
				t.Fatalf("after %s\n%s %s: %v\n%s\nforeseen: %v\n%s", c, s.Base, s.Filter, err, a, fault, b)
			}
		}
	}
	if after := len(rehearsed.Mem.Operations()); after != before || done < 100 {
		t.Errorf("%d changes of %d were sent", after-before, done)
	}
}

// TestRehearsalOfAPlace: what is below a place that was made there alone is listed.
func TestRehearsalOfAPlace(t *testing.T) {
	server := dirtest.Memory(t)
	c := open(t, server)
	ctx := Rehearse(t.Context(), &Rehearsal{})
	place := "ou=new," + server.People
	for _, dn := range []string{place, "ou=ward," + place} {
		class := ldif.Attribute{Name: "objectClass", Values: []string{"organizationalUnit"}}
		change := ldif.Change{Kind: ldif.Add, DN: dn, Entry: []ldif.Attribute{class}}
		if receipt := c.Execute(ctx, steps(change), nil); receipt.Err != nil {
			t.Fatal(receipt.Err)
		}
	}
	for base, want := range map[string]int{place: 2, "ou=none," + server.People: -1} {
		n := 0
		err := c.Enumerate(ctx, Search{Base: base, Attributes: []string{"ou"}}, func(*ldif.Entry) error { n++; return nil })
		if want < 0 && err == nil || want >= 0 && (err != nil || n != want) {
			t.Errorf("%s: %d are listed, %v", base, n, err)
		}
	}
}

// shownOf are entries as text, in an order of their own.
func shownOf(entries []*ldif.Entry) string {
	var all []string
	for _, e := range entries {
		text := strings.ToLower(e.DN)
		for _, name := range []string{"uid", "cn", "mail"} {
			text += fmt.Sprintf(" %s=%q", name, slices.Sorted(slices.Values(e.Values(name))))
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// TestRehearsalOfMany: what a search costs does not grow with what was rehearsed before it.
func TestRehearsalOfMany(t *testing.T) {
	server := dirtest.Memory(t)
	started := ""
	for n := range 200 {
		started += fmt.Sprintf("dn: uid=u%d,%s\nobjectClass: inetOrgPerson\ncn: x\nsn: Lind\nuid: u%d\n\n", n, server.People, n)
	}
	server.Load(t, started)
	c := open(t, server)
	ctx := Rehearse(t.Context(), &Rehearsal{})
	look := func(uid string) int {
		server.Mem.ResetCounts()
		s := Search{Base: server.People, Filter: "(&(objectClass=person)(uid=" + uid + "))", Attributes: []string{"mail"}}
		found, err := c.Search(ctx, s)
		if err != nil || len(found) != 1 {
			t.Fatal(uid, found, err)
		}
		return server.Mem.Counts()["search"]
	}
	look("u1")
	for n := range 200 {
		dn := fmt.Sprintf("uid=u%d,%s", n, server.People)
		change := ldif.Change{Kind: ldif.Modify, DN: dn, Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "mail", Values: []string{"u@x"}}}}
		if n < 100 {
			change = ldif.Change{Kind: ldif.ModifyDN, DN: dn, NewRDN: fmt.Sprint("uid=v", n), DeleteOldRDN: true}
		}
		if receipt := c.Execute(ctx, steps(change), nil); receipt.Err != nil {
			t.Fatal(receipt.Err)
		}
	}
	look("u199") // has the values read
	for _, uid := range []string{"v5", "u150"} {
		if n := look(uid); n > 2 {
			t.Errorf("%s: %d searches", uid, n)
		}
	}
}

// TestRehearsalBranches: what was done in a branch is taken over where nothing that it asked for was touched before, and else is not.
func TestRehearsalBranches(t *testing.T) {
	server := dirtest.Memory(t)
	dn := func(uid string) string { return "uid=" + uid + "," + server.People }
	server.Load(t, strings.ReplaceAll("dn: uid=ada,BASE\nobjectClass: inetOrgPerson\ncn: x\nsn: x\nuid: ada\n\n"+
		"dn: uid=bo,BASE\nobjectClass: inetOrgPerson\ncn: x\nsn: x\nuid: bo\n", "BASE", server.People))
	c := open(t, server)
	add := func(ctx context.Context, uid, mail string) {
		t.Helper()
		change := ldif.Change{Kind: ldif.Add, DN: dn(uid)}
		for _, a := range [][2]string{{"objectClass", "inetOrgPerson"}, {"uid", uid}, {"cn", "x"}, {"sn", "x"}, {"mail", mail}} {
			change.Entry = append(change.Entry, ldif.Attribute{Name: a[0], Values: []string{a[1]}})
		}
		if receipt := c.Execute(ctx, steps(change), nil); receipt.Err != nil {
			t.Fatal(receipt.Err)
		}
	}
	find := func(ctx context.Context, s Search) []*ldif.Entry {
		t.Helper()
		if s.Base == "" {
			s.Base = server.People
		}
		found, err := c.Search(ctx, s)
		if err != nil && s.Scope == Subtree {
			t.Fatal(err)
		}
		return found
	}
	rename := ldif.Change{Kind: ldif.ModifyDN, DN: dn("bo"), NewRDN: "uid=cy", DeleteOldRDN: true}
	for name, k := range map[string]struct {
		does  func(ctx context.Context)
		joins bool
	}{
		"another":              {func(ctx context.Context) { add(ctx, "new", "new@x") }, true},
		"asks for its value":   {func(ctx context.Context) { find(ctx, Search{Filter: "(mail=FIRST@x)"}) }, false},
		"asks for its name":    {func(ctx context.Context) { find(ctx, Search{Base: dn("first"), Scope: BaseObject}) }, false},
		"asks for all":         {func(ctx context.Context) { find(ctx, Search{Filter: "(sn=*)"}) }, false},
		"finds what it was":    {func(ctx context.Context) { find(ctx, Search{Filter: "(uid=bo)"}) }, false},
		"asks for its old DN":  {func(ctx context.Context) { find(ctx, Search{Base: dn("bo"), Scope: BaseObject}) }, false},
		"finds what it is not": {func(ctx context.Context) { find(ctx, Search{Filter: "(uid=ada)"}) }, true},
		"makes the same":       {func(ctx context.Context) { add(ctx, "first", "other@x") }, false},
	} {
		var p Rehearsal
		ctx := Rehearse(t.Context(), &p)
		branch := p.Branch(1)
		k.does(Rehearse(t.Context(), branch))
		add(ctx, "first", "first@x")
		if receipt := c.Execute(ctx, steps(rename), nil); receipt.Err != nil {
			t.Fatal(receipt.Err)
		}
		joined, err := p.Join(t.Context(), branch)
		if err != nil || joined != k.joins {
			t.Errorf("%s: joined %t, %v", name, joined, err)
		}
		made := len(find(ctx, Search{Filter: "(mail=new@x)"})) == 1 && len(find(ctx, Search{Base: dn("new"), Scope: BaseObject})) == 1
		if made != (name == "another") {
			t.Errorf("%s: %t is made", name, made)
		}
	}
}
