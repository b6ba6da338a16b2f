package history

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Checker judges round after round.
type Checker struct {
	last  Snapshot
	ids   map[int]string // of users and groups
	round *round         // the last
}

// NewChecker begins with a directory that holds nobody.
func NewChecker() *Checker { return &Checker{ids: map[int]string{}} }

// Round judges what was answered between the snapshot before and this one.
func (c *Checker) Round(events []*Event, now Snapshot) []Violation {
	r := &round{
		before: c.last, now: now, acts: map[register][]act{},
		groups: map[int][]*Event{}, lives: map[int][]*Event{}, made: map[register][]*Event{},
		ended: map[register][]*Event{}, renames: map[int][]*Event{}, refused: map[int][]*Event{},
	}
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b *Event) int { return cmp.Compare(a.Start, b.Start) })
	c.round, r.events = r, events
	for _, e := range events {
		r.take(e)
	}
	r.looks()
	r.judge()
	r.judgeMembers()
	r.judgeNames(events)
	r.judgeIDs(c.ids, events)
	c.last = now
	return r.wrong
}

// register is what a client reads and writes of one user or group.
type register struct {
	what string
	of   int // whose it is: a user's, or the group's where it is a group's
	user int // of a membership
}

func (r register) String() string {
	switch r.what {
	case membership:
		return fmt.Sprintf("whether user %d is in group %d", r.user, r.of)
	case groupNames:
		return fmt.Sprintf("the name of group %d", r.of)
	}
	return fmt.Sprintf("the %s of user %d", r.what, r.of)
}

const (
	title      = "title"
	userName   = "userName"
	active     = "active"
	groupNames = "displayName"
	membership = "membership"
)

// The states of a register: a value is written with a sign before it.
const (
	absent = ""     // it was not made
	gone   = "gone" // it was deleted, as is the membership of who or whose group was
	value  = "="
	in     = value + "in"
	out    = value + "out"
)

type round struct {
	before, now Snapshot
	events      []*Event // by when they were asked
	acts        map[register][]act
	groups      map[int][]*Event // by group
	lives       map[int][]*Event // of users: creates and deletes
	made, ended map[register][]*Event
	renames     map[int][]*Event // by user
	refused     map[int][]*Event // by the user or group
	wrong       []Violation
}

// end is when an event was over: of what nobody knows the end of, when nobody wrote any more.
func (r *round) end(e *Event) time.Duration {
	if e.Unknown() {
		return r.now.At
	}
	return e.End
}

func is(state string) bool { return strings.HasPrefix(state, value) }

func (r *round) add(to register, e *Event, must bool, do func(string) (string, bool)) {
	r.acts[to] = append(r.acts[to], act{start: e.Start, end: r.end(e), must: must, do: do, by: e})
}

// writes has an event that was not refused write a value.
func (r *round) writes(to register, e *Event, written string) {
	if e.Refused() {
		return
	}
	r.add(to, e, e.Done(), func(state string) (string, bool) { return value + written, is(state) })
}

func (r *round) makes(to register, e *Event, written string) {
	if e.Refused() {
		return
	}
	r.made[to] = append(r.made[to], e)
	r.add(to, e, e.Done(), func(state string) (string, bool) {
		// Where the answer of the directory was lost, what the same request beside it made is what it wished for.
		as := state == value+written && slices.ContainsFunc(r.made[to], func(other *Event) bool { return r.beside(e, other) })
		return value + written, !is(state) || as
	})
	if e.Unknown() { // which is taken back where another has the name
		r.ends(to, e)
	}
}

func (r *round) ends(to register, e *Event) {
	if e.Refused() {
		return
	}
	r.ended[to] = append(r.ended[to], e)
	r.add(to, e, e.Done(), func(state string) (string, bool) {
		return gone, is(state) || state == gone && slices.ContainsFunc(r.ended[to], func(other *Event) bool { return r.beside(e, other) })
	})
}

