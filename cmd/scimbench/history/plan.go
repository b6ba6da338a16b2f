// Package history plans what clients do to a SCIM server while faults come over it, and judges what became of it: whether some order of the
// requests, each within the time between its question and its answer, explains every answer and what the directory holds afterwards. It
// sends nothing itself.
//
// A seed makes a plan; a plan that fails is made smaller by leaving out of it what it fails without.
package history

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is what an operation does.
type Kind string

// The operations of a client's.
const (
	Create       Kind = "create"
	Retitle      Kind = "retitle"
	Rename       Kind = "rename"
	Disable      Kind = "disable"
	Enable       Kind = "enable"
	SoftDelete   Kind = "soft delete" // Entra's: 32 hex digits before the name, and active false
	Restore      Kind = "restore"
	Delete       Kind = "delete"
	Get          Kind = "get"
	Find         Kind = "find" // by externalId: whoever has no answer to a create asks what became of it
	Bind         Kind = "bind" // as the user, at the directory itself
	CreateGroup  Kind = "create group"
	AddMembers   Kind = "add members"
	RemoveMember Kind = "remove member"
	RenameGroup  Kind = "rename group"
	DeleteGroup  Kind = "delete group"
	Bulk         Kind = "bulk"
)

// Op is one operation. Users and groups are called by the numbers of the operations that make them.
type Op struct {
	N       int
	Kind    Kind
	User    int
	Group   int
	Members []int
	Name    string // that is claimed; of a soft delete and a restore it is made of the name that the user had last
	Parts   []*Op  // of a bulk request

	Tries  int           // how often it is sent, where no answer tells what became of it
	Twice  bool          // it is sent twice at once
	Leaves time.Duration // the client waits no longer; 0: it does
	Pause  time.Duration // before it
}

// Fault comes over what serves the clients. What it is whoever runs the plan knows.
type Fault struct {
	Kind string
	At   time.Duration // since the round began
	For  time.Duration
	Copy int
}

// Round is what clients do between two looks at the directory while nobody writes.
type Round struct {
	Clients [][]*Op
	Faults  []Fault
}

// Plan is what a seed makes.
type Plan struct {
	Seed   uint64
	Rounds []Round
}

// Size is how many operations a plan has, those of bulk requests each for itself.
func (p *Plan) Size() (n int) {
	for _, op := range p.Ops() {
		n += max(1, len(op.Parts))
	}
	return n
}

// Ops are all operations of a plan, round by round.
func (p *Plan) Ops() (all []*Op) {
	for _, round := range p.Rounds {
		for _, ops := range round.Clients {
			all = append(all, ops...)
		}
	}
	return all
}

// Scale is how large a plan is.
type Scale struct {
	Operations, Clients, Copies int
	Each                        int      // operations of a client in a round
	Faults                      []string // kinds, that come one or two at a time; none: nothing goes wrong
}

// The faults that clients make themselves.
const (
	ClientLeaves = "client-leaves"
	ClientTwice  = "client-twice"
)

// Few enough users and groups that requests meet.
const (
	manyUsers = 60
	groups    = 14
)

// New makes a plan.
func New(seed uint64, s Scale) *Plan {
	p := &planner{Scale: s, r: rand.New(rand.NewPCG(seed, 0x5c1b)), next: 1}
	plan := &Plan{Seed: seed}
	for p.made < s.Operations {
		plan.Rounds = append(plan.Rounds, p.round())
	}
	return plan
}

type planned struct {
	n       int
	name    string // that it has if all comes to pass
	deleted bool   // softly
	again   bool   // another has the name since
}

type planner struct {
	Scale
	r      *rand.Rand
	next   int // number
	made   int
	turn   int // of the kinds of fault
	people []*planned
	groups []int
	left   []string // names that somebody had, the latest last
}

func (p *planner) round() Round {
	round := Round{Clients: make([][]*Op, p.Clients)}
	for range p.Each {
		for client := range p.Clients {
			op := p.op(true)
			p.made += max(1, len(op.Parts))
			round.Clients[client] = append(round.Clients[client], op)
		}
	}
	kinds := slices.DeleteFunc(slices.Clone(p.Faults), func(kind string) bool { return kind == ClientLeaves || kind == ClientTwice })
	// Each of them comes within a few rounds, and every second begins while the one before goes on.
	at := time.Duration(100+p.r.IntN(200)) * time.Millisecond
	for range min(8, len(kinds)) {
		lasts := time.Duration(200+p.r.IntN(900)) * time.Millisecond
		f := Fault{Kind: kinds[p.turn%len(kinds)], At: at, For: lasts, Copy: p.r.IntN(p.Copies)}
		p.turn++
		round.Faults = append(round.Faults, f)
		if at += time.Duration(p.r.IntN(500)) * time.Millisecond; p.r.IntN(2) == 0 {
			at += f.For
		}
	}
	return round
}

