package replay

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/front"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// methods are the requests that records are of, by the operation.
var methods = map[string]string{
	"create": http.MethodPost, "replace": http.MethodPut, "patch": http.MethodPatch, "delete": http.MethodDelete,
}

// Record plays the request that a record of the journal is of, on the entries as they were when it was planned.
func (r Replay) Record(ctx context.Context, a journal.Account) (o Outcome, err error) {
	o = Outcome{
		Verdict: Passed, Record: a.ID, Time: a.Time.UTC().Truncate(time.Second), Name: a.Name,
		Request: strings.TrimSpace(a.Operation + " " + a.Type),
	}
	m, why := r.request(ctx, a)
	if why != "" {
		o.Notes = []string{why}
		return o, nil
	}
	if r.Old == nil && ofNoMap(a) {
		o.Notes = []string{"it was refused by something else than the map: " + a.Reason}
		return o, nil
	}
	recorded := recordedPlan(a)
	if o.Was = recorded; r.Old != nil {
		p, err := r.Old.again(ctx, a, m)
		if err != nil {
			return o, err
		}
		if o.Was = p.plan(true); p.plan(false).LDIF != recorded.LDIF && !recorded.refused() {
			o.Notes = append(o.Notes, "it was planned otherwise than by the map of --config now: that, or the directory, is another by now")
		}
	}
	p, err := r.New.again(ctx, a, m)
	if err != nil {
		return o, err
	}
	o.Now = p.plan(r.Old != nil)
	if o.compare(); o.Verdict == Same && (r.Old == nil || !o.Was.refused() || recorded.refused()) {
		return o, nil
	}
	if why := r.hangs(ctx, a, p, o, recorded); len(why) > 0 {
		o.Verdict, o.Notes = Untold, append(o.Notes, why...)
	}
	o.Notes = append(o.Notes, p.rests()...)
	return o, nil
}

// hangs is why it cannot be told from the record what the map makes of it: it hangs on what the directory was by then.
func (r Replay) hangs(ctx context.Context, a journal.Account, p played, o Outcome, recorded Plan) (why []string) {
	if o.Verdict != Refused {
		why = untold(a, p)
	}
	if r.Old != nil {
		if o.Was.refused() && !recorded.refused() {
			why = append(why, "both maps refuse it for what the directory is now")
		}
		return why
	}
	switch {
	case o.Now.refused() && !o.Was.refused() && len(p.rests()) > 0 && !p.guarded():
		why = append(why, "it is refused for what the directory is now, maybe")
	case o.Verdict == Allowed && slices.Contains(ofTheDay, o.Was.Status):
		why = append(why, "it was refused for what the directory was then")
	case !o.Now.refused() && !o.Was.refused() && r.core(ctx, a.Type, a.Plan) == r.core(ctx, a.Type, p.main()):
		why = append(why, "what it gives members, other entries and numbers hangs on what these were then")
	}
	return why
}

// ofTheDay are the statuses of refusals for what the directory is, and not for what is asked.
var ofTheDay = []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed}

// core is what a plan does to its own entry, whatever others are.
func (r Replay) core(ctx context.Context, typ string, plan ldif.Plan) string {
	var records []string
	others := func(name string) bool { return r.New.Bridge.HangsOnOthers(ctx, typ, name) }
	for _, s := range plan.Steps {
		if c := s.Change; c.Place || c.Kind != ldif.Add && s.Before != plan.Before {
			continue
		}
		c := s.Change
		c.If.Version = ""
		c.Entry = slices.DeleteFunc(slices.Clone(c.Entry), func(a ldif.Attribute) bool { return others(a.Name) })
		c.Mods = slices.DeleteFunc(slices.Clone(c.Mods), func(m ldif.Mod) bool { return m.Settled || others(m.Name) })
		if c.Kind != ldif.Modify || len(c.Mods) > 0 {
			records = append(records, c.String())
		}
	}
	return strings.Join(records, "\n")
}

// request is the request of a record, or why there is none.
func (r Replay) request(ctx context.Context, a journal.Account) (m front.Message, why string) {
	m.Method = methods[a.Operation]
	switch {
	case m.Method == "":
		return m, "it is of no request about a resource"
	case a.Forgotten || a.Blanked:
		return m, "what it says of somebody was erased"
	case a.Why != "" && a.Why != journal.DryRun:
		return m, "it goes with another record of its request"
	case a.Kind == journal.KindIntent && a.Done == nil:
		return m, "nobody knows yet what became of it"
	case a.Kind == journal.KindRefusal && a.Part != nil && a.Plan.Empty():
		return m, "it was refused as an operation of a bulk request"
	case len(a.Body) == 0 && m.Method != http.MethodDelete:
		return m, "it has no body on record"
	}
	m.Body = a.Body
	id := a.Intent.ID
	if m.Method == http.MethodPost {
		id = ""
	} else if id == "" {
		return m, "it does not say which resource it was about"
	}
	for _, t := range r.New.Bridge.Types(ctx) {
		if t.Name == a.Type {
			if m.Target = t.Endpoint; id != "" {
				m.Target += "/" + url.PathEscape(id)
			}
			return m, ""
		}
	}
	return m, "the map has no resource type " + a.Type
}

// ofNoMap says that it was refused for how it came, by whom, or for an outage: what is recorded is none of a map's answers.
func ofNoMap(a journal.Account) bool {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return a.Kind == journal.KindRefusal
	}
	return a.Kind == journal.KindRefusal && a.Reason == reason.Role.String()
}

// recordedPlan is what was planned, as the record has it.
func recordedPlan(a journal.Account) Plan {
	p := Plan{Effects: a.Plan.Words(), LDIF: a.Plan.String(), Status: a.Status, Detail: a.Detail}
	if a.Done != nil {
		p.Status, p.Detail = a.Done.Status, a.Done.Detail
	}
	return p
}

// again plays the request of a record in a house, on the entries as they were.
func (h House) again(ctx context.Context, a journal.Account, m front.Message) (p played, err error) {
	f := &bridge.Foresight{}
	if err := h.Bridge.Recall(ctx, f, a); err != nil {
		return p, err
	}
	return h.plays(ctx, f, a.Caller, m)
}

// untold are attributes that a plan writes on an entry of the record's, and that the record does not tell of.
func untold(a journal.Account, p played) (notes []string) {
	if a.Plan.Before == nil && a.Operation != "create" {
		notes = append(notes, "the record does not hold the entry")
	}
	written := map[string][]string{} // by the record's plan, by DN
	seen := map[string]*ldif.Entry{}
	see := func(e *ldif.Entry) {
		if e != nil {
			seen[strings.ToLower(e.DN)] = e
		}
	}
	see(a.Plan.Before)
	for _, s := range a.Plan.Steps {
		see(s.Before)
		for _, m := range s.Change.Mods {
			at := strings.ToLower(s.Change.DN)
			written[at] = append(written[at], m.Name)
		}
	}
	if a.Whole != nil { // of which all is known
		delete(seen, strings.ToLower(a.Whole.DN))
	}
	for _, one := range p.plans {
		for _, s := range one.Plan.Steps {
			at := strings.ToLower(s.Change.DN)
			e := seen[at]
			for _, m := range s.Change.Mods {
				note := "the record does not tell what " + m.Name + " held"
				known := e == nil || e.Values(m.Name) != nil || e.Saw(m.Name) || ldif.Named(written[at], m.Name)
				if !known && !m.Settled && !s.Change.Secret(m.Name) && !slices.Contains(notes, note) {
					notes = append(notes, note)
				}
			}
		}
	}
	return notes
}
