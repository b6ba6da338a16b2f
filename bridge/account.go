package bridge

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/tracing"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// account is what a request tells the journal in the store: the intent of each plan before anything of it is sent, and what became of them
// all before the client is answered. nil: there is no store.
type account struct {
	body  []byte      // secrets blanked
	whole *ldif.Entry // that is to be deleted, with all that can be read of it
	// referrers are those of what is to be deleted that the directory itself takes out. Those that the bridge takes out stand in its plan.
	referrers []ldif.Reference
	name      string   // of the resource
	undo      *undoing // that it is about; nil: it is another request
	plans     []*accounted
	plan      ldif.Plan // the last that was made
	confirms  []string  // what that request finds so already: see journal.Intent
}

// accounted is a plan whose intent is recorded.
type accounted struct {
	entry   *journal.Entry
	receipt ldif.Receipt
	id      string // of the entry that it made
	known   bool   // what became of it
	closed  bool
}

// accounts begins to account for a request. What is read of the body is told by its resource type.
func (r *request) accounts(body []byte) {
	if r.ledger != nil && (r.foreseen == nil || r.call.Foresight.DryRun) {
		r.account = &account{body: journal.Blank(body, r.secretsOf(r.typ.Name))}
	}
}

// secretNames are the SCIM attributes of each type, in lower case, whose values nobody may read.
func secretNames(m *compile.Map) map[string][]string {
	names := map[string][]string{}
	for _, t := range m.Types {
		rt := t.Resource
		found := []string{"password"}
		gather := func(attributes []*schema.Attribute) {
			for _, a := range attributes {
				for _, a := range append([]*schema.Attribute{a}, a.SubAttributes...) {
					if a.Mutability == schema.WriteOnly || a.Returned == schema.Never {
						found = append(found, strings.ToLower(a.Name))
					}
				}
			}
		}
		gather(rt.Core.Attributes)
		for _, x := range rt.Extensions {
			gather(x.Schema.Attributes)
		}
		names[t.Name] = found
	}
	return names
}

// secretsOf are the names of the secrets of a type, or of all.
func (b *Bridge) secretsOf(typ string) []string {
	if names, known := b.secrets[typ]; known {
		return names
	}
	var all []string
	for _, names := range b.secrets {
		all = append(all, names...)
	}
	return all
}

// planned notes the plan that was made of a draft: of a refusal it is what was wanted.
func (r *request) planned(d *draft.Draft, w draft.Write, plan ldif.Plan) {
	if r.account == nil {
		return
	}
	r.account.plan, r.account.confirms = plan, d.Confirms()
	if name := nameOf(w); name != "" {
		r.account.name = name
	}
}

// nameOf is what people call the resource that is written by.
func nameOf(w draft.Write) (name string) {
	for _, resource := range []map[string]any{w.Before, w.After} {
		for _, attribute := range []string{"displayName", "userName"} {
			if text, _ := resource[attribute].(string); text != "" {
				name = text
			}
		}
	}
	return name
}

// intend records that a plan is about to run; nil where there is no store. Plans of this request that were refused are told with it, so
// that nobody has to look up later what became of them.
func (r *request) intend(ctx context.Context, plan ldif.Plan, why journal.Why, follows *accounted) (*accounted, error) {
	if r.foreseen != nil {
		return nil, r.foresee(ctx, plan, why)
	}
	if r.account == nil {
		return nil, nil
	}
	for _, a := range r.account.plans {
		if a.known && !a.closed && a.receipt.Err != nil && !a.receipt.Unsure() {
			r.close(a, journal.Done{})
		}
	}
	i := r.intentOf(plan)
	i.Why = cmp.Or(why, i.Why)
	var of *journal.Entry
	if follows != nil {
		of = follows.entry
	}
	began := time.Now()
	entry, err := r.begun(ctx, i, of)
	tracing.Ended(ctx, tracing.Internal, "journal intent", began, faultOf(err))
	if err != nil {
		return nil, err
	}
	a := &accounted{entry: entry, receipt: ldif.NewReceipt(plan)}
	r.account.plans = append(r.account.plans, a)
	return a, nil
}

