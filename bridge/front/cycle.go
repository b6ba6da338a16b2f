package front

import (
	"context"
	"slices"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/inspect/preview"
	"scimbridge/ldapmap/ldif"
)

// Cycle foresees the requests of a client, one after the other: each sees done what those before it would do. Nothing is written.
type Cycle struct {
	Unsure error // why it is not known what guard.limits say to all of it

	server    *Server
	caller    access.Caller
	foresight bridge.Foresight
	branch    *bridge.Foresight // in its place; nil: it is none
}

func (c *Cycle) foresees() *bridge.Foresight {
	if c.branch != nil {
		return c.branch
	}
	return &c.foresight
}

// Cycle begins one of the caller's.
func (s *Server) Cycle(caller access.Caller) *Cycle {
	return &Cycle{server: s, caller: caller, foresight: bridge.Foresight{Counts: true}}
}

// Branch foresees what comes next beside the cycle. number is its own, from 1 on.
func (c *Cycle) Branch(number int) preview.Bridge {
	return &Cycle{server: c.server, caller: c.caller, branch: c.foresight.Branch(number)}
}

// Join takes over what a branch foresaw, if it would have come to the same here.
func (c *Cycle) Join(ctx context.Context, branch preview.Bridge) (joined bool, err error) {
	b := branch.(*Cycle)
	if b.Unsure != nil {
		return false, nil
	}
	return c.foresight.Join(ctx, b.branch)
}

// Holds are what guard.limits would hold of it so far, in words.
func (c *Cycle) Holds() []string { return c.foresight.Holds() }

// Ask foresees a request.
func (c *Cycle) Ask(ctx context.Context, r preview.Request) (a preview.Answer, err error) {
	f := c.foresees()
	f.Forget()
	answer, err := c.server.Foresee(ctx, f, c.caller, Message{Method: r.Method, Target: r.Target, Body: r.Body})
	if err != nil {
		return a, err
	}
	a = preview.Answer{Status: answer.Status, Body: answer.Body, Reason: f.Reason}
	for _, read := range f.Reads() {
		if read.Scope == directory.Subtree && len(a.Found) == 0 {
			a.Found = read.Found
		}
	}
	for _, part := range f.Parts() {
		for _, d := range part.Dropped {
			a.Dropped = append(a.Dropped, d.Path)
		}
		for _, p := range part.Plans {
			if p.Unsure != nil {
				c.Unsure = p.Unsure
			}
			a.Plans = append(a.Plans, planned(p))
		}
		if conflict := part.Conflict; conflict != nil {
			dns := dnsOf(conflict.Entries)
			if conflict.Several {
				a.Meant = dns
			} else {
				a.Taken, a.Foreign = dns, conflict.Foreign
			}
		}
	}
	return a, nil
}

// planned is a plan as a preview tells of it.
func planned(p bridge.ForeseenPlan) preview.Plan {
	if p.Receipt != nil {
		return preview.DoneBy(*p.Receipt)
	}
	return preview.Plan{Before: p.Plan.Before, DN: p.Plan.DN(), Outside: bridge.IsOutside(p.Refused)}
}

func dnsOf(entries []*ldif.Entry) (dns []string) {
	for _, e := range entries {
		dns = append(dns, e.DN)
	}
	slices.Sort(dns)
	return dns
}