// beside says that two events were under way at once: of two that end one thing then both may say that they did.
func (r *round) beside(a, b *Event) bool { return a != b && a.Start <= r.end(b) && b.Start <= r.end(a) }

func (r *round) reads(to register, e *Event, read string) {
	r.add(to, e, true, func(state string) (string, bool) {
		return state, state == value+read || is(state) && r.passing(to, e, read)
	})
}

// passing says that what was read is a value of a rename that was under way: where the name cannot be given it is taken back, and the
// rename begins anew, so that it may have come and gone before it was there for good.
func (r *round) passing(to register, e *Event, read string) bool {
	return slices.ContainsFunc(r.renames[to.of], func(other *Event) bool { return Title(other.Op.N) == read && r.beside(e, other) })
}

// Title is the title that an operation gives.
func Title(n int) string { return fmt.Sprintf("title %d", n) }

// take has an event bear on registers.
func (r *round) take(e *Event) {
	op := e.Op
	of := cmp.Or(op.User, op.N)
	titles, logins, actives := register{what: title, of: of}, register{what: userName, of: of}, register{what: active, of: of}
	name := strings.ToLower(e.Name)
	if e.Refused() {
		n := cmp.Or(op.User, op.Group, op.N)
		r.refused[n] = append(r.refused[n], e)
	}
	switch op.Kind {
	case Create:
		r.lives[of] = append(r.lives[of], e)
		r.makes(titles, e, Title(op.N))
		r.makes(logins, e, name)
		r.makes(actives, e, "true")
	case Retitle:
		if e.Matched != nil && !e.Refused() {
			r.add(titles, e, e.Done(), func(state string) (string, bool) { return value + Title(op.N), state == value+e.Matched.Title })
		} else {
			r.writes(titles, e, Title(op.N))
		}
	case Rename:
		r.renames[of] = append(r.renames[of], e)
		r.writes(titles, e, Title(op.N))
		r.writes(logins, e, name)
	case Disable:
		r.writes(titles, e, Title(op.N))
		r.writes(actives, e, "false")
	case Enable:
		r.writes(actives, e, "true")
	case SoftDelete:
		r.writes(logins, e, name)
		r.writes(actives, e, "false")
	case Restore:
		r.writes(logins, e, name)
		r.writes(actives, e, "true")
	case Delete:
		r.lives[of] = append(r.lives[of], e)
		r.ends(titles, e)
		r.ends(logins, e)
		r.ends(actives, e)
	case Bind:
		if e.Done() {
			r.reads(actives, e, "true")
		}
	case CreateGroup, AddMembers, RemoveMember, RenameGroup, DeleteGroup:
		r.takeGroup(e)
		return
	case Get, Find, Bulk:
	}
	if e.Status == http.StatusNotFound && op.Kind != Find {
		r.add(logins, e, true, func(state string) (string, bool) { return state, !is(state) })
	}
	if e.Shown != nil && e.Done() {
		r.reads(titles, e, e.Shown.Title)
		r.reads(logins, e, strings.ToLower(e.Shown.Name))
		r.reads(actives, e, fmt.Sprint(e.Shown.Active))
	}
}

func (r *round) takeGroup(e *Event) {
	of := cmp.Or(e.Op.Group, e.Op.N)
	names := register{what: groupNames, of: of}
	r.groups[of] = append(r.groups[of], e)
	switch e.Op.Kind {
	case CreateGroup:
		r.makes(names, e, strings.ToLower(e.Name))
	case RenameGroup:
		r.writes(names, e, strings.ToLower(e.Name))
	case DeleteGroup:
		r.ends(names, e)
	default:
		if e.Done() {
			r.add(names, e, true, func(state string) (string, bool) { return state, is(state) })
		}
	}
	if e.Status == http.StatusNotFound {
		r.add(names, e, true, func(state string) (string, bool) { return state, !is(state) })
	}
}

