package bridge

import (
	"context"
	"fmt"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// This file takes numbers for new entries (ldapmap.Counter). What was taken is never given back: a create that fails wastes its number.

// allot takes a number from each counter for the entry that the plan makes, if the guard lets it run.
func (r *request) allot(ctx context.Context, plan ldif.Plan, counters []*ldapmap.Counter, facts draft.Facts) (draft.Facts, error) {
	if err := r.guard.Judge(ctx, r.world, r.server, plan); err != nil {
		return facts, err
	}
	select { // within one copy of the bridge those who want one wait for one another, rather than to lose it to one another
	case r.taking <- struct{}{}:
		defer func() { <-r.taking }()
	case <-ctx.Done():
		return facts, ctx.Err()
	}
	for _, c := range counters {
		n, err := r.take(ctx, c)
		if err != nil {
			return facts, about(err, c.DN, "")
		}
		facts = facts.Allotted(c, n)
	}
	return facts, nil
}

// takes is how often a number is tried to be taken: each time another copy of the bridge was quicker.
const takes = 100

// take takes the next number that nobody has.
func (r *request) take(ctx context.Context, c *ldapmap.Counter) (n int, err error) {
	for attempt := range takes {
		if err = pause(ctx, min(attempt, 4)); err != nil {
			return 0, err
		}
		var plan ldif.Plan
		if plan, n, err = r.taken(ctx, c); err != nil {
			return 0, err
		}
		if err = r.guard.Judge(ctx, r.world, r.server, plan); err != nil {
			return 0, err
		}
		err = r.execute(ctx, plan, journal.Number, nil).Err
		switch why := reasonOf(err); {
		case err == nil && plan.Before != nil:
			return n, nil
		case err == nil, why == reason.LostRace, why == reason.Exists, why == reason.Unknown: // what is there now decides
		case why == reason.NoSuchObject:
			return 0, r.noNumber(c, "the place of the counter is missing, or hidden from the bridge's account")
		default:
			return 0, err
		}
	}
	return 0, err
}

// taken plans to take a number, or to make the counter where it is not there yet.
func (r *request) taken(ctx context.Context, c *ldapmap.Counter) (plan ldif.Plan, n int, err error) {
	attributes := withNeeds([]string{r.server.IDAttribute, c.Attribute}, r.guard.Needs(r.world))
	found, err := r.directory.Search(ctx, directory.Search{Base: c.DN, Scope: directory.BaseObject, Attributes: attributes})
	switch {
	case reasonOf(err) == reason.NoSuchObject && len(c.Classes) > 0:
		if n, err = r.highest(ctx, c); err == nil {
			r.log.Info("the counter of a range of numbers is made above the highest in use", "dn", c.DN, "next", n+1)
		}
		return c.Made(n + 1), 0, err
	case err == nil && len(found) == 0, reasonOf(err) == reason.NoSuchObject:
		return plan, 0, r.noNumber(c, "the counter is missing, or hidden from the bridge's account")
	case err != nil:
		return plan, 0, err
	}
	if owner := r.world.TypeOf(found[0]); owner != nil {
		return plan, 0, r.noNumber(c, "the counter is a "+owner.Name+", which clients may change")
	}
	next, ok := c.Next(found[0])
	if !ok {
		return plan, 0, r.noNumber(c, "the counter's "+c.Attribute+" is not one number")
	}
	if n, err = r.unheld(ctx, c, next); err != nil {
		return plan, 0, err
	}
	return c.Taken(found[0], n), n, nil
}

// highest is the highest number of the range that is in use anywhere; where none is, the one below the first.
func (r *request) highest(ctx context.Context, c *ldapmap.Counter) (highest int, err error) {
	highest = c.From - 1
	for _, base := range c.Contexts {
		search := directory.Search{Base: base, Filter: c.Holders(), Attributes: c.Of}
		if err = r.directory.Enumerate(ctx, search, func(e *ldif.Entry) error {
			for _, n := range c.Held(e) {
				highest = max(highest, n)
			}
			return nil
		}); err != nil {
			return 0, err
		}
	}
	return highest, nil
}

// numbersASearch is how many numbers are numbersASearch for at once: one given by hand is passed over.
const numbersASearch = 20

// unheld is the first number from next on that nobody has.
func (r *request) unheld(ctx context.Context, c *ldapmap.Counter, next int) (int, error) {
	for next <= c.To {
		var numbers []int
		for n := next; n <= c.To && len(numbers) < numbersASearch; n++ {
			numbers = append(numbers, n)
		}
		held := map[int]bool{}
		for _, base := range c.Contexts {
			search := directory.Search{Base: base, Filter: c.Holders(numbers...), Attributes: c.Of}
			found, err := r.directory.Search(ctx, search)
			if err != nil {
				return 0, err
			}
			for _, e := range found {
				for _, n := range c.Held(e) {
					held[n] = true
				}
			}
		}
		for _, n := range numbers {
			if !held[n] {
				return n, nil
			}
		}
		next += len(numbers)
	}
	return 0, r.noNumber(c, fmt.Sprintf("all numbers from %d to %d are used up: the range (allocate.to) must grow", c.From, c.To))
}

// noNumber tells the operator why there is no number, and the client that there is none.
func (r *request) noNumber(c *ldapmap.Counter, why string) error {
	r.log.Error("there is no number for a new entry", "counter", c.DN, "numbers", c.Of, "problem", why)
	return &reason.Error{
		Reason: reason.NoNumber, Detail: fmt.Sprintf("there is no number for %s: %s", c.Of[0], why),
	}
}
