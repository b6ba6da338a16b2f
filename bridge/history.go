package bridge

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// history is what the attempts of one write have come to so far, each that was sent to the directory or had nothing to send.
type history []attempt

func (h history) last() attempt { return h[len(h)-1] }

// dn is that of the entry that the write is about, "" where no attempt came to know it.
func (h history) dn() string {
	for _, a := range slices.Backward(h) {
		if a.dn != "" {
			return a.dn
		}
	}
	return ""
}

// name is that of the resource that the write is about, "" where it is not known.
func (h history) name() string {
	for _, a := range slices.Backward(h) {
		if a.name != "" {
			return a.name
		}
	}
	return ""
}

// effects are what the attempts did and what stands of it, in words.
func (h history) effects() string {
	if len(h) == 1 {
		return h[0].receipt.Words()
	}
	var all []string
	for _, a := range h {
		if words := a.receipt.Words(); words != "" {
			all = append(all, words)
		}
	}
	return strings.Join(all, "; ")
}

// with is the history with another last attempt.
func (h history) with(last attempt) history {
	return append(slices.Clone(h[:len(h)-1]), last)
}

// apart takes an attempt that ended in err for done where the directory refused alone what nothing hangs on, and would again: groups that
// the entry was to leave, a password.
func (h history) apart(err error, n int) (history, error) {
	if err == nil || len(h) == 0 || h.last().receipt.Err == nil || !errors.Is(err, h.last().receipt.Err) || h.again(err, n) {
		return h, err
	}
	groups, apart := h.last().receipt.Apart()
	if !apart {
		return h, err
	}
	if why := reasonOf(err); h.last().receipt.Enough() && (why == reason.Refused || why == reason.Invalid) {
		last := h.last()
		last.apart = true
		return h.with(last), nil
	}
	if len(groups) > 0 && reasonOf(err) != reason.Refused { // of which the client is told in words of their own
		err = prefixed(err, groups[0]+" keeps its member")
	}
	last := h.last()
	last.apart, last.refused, last.stays = true, cmp.Or(last.refused, err), append(last.stays, groups...)
	return h.with(last), nil
}

// done says that the last attempt did what is wanted, every step confirmed.
func (h history) done() bool {
	return len(h) > 0 && (h.last().receipt.Err == nil || h.last().apart) && !h.last().room && !h.last().kept
}

// why is what the attempt's plan is for, "" where it does what is wanted.
func (a attempt) why() journal.Why {
	if a.room {
		return journal.MakeRoom
	}
	return ""
}

// unsure says that it is not known what became of the last attempt's plan.
func (h history) unsure() bool { return len(h) > 0 && h.last().receipt.Unsure() }

// changed says whether something of this write stands on the entry with the id: its version is then not the one that the client knows, but
// that of left, which is nil where nobody knows it.
func (h history) changed(id string) (left *ldif.Entry, changed bool) {
	for _, a := range h {
		for i, step := range a.receipt.Steps {
			switch {
			case a.receipt.Plan.Steps[i].Change.If.ID != id:
			case step.State == ldif.TakenBack: // which gave it another version again
				left = nil
			case step.Changed():
				left, changed = step.Left, true
			}
		}
	}
	return left, changed
}

// left is the id of the entry that the write made, or was given, and left without all that was to follow; "" where there is none, or nobody
// knows its id. count is how many members it was given for certain.
func (h history) left(members *ldapmap.Reference) (id string, count int) {
	for _, a := range h {
		made := slices.IndexFunc(a.receipt.Plan.Steps, func(s ldif.Step) bool { return s.Change.If.Made })
		revived := a.draft != nil && a.draft.Revives()
		if a.receipt.Err == nil || made < 0 && !revived {
			continue
		}
		for i, step := range a.receipt.Steps {
			if step.State == ldif.Done || step.State == ldif.Stands {
				count += given(a.receipt.Plan.Steps[i].Change, members)
			}
		}
		switch {
		case count > 0 && revived:
			return members.Type.ID(a.entry), count
		case count > 0:
			return a.receipt.Steps[made].Sent.If.ID, count
		}
	}
	return "", 0
}

