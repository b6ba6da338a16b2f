package directory

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// TestListSettledOnce: of a list that is sent again in many changes a server is asked once which of the first one's values it holds, and
// then for the list, whatever others put into it meanwhile. Each change is told as what was left of it.
func TestListSettledOnce(t *testing.T) {
	s := dirtest.OpenLDAP(t)
	proxy := dirtest.Counted(t, s)
	c := open(t, s, func(o *Options) { o.URLs, o.TLS = []string{proxy.URL}, TLSOptions{} })
	dn := func(name string) string { return "uid=" + name + "," + s.People }
	group := "cn=staff," + s.Groups
	text := "dn: " + group + "\nobjectClass: groupOfNames\ncn: staff\n"
	var plan ldif.Plan
	const changes = 6
	for n := range changes {
		old, fresh := dn(fmt.Sprint("old", n)), dn(fmt.Sprint("new", n))
		text += "member: " + strings.ToUpper(old) + "\n"
		plan.Steps = append(plan.Steps, ldif.Step{Change: ldif.Change{Kind: ldif.Modify, DN: group, Mods: []ldif.Mod{
			{Op: ldif.AddValues, Name: "member", Values: []string{old, fresh}, Settled: true},
		}}})
	}
	s.Load(t, text)
	if _, err := c.Server(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.ResetCounts()
	modifies, other := 0, s.Connect(t)
	proxy.Before(func(operation string) {
		if operation != "modify" {
			return
		}
		if modifies++; modifies == 7 { // the fourth change, for the first time
			r := ldap.NewModifyRequest(group, nil)
			r.Add("member", []string{dn("new3")})
			if err := other.Modify(r); err != nil {
				t.Error(err)
			}
		}
	})
	receipt := c.Execute(t.Context(), plan, nil)
	if receipt.Err != nil {
		t.Fatal(receipt.Err)
	}
	for n, step := range receipt.Steps {
		var want []ldif.Mod
		if n != 3 {
			want = plan.Steps[n].Change.Mods
			want = []ldif.Mod{{Op: ldif.AddValues, Name: "member", Values: want[0].Values[1:], Settled: true}}
		}
		if !sameMods(step.Sent.Mods, want) || step.State != ldif.Done {
			t.Errorf("change %d: %v %v", n, step.State, step.Sent)
		}
	}
	if n := proxy.Counts()["search"]; n != 3 { // for the values of the first, for the list, and for the list again
		t.Errorf("%d searches", n)
	}
	held := read(t, c, group, "member").Values("member")
	for n := range changes {
		if !slices.Contains(held, dn(fmt.Sprint("new", n))) || len(held) != 2*changes {
			t.Errorf("it holds %v", held)
		}
	}
}

// TestSettledForAWhile: where a value was as it should be when a change was refused, and is not when it is looked at, another is at work:
// the race is lost.
func TestSettledForAWhile(t *testing.T) {
	s := dirtest.OpenLDAP(t)
	proxy := dirtest.Counted(t, s)
	c := open(t, s, func(o *Options) { o.URLs, o.TLS = []string{proxy.URL}, TLSOptions{} })
	if _, err := c.Server(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, anna, mara := s.Connect(t), "uid=anna,"+s.People, "uid=mara,"+s.People
	for name, mod := range map[string]ldif.Mod{
		"joins":  {Op: ldif.AddValues, Name: "member", Values: []string{mara}, Settled: true},
		"leaves": {Op: ldif.DeleteValues, Name: "member", Values: []string{anna}, Settled: true},
	} {
		group := "cn=" + name + "," + s.Groups
		s.Load(t, "dn: "+group+"\nobjectClass: groupOfNames\ncn: "+name+"\nmember: "+anna+"\nmember: cn=no-member\n")
		swap := func(gone, come string) {
			r := ldap.NewModifyRequest(group, nil)
			r.Delete("member", []string{gone})
			r.Add("member", []string{come})
			if err := other.Modify(r); err != nil {
				t.Error(err)
			}
		}
		var before, after sync.Once
		proxy.Before(func(operation string) {
			switch operation {
			case "modify":
				before.Do(func() { swap(anna, mara) })
			case "search":
				after.Do(func() { swap(mara, anna) })
			}
		})
		change := ldif.Change{Kind: ldif.Modify, DN: group, Mods: []ldif.Mod{mod}}
		receipt := c.Execute(t.Context(), ldif.Plan{Steps: []ldif.Step{{Change: change}}}, nil)
		proxy.Before(nil)
		held := read(t, c, group, "member").Values("member")
		if reasonOf(receipt.Err) != reason.LostRace || receipt.At(ldif.Refused) != 0 || slices.Contains(held, mara) {
			t.Errorf("%s: %v, it holds %v", name, receipt.Err, held)
		}
	}
}
