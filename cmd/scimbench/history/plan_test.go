package history

import (
	"cmp"
	"testing"
)

// TestSeed: a seed makes one plan.
func TestSeed(t *testing.T) {
	s := Scale{Operations: 500, Clients: 4, Copies: 3, Each: 20, Faults: []string{"slow", ClientLeaves, ClientTwice}}
	if a, b := New(7, s).String(), New(7, s).String(); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	if a, b := New(7, s).String(), New(8, s).String(); a == b {
		t.Error("two seeds make one plan")
	}
}

// TestMix: most operations of a plan do something, when they are done one after the other and all of them succeed that can.
func TestMix(t *testing.T) {
	plan := New(7, Scale{Operations: 20_000, Clients: 8, Copies: 3, Each: 120, Faults: []string{ClientTwice}})
	type user struct {
		name            string
		active, deleted bool
	}
	users, groups, of, idle := map[int]*user{}, map[int]string{}, map[string]int{}, map[Kind]int{}
	made, members := map[Kind]int{}, map[[2]int]bool{}
	var take func(op *Op)
	claims := func(n int, name string) bool {
		if holder := of[name]; holder != 0 && holder != n {
			return false
		}
		of[name] = n
		return true
	}
	leaves := func(u *user) {
		if !u.deleted {
			delete(of, u.name)
		}
	}
	take = func(op *Op) {
		did, u := true, users[op.User]
		switch op.Kind {
		case Create:
			if did = claims(op.N, op.Name); did {
				users[op.N] = &user{name: op.Name, active: true}
			}
		case CreateGroup, RenameGroup:
			n := cmp.Or(op.Group, op.N)
			for other, name := range groups {
				did = did && (other == n || name != op.Name)
			}
			if _, there := groups[n]; did && (there || op.Group == 0) {
				groups[n] = op.Name
			}
			did = did && groups[n] == op.Name
		case AddMembers, RemoveMember:
			did = false
			for _, n := range op.Members {
				at := [2]int{op.Group, n}
				did = did || groups[op.Group] != "" && users[n] != nil && members[at] == (op.Kind == RemoveMember)
				members[at] = op.Kind == AddMembers
			}
		case DeleteGroup:
			did = groups[op.Group] != ""
			delete(groups, op.Group)
		case Bulk:
			for _, part := range op.Parts {
				take(part)
			}
			return
		default:
			if u == nil {
				did = false
				break
			}
			switch op.Kind {
			case Rename:
				if old := *u; claims(op.User, op.Name) {
					leaves(&old)
					of[op.Name] = op.User
					u.name, u.deleted = op.Name, false
				} else {
					did = false
				}
			case Disable, Enable:
				u.active = op.Kind == Enable
			case SoftDelete:
				did = !u.deleted
				leaves(u)
				u.deleted, u.active = true, false
			case Restore:
				if did = u.deleted && claims(op.User, u.name); did {
					u.deleted, u.active = false, true
				}
			case Delete:
				leaves(u)
				delete(users, op.User)
			}
		}
		if made[op.Kind]++; !did {
			idle[op.Kind]++
		}
	}
	for _, op := range asPlanned(plan) {
		take(op)
	}
	all, nothing := 0, 0
	for kind, n := range made {
		all, nothing = all+n, nothing+idle[kind]
		t.Logf("%s: %d, of which %d do nothing", kind, n, idle[kind])
	}
	if nothing*10 > all {
		t.Errorf("of %d operations %d do nothing", all, nothing)
	}
}

// asPlanned are the operations in the order in which they were planned.
func asPlanned(p *Plan) (all []*Op) {
	for _, round := range p.Rounds {
		for at := range round.Clients[0] {
			for _, ops := range round.Clients {
				all = append(all, ops[at])
			}
		}
	}
	return all
}
