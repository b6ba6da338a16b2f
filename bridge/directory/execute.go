package directory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// Execute runs the plan's steps in order and tells what became of each. When a step is not done, the inverses of those before it run in
// reverse order; where one cannot be taken back, it and those before it stand, and the receipt's error is PartlyDone; a refused one that is
// Alone stops nothing, and the receipt's error tells of it. Where it is Unknown whether a step was done, nothing is taken back. What the
// receipt says of an entry as a step left it is what the server's post-read (RFC 4527) showed: its version, and of the last step the
// attributes of read too. The receipt's error is an *Error.
func (c *Client) Execute(ctx context.Context, p ldif.Plan, read []string) ldif.Receipt {
	return c.ExecuteUnless(ctx, p, read, func(ldif.Step) (*ldif.Entry, error) { return nil, nil })
}

// Look is made before a step is sent. It returns the step's entry as it shows it, nil where it is not looked at, or an *Error where the
// step is not to be sent.
type Look func(ldif.Step) (*ldif.Entry, error)

// ExecuteUnless is Execute, where the plan stops before a step that look has an *Error of.
func (c *Client) ExecuteUnless(ctx context.Context, p ldif.Plan, read []string, look Look) ldif.Receipt {
	receipt := ldif.NewReceipt(p)
	if p.Empty() {
		return receipt
	}
	server, err := c.Server(ctx)
	if err != nil {
		receipt.Err = err
		return receipt
	}
	r := &run{client: c, server: server, lists: map[list]holds{}, began: map[string]time.Time{}}
	left := map[string]*ldif.Entry{} // by id
	sent, keeps := time.Now(), p.Keeps()
	for i, step := range p.Steps {
		var asked []string
		if i == len(p.Steps)-1 {
			asked = read
		}
		if step.Change.If.Made {
			step.Change.If.ID, err = r.made(ctx, step.Change.DN)
		}
		id := step.Change.If.ID
		if err == nil && i > 0 && keeps && gone(sent) > 2*c.options.Timeout {
			err = &Error{Reason: reason.LostRace, Cause: errStoodStill}
		}
		if err == nil {
			sent = time.Now()
			if _, known := r.began[id]; !known {
				r.began[id] = time.Now()
			}
			receipt.Steps[i], err = r.step(ctx, step, look, left[id], asked)
		}
		if step.Keeps.Late && Overtaken(err) {
			err = nil
			continue
		}
		if step.Alone && receipt.Steps[i].State == ldif.Refused {
			if receipt.Err == nil || !Overtaken(receipt.Err) && begins(err) { // what may come off yet tells how to go on
				receipt.Err = err
			}
			err = nil
			continue
		}
		if err != nil {
			receipt.Err = r.takeBack(ctx, receipt, i, err)
			break
		}
		left[id] = receipt.Steps[i].Left
	}
	return receipt
}

// run is one execution of a plan.
type run struct {
	client *Client
	server *ldif.Server
	id     string               // of the entry that the plan made, once it was asked for
	gone   error                // that entry is not where it was made
	began  map[string]time.Time // when the first change of each entry was sent, by its id
	lists  map[list]holds       // that were read; nil: which of a change's values one holds was asked
}

// made is the id of the entry that the plan has made with the DN.
func (r *run) made(ctx context.Context, dn string) (string, error) {
	if r.id != "" || r.gone != nil {
		return r.id, r.gone
	}
	e, err := r.client.one(ctx, dn, r.server.IDAttribute)
	switch {
	case err == nil:
		r.id = r.server.ID(e)
	case Overtaken(err): // deleted, or renamed
		r.gone = &Error{Reason: reason.LostRace, Cause: err}
		err = r.gone
	}
	return r.id, err
}

// begins says that the plan may be made anew, and come off: another was quicker, or a class demands a member to be left.
func begins(err error) bool {
	return Overtaken(err) || resultCode(err) == ldap.LDAPResultObjectClassViolation
}

// Overtaken says that another was quicker: the entry is another by now, is elsewhere, or has gone.
func Overtaken(err error) bool {
	e, _ := errors.AsType[*Error](err)
	return e != nil && (e.Reason == reason.LostRace || e.Reason == reason.NoSuchObject)
}

// awaited is for how long at least nobody takes a name that an entry of a plan gave up, and that a group has yet to let go of.
const awaited = 300 * time.Millisecond