// given is how many members a change gives its entry.
func given(c ldif.Change, members *ldapmap.Reference) int {
	count := 0
	mods := c.Mods
	for _, a := range c.Entry {
		mods = append(mods, ldif.Mod{Op: ldif.AddValues, Name: a.Name, Values: a.Values})
	}
	for _, m := range mods {
		if m.Op == ldif.AddValues && m.Name == members.Attribute {
			count += len(m.Values)
			if slices.Contains(m.Values, members.Placeholder) {
				count--
			}
		}
	}
	return count
}

// broughtNobodyBack says that the directory refused to bring a deleted entry back. Samba does, of what its recycle bin keeps.
func (h history) broughtNobodyBack() bool {
	return slices.ContainsFunc(h, func(a attempt) bool {
		at := a.receipt.At(ldif.Refused)
		return at >= 0 && a.receipt.Plan.Steps[at].Change.Revives != ""
	})
}

// emptied says that the directory refused to leave a group without the member that its class demands.
func (h history) emptied() bool {
	return slices.ContainsFunc(h, func(a attempt) bool { return a.receipt.Plan.TakesReferences() && violatesClass(a.receipt.Err) })
}

// declassed says that the directory refused to take an object class from an entry, which holds something for it that it does not show.
func (h history) declassed() bool {
	return slices.ContainsFunc(h, func(a attempt) bool {
		at := a.receipt.At(ldif.Refused)
		return at >= 0 && a.receipt.Plan.Steps[at].Change.TakesClass() && violatesClass(a.receipt.Err)
	})
}

// objectClassViolation is the LDAP result for an entry that its classes do not allow (RFC 4511 §4.1.9).
const objectClassViolation = 65

func violatesClass(err error) bool { return answers(err, objectClassViolation) }

// answers says that the directory answered with the LDAP result.
func answers(err error, code uint16) bool {
	answer, ok := errors.AsType[*directory.Error](err)
	return ok && answer.Code == code
}

// refused is the last attempt's receipt, and which of its steps the directory refused; -1: none.
func (h history) refused() (r ldif.Receipt, at int) {
	if len(h) == 0 {
		return r, -1
	}
	return h.last().receipt, h.last().receipt.At(ldif.Refused)
}

// followed says that the directory refused to rename what is referred to by its new name already: it moves references itself, in the same
// operation, as 389 Directory Server's referential integrity plugin does. OpenLDAP's refint lets it happen.
func (h history) followed() bool {
	r, at := h.refused()
	return at > 0 && r.Plan.Steps[at].Change.Kind == ldif.ModifyDN && answers(r.Err, attributeOrValueExists) &&
		r.Plan.Steps[at-1].Change.If.ID != r.Plan.Steps[at].Change.If.ID
}

// outrun says that another has the name that the entry was to be given, and that who refers to the entry may have by now: were the other
// renamed, it would be taken for a reference to him.
func (h history) outrun() bool {
	r, at := h.refused()
	return at >= 0 && r.Plan.Steps[at].Change.Kind == ldif.ModifyDN && reasonOf(r.Err) == reason.Exists
}

// attributeOrValueExists is the LDAP result for a value that is there already (RFC 4511 §4.1.9).
const attributeOrValueExists = 20

// few is how often a write begins again where what stands in its way is likely to stay.
const few = 3

// overtaken says that the step which the directory refused last was about an entry that had been read.
func (h history) overtaken() bool {
	r, at := h.refused()
	return at >= 0 && r.Plan.Steps[at].Before != nil
}

