package journal

import (
	"context"
	"slices"
	"time"

	"scimbridge/ldapmap/ldif"
)

// Other is a change of another record's, made or maybe made, to an entry that an intent is about too.
type Other struct {
	Change ldif.Change // as it was sent, where that is known, and under the condition that was planned
	Keeps  ldif.Keeps  // what that was to keep true
	Sure   bool        // the directory confirmed to the bridge that sent it that it was made
	Made   string      // of an Add: the id of the entry, where it is known
	Left   *ldif.Entry // as it left the entry, where the server showed it

	TakenBack bool // it was made, and is no more
}

// apart is how far the clocks of the bridges that share a journal may be apart.
const apart = 5 * time.Minute

// Others are the changes of other records, since the intent, to the entries that it is about. own are further records of the same request.
func (e *Entry) Others(ctx context.Context, own ...ID) ([]Other, error) {
	return e.ledger.others(ctx, Account{ID: e.ID(), Intent: *e.intent}, own...)
}

// others are the changes of other records, since the intent, to the entries that it is about.
func (l *Ledger) others(ctx context.Context, a Account, own ...ID) (others []Other, err error) {
	about := map[string]bool{}
	subjects := []string{}
	add := func(text string) {
		if key := Subject(text); key != "" && !about[key] {
			about[key] = true
			subjects = append(subjects, key)
		}
	}
	for _, s := range a.Plan.Steps {
		add(s.Change.DN)
		add(s.Change.If.ID)
		if s.Change.Kind == ldif.ModifyDN {
			add(s.Change.NewDN())
		}
	}
	err = Find(ctx, l.store, Query{Since: a.Time.Add(-apart), keys: subjects}, func(b Account) error {
		if b.ID == a.ID || b.Kind != KindIntent || slices.Contains(own, b.ID) {
			return nil
		}
		for i := range b.Plan.Steps {
			o, was := b.other(i)
			c := o.Change
			if was && (about[Subject(c.DN)] || about[Subject(c.If.ID)] || c.Kind == ldif.ModifyDN && about[Subject(c.NewDN())]) {
				others = append(others, o)
			}
		}
		return nil
	})
	return others, err
}

// other is what the account tells of its step i; false: it was not made, or had nothing to change.
func (a *Account) other(i int) (o Other, was bool) {
	o.Change, o.Keeps = a.Plan.Steps[i].Change, a.Plan.Steps[i].Keeps
	if a.Done == nil {
		return o, true
	}
	s := a.Done.Receipt.Steps[i]
	o.Left = s.Left
	if o.Change.Kind == ldif.Add && !o.Change.Place {
		o.Made = a.Done.ID
	}
	if s.Sent.Kind != "" {
		held := o.Change.If
		o.Change = s.Sent
		o.Change.If = held
	}
	switch {
	case s.Changed():
		o.Sure = !a.Done.Found && !s.ReadBack
		return o, true
	case s.State == ldif.Unknown, s.State == ldif.TakenBack:
		o.TakenBack = s.State == ldif.TakenBack
		return o, true
	}
	return o, false
}