// op makes an operation; simple ones alone are part of a bulk request.
func (p *planner) op(top bool) *Op {
	op := &Op{N: p.next, Tries: 1}
	p.next++
	if top {
		op.Pause = time.Duration(p.r.IntN(40)) * time.Millisecond
		op.Tries += p.r.IntN(3)
		if slices.Contains(p.Faults, ClientTwice) && p.r.IntN(25) == 0 {
			op.Twice = true
		}
		if slices.Contains(p.Faults, ClientLeaves) && p.r.IntN(25) == 0 {
			op.Leaves = time.Duration(1+p.r.IntN(40)) * time.Millisecond
		}
	}
	who := p.someone(nil)
	kind := p.r.IntN(100)
	switch {
	case who == nil || len(p.people) < manyUsers/3, kind < 9 && len(p.people) < manyUsers:
		op.Kind = Create
		op.Name = p.free()
		p.people = append(p.people, &planned{n: op.N, name: op.Name})
	case kind < 14: // the newcomer of a leaver's name
		op.Kind = Create
		if leaver := p.someone(func(one *planned) bool { return one.deleted && !one.again }); leaver != nil {
			op.Name, leaver.again = leaver.name, true
		} else {
			op.Name = p.free()
		}
		p.people = append(p.people, &planned{n: op.N, name: op.Name})
	case kind < 26:
		op.Kind, op.User = Retitle, who.n
	case kind < 34:
		op.Kind, op.User, op.Name = Rename, who.n, p.free()
		p.left = append(p.left, who.name)
		who.name, who.deleted, who.again = op.Name, false, false
	case kind < 41:
		op.Kind, op.User = Disable, who.n
	case kind < 48:
		op.Kind, op.User = Enable, who.n
	case kind < 55:
		op.Kind, op.User = SoftDelete, who.n
		who.deleted = true
	case kind < 61:
		if leaver := p.someone(func(one *planned) bool { return one.deleted }); leaver != nil {
			who = leaver
		}
		op.Kind, op.User = Restore, who.n
		who.deleted = false
	case kind < 69 || len(p.people) >= manyUsers && kind < 72:
		op.Kind, op.User = Delete, who.n
		p.people = slices.DeleteFunc(p.people, func(one *planned) bool { return one == who })
		p.left = append(p.left, who.name)
	case kind < 74:
		op.Kind, op.User = Get, who.n
	case kind < 78 && top:
		op.Kind, op.User = Bind, who.n
	case kind < 79 || len(p.groups) < groups/2:
		op.Kind, op.Name = CreateGroup, p.groupName()
		op.Members = p.several()
		p.groups = append(p.groups, op.N)
	case kind < 88:
		op.Kind, op.Group, op.Members = AddMembers, p.group(), p.several()
	case kind < 93:
		op.Kind, op.Group, op.Members = RemoveMember, p.group(), []int{who.n}
	case kind < 95:
		op.Kind, op.Group, op.Name = RenameGroup, p.group(), p.groupName()
	case kind < 97 && len(p.groups) > groups/2:
		op.Kind, op.Group = DeleteGroup, p.group()
		p.groups = slices.DeleteFunc(p.groups, func(n int) bool { return n == op.Group })
	case top:
		op.Kind, op.Twice = Bulk, false
		for range 2 + p.r.IntN(3) {
			op.Parts = append(op.Parts, p.op(false))
		}
	default:
		op.Kind, op.User = Retitle, who.n
	}
	return op
}

// someone is one of those who are such, one of the latest as often as any.
func (p *planner) someone(such func(*planned) bool) *planned {
	all := p.people
	if such != nil {
		all = slices.DeleteFunc(slices.Clone(all), func(one *planned) bool { return !such(one) })
	}
	if len(all) == 0 {
		return nil
	}
	if p.r.IntN(2) == 0 && len(all) > 8 {
		all = all[len(all)-8:]
	}
	return all[p.r.IntN(len(all))]
}

func (p *planner) several() (all []int) {
	for range 1 + p.r.IntN(3) {
		if one := p.someone(nil); one != nil && !slices.Contains(all, one.n) {
			all = append(all, one.n)
		}
	}
	return all
}

func (p *planner) group() int { return p.groups[p.r.IntN(len(p.groups))] }

// free is a name that nobody had, or one of the latest that somebody left, and now and then one that somebody has.
func (p *planner) free() string {
	switch kind := p.r.IntN(16); {
	case kind == 0 && len(p.people) > 0:
		return p.someone(nil).name
	case kind < 6 && len(p.left) > 0:
		i := max(0, len(p.left)-1-p.r.IntN(8))
		name := p.left[i]
		p.left = slices.Delete(p.left, i, i+1)
		return name
	}
	return fmt.Sprintf("n%d@contoso.example", p.next)
}

// groupName is a name that no group had, and now and then one of the latest.
func (p *planner) groupName() string {
	if len(p.groups) > 0 && p.r.IntN(8) == 0 {
		return fmt.Sprintf("team %d", p.groups[p.r.IntN(len(p.groups))])
	}
	return fmt.Sprintf("team %d", p.next)
}