// looks are the readings of the snapshot.
func (r *round) looks() {
	for to := range r.acts {
		read, there := r.now.state(to)
		r.look(to, read, there)
	}
	for n := range r.now.Users { // nobody wrote to them
		for _, what := range []string{title, userName, active} {
			to := register{what: what, of: n}
			if _, judged := r.acts[to]; !judged {
				r.look(to, r.state(r.now, to), true)
			}
		}
	}
	for n := range r.before.Users {
		to := register{what: userName, of: n}
		if _, judged := r.acts[to]; !judged && r.now.Users[n] == nil {
			r.look(to, absent, false)
		}
	}
	for n := range r.before.Groups {
		to := register{what: groupNames, of: n}
		if _, judged := r.acts[to]; !judged {
			read, there := r.now.state(to)
			r.look(to, read, there)
		}
	}
}

func (r *round) state(s Snapshot, of register) string {
	read, _ := s.state(of)
	return read
}

func (r *round) look(to register, read string, there bool) {
	say := fmt.Sprintf("the directory has %s: %q", to, strings.TrimPrefix(read, value))
	if !there {
		say = fmt.Sprintf("the directory has nobody of whom to tell %s", to)
	}
	r.acts[to] = append(r.acts[to], act{
		start: r.now.At, end: r.now.At, must: true, say: say,
		do: func(state string) (string, bool) {
			if there {
				return state, state == read
			}
			return state, !is(state)
		},
	})
}

// state is what a snapshot says of a register.
func (s Snapshot) state(of register) (state string, there bool) {
	switch of.what {
	case groupNames:
		if t := s.Groups[of.of]; t != nil {
			return value + t.Name, true
		}
		return absent, false
	case membership:
		if s.Users[of.user] == nil || s.Groups[of.of] == nil {
			return absent, false
		}
		if slices.Contains(s.Groups[of.of].Members, of.user) {
			return in, true
		}
		return out, true
	}
	a := s.Users[of.of]
	if a == nil {
		return absent, false
	}
	return value + map[string]string{title: a.Title, userName: a.Name, active: fmt.Sprint(a.Active)}[of.what], true
}

// judge looks for an order of each register's acts.
func (r *round) judge() {
	for _, of := range sorted(r.acts) {
		r.judgeOne(of, r.state(r.before, of), r.acts[of])
	}
}

func sorted[T any](known map[register]T) (all []register) {
	for of := range known {
		all = append(all, of)
	}
	slices.SortFunc(all, func(a, b register) int {
		return cmp.Or(cmp.Compare(a.what, b.what), cmp.Compare(a.of, b.of), cmp.Compare(a.user, b.user))
	})
	return all
}

func (r *round) judgeOne(of register, initial string, acts []act) {
	v := Violation{Of: []int{of.of}, Initial: fmt.Sprintf("%q", strings.TrimPrefix(initial, value))}
	if of.what == membership {
		v.Of = append(v.Of, of.user)
	}
	also := r.refused[of.of]
	if of.what == membership {
		also = slices.Concat(r.groups[of.of], r.lives[of.user], r.renames[of.user])
	}
	switch ordered(initial, acts) {
	case possible:
		return
	case impossible:
		v.What = fmt.Sprintf("no order of these explains %s", of)
	case undecided:
		v.What = fmt.Sprintf("there are too many orders to judge %s", of)
	}
	for _, a := range acts {
		if a.by == nil {
			v.What += "; " + a.say
		} else if !slices.Contains(v.Events, a.by) {
			v.Events = append(v.Events, a.by)
		}
	}
	for _, e := range also { // which may have done more than was answered
		if !slices.Contains(v.Events, e) {
			v.Events = append(v.Events, e)
		}
	}
	slices.SortStableFunc(v.Events, func(a, b *Event) int { return cmp.Compare(a.Start, b.Start) })
	r.wrong = append(r.wrong, v)
}