// StepTime is longer than a write takes from when a step of it that keeps references true is sent until the next has been done, and than
// the grain of the server's versions. Where a program stood still in between, it does not go on: others may have put right what it left.
func (c *Client) StepTime(server *ldif.Server) time.Duration {
	long := 5 * c.options.Timeout // two may be gone, and then it is asked who has a name, connected, and sent again
	if server.VersionForm == ldif.VersionDigest {
		long += time.Second
	}
	return long
}

// gone is how much time is gone, also where the machine slept, whose steady clock stands still meanwhile.
func gone(since time.Time) time.Duration {
	return max(time.Since(since), time.Now().Round(0).Sub(since.Round(0)))
}

var errStoodStill = errors.New("the bridge stood still between two steps")

// mayGo tells of a reference that is Late whether the name that is to go is still that of nobody. Soon after the target gave it up it is.
// Later, as where this machine stopped, another may have it: he took it out of the group, and may be in it by it himself. nil: it is no
// such reference.
func (r *run) mayGo(ctx context.Context, keeps ldif.Keeps) func() error {
	if !keeps.Late {
		return nil
	}
	return func() error {
		if began, known := r.began[keeps.ID]; known && time.Since(began) < awaited || r.nobody(ctx, keeps) {
			return nil
		}
		return &Error{Reason: reason.LostRace} // or nobody can tell
	}
}

// nobody says that nobody has the name that a target had.
func (r *run) nobody(ctx context.Context, had ldif.Keeps) bool {
	if had.Of == "" {
		_, err := r.client.one(ctx, had.Old, noAttributes)
		e, _ := errors.AsType[*Error](err)
		return e != nil && e.Reason == reason.NoSuchObject
	}
	var searches []Search
	for _, base := range r.server.Contexts {
		filter := ldif.Equality(had.Of, had.Old)
		searches = append(searches, Search{Base: base, Filter: filter, Attributes: []string{noAttributes}})
	}
	found, err := r.client.SearchAll(ctx, searches)
	return err == nil && len(searches) > 0 && len(found) == 0
}

// step looks, and sends a step's change. What is held to how an earlier step left the entry, which showed nothing of it (a rename, a
// password's operation), is held to the entry as the look shows it, and both are made again where another has changed it before the answer:
// only if it is done late, when nobody waits for it, it is to find that somebody was told otherwise.
func (r *run) step(
	ctx context.Context, step ldif.Step, look Look, left *ldif.Entry, read []string,
) (receipt ldif.StepReceipt, err error) {
	unshown := step.Change.If.AsLeft && left == nil && r.server.Controls[controlAssertion]
	for range settleRounds {
		var now *ldif.Entry
		if now, err = look(step); now == nil && err == nil && unshown {
			now, err = r.client.one(ctx, step.Change.DN, r.server.VersionAttribute)
		}
		if err != nil {
			return ldif.StepReceipt{}, err
		}
		receipt, err = r.change(ctx, step.Change, r.mayGo(ctx, step.Keeps), cmp.Or(left, now), read)
		if !unshown || resultCode(err) != ldap.LDAPResultAssertionFailed {
			break
		}
	}
	return receipt, err
}

// change sends one change record, or what is to be done in its place, where mayGo has nothing against it (nil: it has not). left is the
// entry as an earlier change left it, or as it was seen since.
func (r *run) change(
	ctx context.Context, change ldif.Change, mayGo func() error, left *ldif.Entry, read []string,
) (ldif.StepReceipt, error) {
	switch {
	case change.Operation:
		return r.setPassword(ctx, change)
	case change.Else == nil:
		return r.conditional(ctx, change, left, read)
	}
	if mayGo == nil {
		mayGo = func() error { return nil }
	}
	if err := mayGo(); err != nil {
		return ldif.StepReceipt{}, err
	}
	receipt, err := r.conditional(ctx, change.Strict(), left, read)
	if resultCode(err) != ldap.LDAPResultNoSuchAttribute {
		return receipt, err
	}
	if err := mayGo(); err != nil {
		return ldif.StepReceipt{}, err
	}
	if len(change.Else.Mods) == 0 {
		return outcome(*change.Else, nil)
	}
	return r.change(ctx, *change.Else, nil, left, read)
}

