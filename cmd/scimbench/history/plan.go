// Package history plans what clients do to a SCIM server while faults come over it, and judges what became of it: whether some order of the
// requests, each within the time between its question and its answer, explains every answer and what the directory holds afterwards. It
// sends nothing itself.
//
// A seed makes a plan; a plan that fails is made smaller by leaving out of it what it fails without.
package history

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
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

// Few enough users and names that requests meet, and enough that most find their own.
const (
	manyUsers = 60
	names     = 250
	groups    = 14
	groupName = 200
	meeting   = 8 // of so many claims one may be of what another has
)

// New makes a plan.
func New(seed uint64, s Scale) *Plan {
	p := &planner{Scale: s, r: rand.New(rand.NewPCG(seed, 0x5c1b)), taken: map[string]bool{}, next: 1}
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
	blocked bool
}

type crew struct {
	n       int
	members []int
}

type planner struct {
	Scale
	r      *rand.Rand
	next   int // number
	made   int
	turn   int // of the kinds of fault
	people []*planned
	groups []*crew
	taken  map[string]bool
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
		op.Kind, op.Name = Create, p.name()
		p.comes(op)
	case kind < 14: // the newcomer of a leaver's name
		op.Kind, op.Name = Create, p.name()
		if leaver := p.someone(p.leaver()); leaver != nil {
			op.Name = leaver.name
		}
		p.comes(op)
	case kind < 26:
		op.Kind, op.User = Retitle, who.n
	case kind < 34:
		op.Kind, op.User, op.Name = Rename, who.n, p.name()
		if !p.taken[op.Name] {
			p.leaves(who)
			who.name, who.deleted = op.Name, false
			p.taken[who.name] = true
		}
	case kind < 41:
		who = cmp.Or(p.someone(func(one *planned) bool { return !one.blocked }), who)
		op.Kind, op.User = Disable, who.n
		who.blocked = true
	case kind < 48:
		who = cmp.Or(p.someone(func(one *planned) bool { return one.blocked && !one.deleted }), who)
		op.Kind, op.User = Enable, who.n
		who.blocked = false
	case kind < 55:
		who = cmp.Or(p.someone(func(one *planned) bool { return !one.deleted }), who)
		op.Kind, op.User = SoftDelete, who.n
		p.leaves(who)
		who.deleted, who.blocked = true, true
	case kind < 61:
		who = cmp.Or(p.someone(p.leaver()), who)
		op.Kind, op.User = Restore, who.n
		if !who.deleted || !p.taken[who.name] {
			who.deleted, who.blocked = false, false
			p.taken[who.name] = true
		}
	case kind < 69 || len(p.people) >= manyUsers && kind < 72:
		op.Kind, op.User = Delete, who.n
		p.people = slices.DeleteFunc(p.people, func(one *planned) bool { return one == who })
		p.leaves(who)
		for _, group := range p.groups {
			group.members = slices.DeleteFunc(group.members, func(n int) bool { return n == who.n })
		}
	case kind < 74:
		op.Kind, op.User = Get, who.n
	case kind < 78 && top:
		op.Kind, op.User = Bind, who.n
	case kind < 79 || len(p.groups) < groups/2:
		op.Kind, op.Name = CreateGroup, p.groupName()
		op.Members = p.several()
		p.groups = append(p.groups, &crew{op.N, slices.Clone(op.Members)})
	case kind < 88:
		group := p.group()
		op.Kind, op.Group, op.Members = AddMembers, group.n, p.several()
		group.members = append(group.members, op.Members...)
	case kind < 93:
		group := p.group()
		op.Kind, op.Group, op.Members = RemoveMember, group.n, []int{who.n}
		if len(group.members) > 0 && p.r.IntN(meeting) > 0 {
			at := p.r.IntN(len(group.members))
			op.Members[0] = group.members[at]
			group.members = slices.Delete(group.members, at, at+1)
		}
	case kind < 95:
		op.Kind, op.Group, op.Name = RenameGroup, p.group().n, p.groupName()
	case kind < 97 && len(p.groups) > groups/2:
		group := p.group()
		op.Kind, op.Group = DeleteGroup, group.n
		p.groups = slices.DeleteFunc(p.groups, func(one *crew) bool { return one == group })
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

// leaves has a user leave his name, where he has it.
func (p *planner) leaves(one *planned) {
	if !one.deleted {
		delete(p.taken, one.name)
	}
}

// leaver picks who left and whose name is free, and now and then anybody who left.
func (p *planner) leaver() func(*planned) bool {
	meets := p.r.IntN(meeting) == 0
	return func(one *planned) bool { return one.deleted && (meets || !p.taken[one.name]) }
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

func (p *planner) group() *crew { return p.groups[p.r.IntN(len(p.groups))] }

// name is a name that nobody has, and now and then one that somebody has: then the claim is to be refused.
func (p *planner) name() string {
	for {
		name := fmt.Sprintf("n%03d@contoso.example", p.r.IntN(names))
		if !p.taken[name] || p.r.IntN(meeting) == 0 {
			return name
		}
	}
}

// comes has who is created be there, unless another has the name.
func (p *planner) comes(op *Op) {
	if !p.taken[op.Name] {
		p.people = append(p.people, &planned{n: op.N, name: op.Name})
		p.taken[op.Name] = true
	}
}

func (p *planner) groupName() string { return "team " + strconv.Itoa(p.r.IntN(groupName)) }