// intentOf is what the journal is told of a plan.
func (r *request) intentOf(plan ldif.Plan) journal.Intent {
	i := journal.Intent{
		RequestID: r.call.RequestID, Activity: r.call.Activity, Part: r.call.Part, Caller: r.call.Caller, Client: r.call.Client,
		Operation: r.operation, Type: r.typ.Name, Name: r.account.name, DN: plan.DN(), Body: r.account.body, Plan: plan,
		Secret: func(name string) bool {
			return slices.ContainsFunc(r.world.Types, func(t *ldapmap.Type) bool { return t.Secret(name) })
		},
		Subjects: r.named(plan),
	}
	if plan.Before != nil {
		i.ID = r.typ.ID(plan.Before)
	}
	if plan.Before == r.account.plan.Before {
		i.Confirms = r.account.confirms
	}
	r.account.undo.tells(&i)
	i.Referrers = r.account.referrers
	if whole := r.account.whole; whole != nil && plan.Before != nil && r.typ.ID(whole) == i.ID {
		i.Whole = whole
	}
	return i
}

// named are those whom a plan adds to entries as members and other references, or takes out.
func (r *request) named(plan ldif.Plan) (names []string) {
	for _, s := range plan.Steps {
		for _, m := range s.Change.Mods {
			if !m.Settled {
				continue
			}
			for _, v := range m.Values {
				if id, byID := r.server.IDNamed(v); byID {
					v = id
				}
				names = append(names, v)
			}
		}
	}
	return names
}

// confirms is intend for a plan that is empty, since all is so already: where that confirms a block. An undo of what blocked the account
// then knows that this was asked for again.
func (r *request) confirms(ctx context.Context, a *attempt) (err error) {
	if r.account == nil || len(r.account.confirms) == 0 {
		return nil
	}
	a.account, err = r.intend(ctx, a.receipt.Plan, a.why(), nil)
	a.account.tell(a.receipt)
	return err
}

// tell notes what became of a plan so far.
func (a *accounted) tell(receipt ldif.Receipt) {
	if a != nil {
		a.receipt, a.known = receipt.Known(), true
	}
}

// tell notes what became of a plan so far, and tells the journal that does not wait for the end.
func (r *request) tell(a *accounted, receipt ldif.Receipt) {
	a.tell(receipt)
	r.record(receipt)
}

// made notes the id of the entry that the plan made.
func (a *accounted) made(id string) {
	if a != nil {
		a.id = id
	}
}

// execute runs a plan that the request did not ask for, and accounts for it. Where the journal cannot be told before, nothing is sent.
func (r *request) execute(ctx context.Context, plan ldif.Plan, why journal.Why, follows *accounted) ldif.Receipt {
	a, err := r.intend(ctx, plan, why, follows)
	if err != nil {
		receipt := ldif.NewReceipt(plan)
		receipt.Err = err
		return receipt
	}
	receipt := r.directory.Execute(ctx, plan, nil)
	r.tell(a, receipt)
	return receipt
}

func (r *request) close(a *accounted, d journal.Done) <-chan error {
	d.Receipt, d.ID, a.closed = a.receipt, a.id, true
	return a.entry.Close(d)
}

// answered tells the journal what the client is told, and waits until it is written down. What was refused before anything was sent is a
// record too where a plan of it was made.
func (r *request) answered(ctx context.Context, result *Result, err error) (*Result, error) {
	r.foreseen.ends(err)
	if r.account == nil {
		return result, err
	}
	status, why, detail := told(r.operation, result, err)
	var written []<-chan error
	for _, a := range r.account.plans { // those that were told already, and not with what, too
		written = append(written, r.close(a, journal.Done{Status: status, Detail: detail}))
	}
	switch {
	case r.foreseen != nil && len(r.foreseen.Plans) == 0:
		return result, err
	case r.foreseen != nil:
		written = r.rehearsed(status, why, detail)
	case len(r.account.plans) == 0:
		if err == nil || r.account.plan.Empty() {
			return result, err
		}
		refusal := journal.Refusal{Intent: r.intentOf(r.account.plan), Status: status, Reason: why, Detail: detail}
		written = append(written, r.ledger.Refuse(refusal))
	}
	began := time.Now()
	for _, w := range written {
		select {
		case <-w:
		case <-ctx.Done():
		}
	}
	if len(written) > 0 {
		tracing.Ended(ctx, tracing.Internal, "journal receipt", began, faultOf(ctx.Err()))
	}
	if err != nil {
		err = &recorded{err}
	}
	return result, err
}