// conditional sends one change record under its condition.
func (r *run) conditional(ctx context.Context, change ldif.Change, left *ldif.Entry, read []string) (ldif.StepReceipt, error) {
	if p := rehearsal(ctx); p != nil {
		change = p.told(r.server, change)
	}
	planned := len(change.Mods)
	change, err := r.byDN(ctx, change)
	if err != nil || len(change.Mods) == 0 && planned > 0 {
		return outcome(change, err)
	}
	controls, err := r.condition(change, left)
	if err != nil {
		return ldif.StepReceipt{}, &Error{Reason: reason.Failed, Cause: err}
	}
	change = r.heldByValue(change)
	receipt, err := r.send(ctx, change, read, controls)
	switch code := resultCode(err); {
	case code == ldap.LDAPResultEntryAlreadyExists && change.Place: // made by another meanwhile
		change.Entry = nil
		return outcome(change, nil)
	case code == ldap.LDAPResultAssertionFailed && r.heldAllTheSame(ctx, change, left):
		return r.send(ctx, change, read, nil)
	}
	return receipt, err
}

// send sends one change record with the controls that hold its condition.
func (r *run) send(ctx context.Context, change ldif.Change, read []string, controls []ldap.Control) (ldif.StepReceipt, error) {
	if change.Kind == ldif.Modify {
		return r.modify(ctx, change, read, controls)
	}
	if p := rehearsal(ctx); p != nil {
		_, err := p.write(ctx, r, change, nil)
		return outcome(change, r.client.explain(err, &change))
	}
	_, err := call(weighing(ctx, change), r.client, sends(change), func(l *ldap.Conn) (struct{}, error) {
		switch change.Kind {
		case ldif.Add:
			if change.Revives != "" {
				return struct{}{}, l.Modify(revival(change, controls))
			}
			request := ldap.NewAddRequest(change.DN, controls)
			for _, a := range change.Entry {
				request.Attribute(a.Name, a.Values)
			}
			return struct{}{}, l.Add(request)
		case ldif.Delete:
			return struct{}{}, l.Del(ldap.NewDelRequest(r.target(change), controls))
		default:
			return struct{}{}, l.ModifyDN(ldap.NewModifyDNWithControlsRequest(
				change.DN, change.NewRDN, change.DeleteOldRDN, change.NewSuperior, controls))
		}
	})
	return outcome(change, r.client.explain(err, &change))
}

// outcome is the receipt of a change that was sent, or tried to be.
func outcome(sent ldif.Change, err error) (ldif.StepReceipt, error) {
	if err == nil {
		return ldif.StepReceipt{Sent: sent, State: ldif.Done}, nil
	}
	e, _ := errors.AsType[*Error](err)
	switch {
	case e.Reason == reason.Unknown:
		return ldif.StepReceipt{Sent: sent, State: ldif.Unknown}, err
	case e.Reason == reason.Unavailable || isShed(err):
		return ldif.StepReceipt{}, err
	}
	return ldif.StepReceipt{Sent: sent, State: ldif.Refused}, err
}

// modify sends a modification. Where the server refuses values whose state is already as wanted, what is left is sent; where it cannot find
// a value that it shows, the attribute goes as a whole.
func (r *run) modify(ctx context.Context, change ldif.Change, read []string, controls []ldap.Control) (ldif.StepReceipt, error) {
	if r.server.Controls[controlPostRead] {
		controls = append(controls, readEntry(controlPostRead, withVersion(read, r.server)))
	}
	controls = append(controls, r.preRead(change)...)
	for round := range settleRounds {
		was, left, err := r.exchange(ctx, change, read, controls)
		if err == nil {
			if r.overtook(change, was) {
				return r.putRight(ctx, change, was)
			}
			return ldif.StepReceipt{Sent: change, State: ldif.Done, Left: left}, nil
		}
		rest := r.unsettled
		switch {
		case r.mayBeSettled(change, err):
		case mayBeUnmatched(change, err):
			rest = r.unmatched
		default:
			return outcome(change, r.client.explain(err, &change))
		}
		if round > 0 {
			r.forget()
		}
		mods, fault := rest(ctx, change)
		switch {
		case fault != nil:
			return ldif.StepReceipt{Sent: change, State: ldif.Refused}, fault
		case sameMods(mods, change.Mods): // the fault lies elsewhere, or was over when it was looked for
			return outcome(change, passed(change, r.client.explain(err, &change)))
		}
		change.Mods = mods
		if len(mods) == 0 { // all of it is so already
			return outcome(change, nil)
		}
	}
	return outcome(change, &Error{Reason: reason.LostRace, Cause: errUnsettled})
}