// again says whether a write whose attempt n (the first: 0) ended in err may begin again.
func (h history) again(err error, n int) bool {
	why := reasonOf(err)
	switch why.Row().Retry {
	case reason.Again:
		return len(h) == 0 || !h.last().late
	case reason.FewTimes:
		return n < few
	case reason.FewTimesOf:
		return n < few && h.overtaken()
	}
	// A group that must not be left empty is given the placeholder, and an entry keeps a class for what it does not show, once. What stands
	// half done is not begun again: to plan anew would not know of references to what has its new name already.
	begins := why != reason.PartlyDone || !h.last().receipt.Plan.Renames()
	first := func(learnt func(history) bool) bool { return learnt(h) && !learnt(h[:len(h)-1]) }
	return begins && violatesClass(err) && (first(history.emptied) || first(history.declassed))
}

// told is the error that the client hears of when a write that ended in err is given up. Where the directory could not even be asked what
// became of it, that is what the client hears, and not that the directory is away: something may have been written.
func (h history) told(s *ldif.Server, err error) error {
	switch {
	case h.gone(err):
		return errNotFound
	case !h.unsure():
		return h.ofAnother(s, err)
	}
	switch reasonOf(err) {
	case reason.Unknown, reason.Unavailable, reason.Deadline:
		return failure(h.last().receipt)
	}
	return err
}

// ofAnother names the entry that the directory does not let the bridge change, where that is not the one that the write is about.
func (h history) ofAnother(s *ldif.Server, err error) error {
	r, at := h.refused()
	if at < 0 || reasonOf(err) != reason.Refused || s.SameDN(r.Plan.Steps[at].Change.DN, r.Plan.DN()) ||
		r.Plan.Before != nil && r.Plan.Steps[at].Before == r.Plan.Before { // by its new name
		return err
	}
	detail := fmt.Sprintf("%s refers to %s, and the directory does not let the bridge change it", r.Plan.Steps[at].Change.DN, r.Plan.DN())
	return &reason.Error{Reason: reason.Refused, Detail: detail, Cause: err}
}

// partly tells the client what stands of a write that is given up: all of it, where the directory went behind its answer; that the account
// is blocked; and how far a change of members came that stopped in its middle.
func (h history) partly(err error) error {
	if err == nil || len(h) == 0 {
		return err
	}
	if done, all := h.last().receipt.Members(); done > 0 && done < all {
		err = prefixed(err, fmt.Sprintf("%d of the %d members are as asked, and the same request again completes it", done, all))
	}
	switch why := reasonOf(err); {
	case h.unseen(why):
		err = prefixed(err, "the directory has made the change, and could not be asked for it again")
	case h.blocked() && why != reason.Kept && why != reason.NotFound:
		err = prefixed(err, "the account is blocked")
	}
	return err
}

// unseen says that what is wanted was confirmed, and that a write ended for this reason because it could not be read back.
func (h history) unseen(why reason.Reason) bool {
	return h.done() && !h.last().receipt.Plan.Empty() && (why == reason.Unavailable || why == reason.Deadline || why == reason.CutShort)
}

// blocked says that the write blocked the account, whatever became of the rest.
func (h history) blocked() bool {
	return slices.ContainsFunc(h, func(a attempt) bool {
		for i, s := range a.receipt.Plan.Steps {
			if s.Stays && s.Before != nil && a.receipt.Steps[i].Changed() {
				return !a.room
			}
		}
		return false
	})
}

// gone says that the directory knows nothing of the entry that it showed: a server that is late shows it still.
func (h history) gone(err error) bool {
	r, at := h.refused()
	if at < 0 || reasonOf(err) != reason.NoSuchObject {
		return false
	}
	step, entry := r.Plan.Steps[at], h.last().entry
	return entry != nil && step.Before == entry && step.Change.Kind != ldif.ModifyDN
}

// failure is why a plan stopped: where some of it stands, that is what the client must know.
func failure(r ldif.Receipt) error {
	if r.PartlyDone() && reasonOf(r.Err) != reason.PartlyDone {
		return &reason.Error{Reason: reason.PartlyDone, Cause: r.Err}
	}
	return r.Err
}