// faultOf is an error as a span has it.
func faultOf(err error) string {
	if err == nil {
		return ""
	}
	return Explain(err).Reason.String()
}

// lost tells the journal of a request that a panic ended: of what was begun, and not told yet, nobody knows what became.
func (r *request) lost() {
	if r.account == nil {
		return
	}
	fault := &reason.Error{Reason: reason.Panic}
	status, why, detail := told(r.operation, nil, fault)
	for _, a := range r.account.plans {
		if a.closed {
			continue
		}
		if !a.known {
			for n, step := range a.receipt.Plan.Steps {
				a.receipt.Steps[n] = ldif.StepReceipt{Sent: step.Change, State: ldif.Unknown}
			}
			a.receipt.Err = fault
		}
		r.close(a, journal.Done{Status: status, Reason: why, Detail: detail})
	}
}

// recorded is an error that the journal knows of.
type recorded struct{ error }

func (r *recorded) Unwrap() error { return r.error }

// told is what the client hears. An undo has none: what came of it is told, and no status.
func told(operation string, result *Result, err error) (status int, why, detail string) {
	switch {
	case operation == "undo" && err != nil:
		f := Explain(err)
		return 0, f.Reason.String(), f.Detail
	case operation == "undo":
		return 0, "", ""
	case err != nil:
		f := Explain(err)
		return f.Status, f.Reason.String(), f.Detail
	case result == nil || result.Resource == nil:
		return http.StatusNoContent, "", ""
	case operation == "create":
		return http.StatusCreated, "", ""
	}
	return http.StatusOK, "", ""
}

// Refused tells the journal of a request that was refused, unless it knows. typ, id and body are what the request was about, as far as
// anybody looked.
func (b *Bridge) Refused(c Call, operation, typ, id string, body []byte, f Failure) {
	if f.recorded || b.ledger == nil || c.Foresight != nil && !c.Foresight.DryRun {
		return
	}
	foreseen := journal.Why("")
	if c.Foresight != nil {
		foreseen = journal.DryRun
	}
	name := ""
	if id == "" { // of who is there it is a name that was asked for, and may be another's
		name = f.Name
	}
	written := b.ledger.Refuse(journal.Refusal{
		Intent: journal.Intent{
			RequestID: c.RequestID, Activity: c.Activity, Part: c.Part, Caller: c.Caller, Client: c.Client, Operation: operation, Type: typ,
			Why: foreseen, ID: id, Name: name, DN: f.DN, Body: bytes.Clone(journal.Blank(body, b.secretsOf(typ))),
		},
		Status: f.Status, Reason: f.Reason.String(), Detail: f.Detail,
	})
	if c.Caller != "" { // nothing waits for the sake of a stranger
		<-written
	}
}

// findToDelete reads an entry that is to be deleted: for the journal with all that can be read of it, which is what it takes to add it
// again. What is planned with is the same in either case.
func (r *request) findToDelete(ctx context.Context, id string) (*ldif.Entry, error) {
	attributes := r.attributes(r.typ, nil)
	if r.account == nil {
		return r.findAs(ctx, r.typ, id, attributes)
	}
	whole, err := r.findAs(ctx, r.typ, id, append(slices.Clone(attributes), allUser, allOperational))
	if err != nil {
		return nil, err
	}
	r.account.whole = whole
	if r.server.KeepsReferences && r.typ.Leaving == nil {
		if r.account.referrers, err = r.referring(ctx, whole); err != nil {
			return nil, err
		}
	}
	e := &ldif.Entry{DN: whole.DN, Asked: attributes}
	for _, a := range whole.Attributes {
		if slices.ContainsFunc(attributes, func(asked string) bool { return r.server.Schema.Covers(asked, a.Name) }) {
			e.Attributes = append(e.Attributes, a)
		}
	}
	return e, nil
}

// referring are the references of other entries to one.
func (r *request) referring(ctx context.Context, e *ldif.Entry) (references []ldif.Reference, err error) {
	for _, search := range draft.Referring(r.typ, e.DN) {
		found, err := r.whole(ctx, search.Search, r.attributesOfAll())
		if err != nil {
			return nil, err
		}
		references = append(references, search.References(found)...)
	}
	return references, nil
}

// What asks for all attributes of users, and all that are the server's own (RFC 4511 §4.5.1.8, RFC 3673).
const (
	allUser        = "*"
	allOperational = "+"
)
