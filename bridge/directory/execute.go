package directory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Execute runs the plan's steps in order. When a step after the first fails, the inverses of those done run in reverse order; if an
// inverse fails too the error wraps a *HalfDone. So it does when it is Unknown whether the step was done: then nothing is taken back.
// The entry returned holds the attributes of read as the last step left them where that step is a Modify and the server answers
// post-reads (RFC 4527), else nil.
func (c *Client) Execute(ctx context.Context, p ldif.Plan, read []string) (*ldif.Entry, error) {
	if p.Empty() {
		return nil, nil
	}
	server, err := c.Server(ctx)
	if err != nil {
		return nil, err
	}
	r := &run{client: c, server: server}
	for i, step := range p.Steps {
		var want []string
		if i == len(p.Steps)-1 {
			want = read
		}
		if err := r.change(ctx, step.Change, want); err != nil {
			return nil, r.takeBack(ctx, p.Steps[:i], step.Change, err)
		}
	}
	if r.left == nil || len(read) == 0 {
		return nil, nil
	}
	return without(server.VersionAttribute, r.left, read), nil
}

// run is one execution of a plan.
type run struct {
	client *Client
	server *ldif.Server
	left   *ldif.Entry // what the post-read of the last change showed, nil where there was none
}

// settled says whether every modification of the change is a success where it is so already.
func settled(c ldif.Change) bool {
	return len(c.Mods) > 0 && !slices.ContainsFunc(c.Mods, func(m ldif.Mod) bool { return !m.Settled })
}

// takeBack runs the inverses of the steps done, last first, and returns the error of the plan.
func (r *run) takeBack(ctx context.Context, done []ldif.Step, failed ldif.Change, cause error) error {
	if len(done) == 0 {
		return cause
	}
	e, _ := errors.AsType[*Error](cause)
	if e.Reason == Unknown {
		unknown := *e
		unknown.Cause = half(done, failed, e.Cause)
		return &unknown
	}
	ctx = context.WithoutCancel(ctx) // the caller's deadline may be why the step failed
	for i, step := range slices.Backward(done) {
		if step.Inverse == nil && settled(step.Change) {
			continue // it says how things are to be, whatever they were: the same request again goes on from there
		}
		err := errNoInverse
		if step.Inverse != nil {
			err = r.change(ctx, *step.Inverse, nil)
		}
		if err != nil {
			stands := *e
			stands.Reason, stands.RetryAfter = Failed, 0
			stands.Cause = half(done[:i+1], failed, err)
			return &stands
		}
	}
	return cause
}

var errNoInverse = errors.New("the change has no inverse")

func half(done []ldif.Step, failed ldif.Change, cause error) *HalfDone {
	h := &HalfDone{Failed: failed, Cause: cause}
	for _, step := range done {
		h.Done = append(h.Done, step.Change)
	}
	return h
}

// change sends one change record and keeps what its post-read showed.
func (r *run) change(ctx context.Context, change ldif.Change, read []string) error {
	controls, err := r.condition(change.If)
	if err != nil {
		return &Error{Reason: Failed, Cause: err}
	}
	r.left = nil
	if change.Kind == ldif.Modify {
		return r.modify(ctx, change, read, controls)
	}
	_, err = call(ctx, r.client, true, func(l *ldap.Conn) (struct{}, error) {
		switch change.Kind {
		case ldif.Add:
			request := ldap.NewAddRequest(change.DN, controls)
			for _, a := range change.Entry {
				request.Attribute(a.Name, a.Values)
			}
			return struct{}{}, l.Add(request)
		case ldif.Delete:
			return struct{}{}, l.Del(ldap.NewDelRequest(r.target(change), controls))
		default:
			return struct{}{}, l.ModifyDN(ldap.NewModifyDNWithControlsRequest(change.DN, change.NewRDN, change.DeleteOldRDN, change.NewSuperior, controls))
		}
	})
	return r.client.explain(err, &change)
}

// modify sends a modification. Where the server refuses values whose state is already as wanted, what is left is sent.
func (r *run) modify(ctx context.Context, change ldif.Change, read []string, controls []ldap.Control) error {
	if r.server.Controls[controlPostRead] {
		controls = append(controls, postRead(withVersion(read, r.server)))
	}
	for range settleRounds {
		result, err := call(ctx, r.client, true, func(l *ldap.Conn) (*ldap.ModifyResult, error) {
			return l.ModifyWithResult(r.modifyRequest(change, controls))
		})
		if err == nil {
			r.left, err = postReadEntry(result.Controls)
			if err != nil {
				r.client.log.Warn("directory: the post-read could not be read", "error", err)
			}
			return nil
		}
		if !r.mayBeSettled(change, err) {
			return r.client.explain(err, &change)
		}
		mods, fault := r.unsettled(ctx, change)
		switch {
		case fault != nil:
			return fault
		case len(mods) == 0:
			return nil
		case sameMods(mods, change.Mods): // the fault lies elsewhere
			return r.client.explain(err, &change)
		}
		change.Mods = mods
	}
	return &Error{Reason: LostRace, Cause: errUnsettled}
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

// target names the entry that a Modify or Delete is for, by its id where the server takes that: no rename changes it. A ModifyDN does not take that form.
func (r *run) target(change ldif.Change) string { return r.server.ByID(change.If.ID, change.DN) }

// condition holds a change to its condition where the server can assert (RFC 4528).
func (r *run) condition(c ldif.Condition) ([]ldap.Control, error) {
	if !r.server.Controls[controlAssertion] {
		return nil, nil
	}
	version := c.Version
	if c.AsLeft {
		// After a change that showed nothing the version is not known, and the id has to do.
		version = r.left.Value(r.server.VersionAttribute)
	}
	var items []string
	if c.ID != "" {
		items = append(items, "("+r.server.IDAttribute+"="+ldif.EscapeFilter(c.ID)+")")
	}
	if version != "" {
		items = append(items, "("+r.server.VersionAttribute+"="+ldif.EscapeFilter(version)+")")
	}
	if len(items) == 0 {
		return nil, nil
	}
	filter := items[0]
	if len(items) > 1 {
		filter = "(&" + strings.Join(items, "") + ")"
	}
	control, err := assertion(filter)
	return []ldap.Control{control}, err
}

// withVersion adds the version attribute, which the next change may have to assert.
func withVersion(read []string, s *ldif.Server) []string {
	if holds(read, s.VersionAttribute) {
		return read
	}
	return append(slices.Clip(read), s.VersionAttribute)
}

// without leaves out the version where it was not asked for.
func without(version string, e *ldif.Entry, read []string) *ldif.Entry {
	if !holds(read, version) && !holds(read, "+") {
		e.Set(version)
	}
	return e
}

func sameMods(a, b []ldif.Mod) bool {
	return slices.EqualFunc(a, b, func(x, y ldif.Mod) bool { return x.Name == y.Name && slices.Equal(x.Values, y.Values) })
}
