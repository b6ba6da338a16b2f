package preview

import (
	"context"
	"maps"
)

// A row mostly has nothing to do with another, and a directory answers several searches at once. So rows are asked for beside one another,
// each as if it were the first, and taken over in their order: a row whose answers those before it would have changed is asked for again.

// ahead is how many rows are asked for at once.
const ahead = 16

// apart is a row that was asked for by itself.
type apart struct {
	account account
	own     *cycle
	err     error
}

// all goes through the people.
func (c *cycle) all() error {
	brancher, several := c.bridge.(Brancher)
	if !several {
		for i := range c.people {
			if err := c.person(&c.people[i]); err != nil {
				return err
			}
			c.step()
		}
		return nil
	}
	ctx, stop := context.WithCancel(c.ctx)
	defer stop()
	under := make(chan chan apart, ahead)
	go func() {
		defer close(under)
		for i := range c.people {
			done := make(chan apart, 1)
			select {
			case under <- done:
			case <-ctx.Done():
				return
			}
			own := &cycle{
				ctx: ctx, bridge: brancher.Branch(i + 1), match: c.match, owners: map[string]Line{}, dropped: map[string]int{},
			}
			a := c.people[i]
			go func() {
				err := own.person(&a)
				done <- apart{a, own, err}
			}()
		}
	}()
	i := 0
	for done := range under {
		if err := c.takes(&c.people[i], brancher, <-done); err != nil {
			return err
		}
		c.step()
		i++
	}
	return c.ctx.Err()
}

// takes takes a row over, or asks for it again.
func (c *cycle) takes(a *account, brancher Brancher, done apart) error {
	if done.err != nil {
		return done.err
	}
	owned := false
	for id := range done.own.owners {
		_, other := c.owners[id]
		owned = owned || other
	}
	if !owned {
		joined, err := brancher.Join(c.ctx, done.own.bridge)
		if err != nil {
			return err
		}
		if joined {
			*a = done.account
			maps.Copy(c.owners, done.own.owners)
			for path, n := range done.own.dropped {
				c.dropped[path] += n
			}
			return nil
		}
	}
	return c.person(a)
}