// exchange sends a modification once. was and left are the entry before it and after, as far as the server shows it.
func (r *run) exchange(ctx context.Context, change ldif.Change, read []string, controls []ldap.Control) (was, left *ldif.Entry, err error) {
	if p := rehearsal(ctx); p != nil {
		if r.server.Controls[controlPostRead] {
			read = withVersion(read, r.server)
		} else {
			read = nil
		}
		left, err = p.write(ctx, r, change, read)
		return nil, left, err
	}
	result, err := call(weighing(ctx, change), r.client, modifies, func(l *ldap.Conn) (*ldap.ModifyResult, error) {
		return l.ModifyWithResult(r.modifyRequest(change, controls))
	})
	if err != nil {
		return nil, nil, err
	}
	was, errWas := entryRead(controlPreRead, result.Controls)
	left, errLeft := entryRead(controlPostRead, result.Controls)
	if err := cmp.Or(errWas, errLeft); err != nil {
		r.client.log.Warn("directory: the pre-read or post-read could not be read", "error", err)
	}
	return was, left, nil
}

// settleRounds bounds how often the rest of a change is sent: somebody else is changing the same values.
const settleRounds = 4

var errUnsettled = errors.New("the values kept changing while they were written")

func (r *run) modifyRequest(change ldif.Change, controls []ldap.Control) *ldap.ModifyRequest {
	request := ldap.NewModifyRequest(r.target(change), controls)
	for _, m := range change.Mods {
		switch m.Op {
		case ldif.AddValues:
			request.Add(m.Name, m.Values)
		case ldif.DeleteValues:
			request.Delete(m.Name, m.Values)
		default:
			request.Replace(m.Name, m.Values)
		}
	}
	return request
}

// target names the entry that a Modify or Delete is for, by its id where the server takes that: no rename changes it. A ModifyDN does not
// take that form.
func (r *run) target(change ldif.Change) string { return r.server.ByID(change.If.ID, change.DN) }

// withVersion adds the version attribute: the next change may have to assert it, and it is what whoever takes the change back later goes
// by.
func withVersion(read []string, s *ldif.Server) []string {
	if ldif.Named(read, s.VersionAttribute) {
		return read
	}
	return append(slices.Clip(read), s.VersionAttribute)
}

func sameMods(a, b []ldif.Mod) bool {
	return slices.EqualFunc(a, b, func(x, y ldif.Mod) bool { return x.Name == y.Name && slices.Equal(x.Values, y.Values) })
}

// byValue says that a modification deletes values that must be there.
func byValue(m ldif.Mod) bool { return m.Op == ldif.DeleteValues && !m.Settled && len(m.Values) > 0 }

// mayBeUnmatched says whether the refusal of a modification may mean that the server cannot find a value by its text: ApacheDS takes
// pwdAccountLockedTime's 000001010000Z for no time.
func mayBeUnmatched(change ldif.Change, err error) bool {
	switch resultCode(err) {
	case ldap.LDAPResultNoSuchAttribute, ldap.LDAPResultInappropriateMatching, ldap.LDAPResultInvalidAttributeSyntax:
		return slices.ContainsFunc(change.Mods, byValue)
	}
	return false
}

// unmatched returns the modifications with the attribute as a whole in the place of values that are, to the letter, all that the entry
// shows of it. Where it shows others, somebody has changed it.
func (r *run) unmatched(ctx context.Context, change ldif.Change) ([]ldif.Mod, error) {
	mods := slices.Clone(change.Mods)
	for i, m := range mods {
		if !byValue(m) {
			continue
		}
		e, err := r.client.one(ctx, r.target(change), m.Name)
		if err != nil {
			return nil, err
		}
		if shown := slices.Sorted(slices.Values(e.Values(m.Name))); slices.Equal(shown, slices.Sorted(slices.Values(m.Values))) {
			mods[i].Values = nil
		}
	}
	return mods, nil
}
