package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// mayBeSettled says whether the refusal of a modification may mean that values are already as they should be: 16 for deleting what is
// not there, 20 for adding what is; on Active Directory also 68, and 53 for deleting.
func (r *run) mayBeSettled(change ldif.Change, err error) bool {
	var settled bool
	for _, m := range change.Mods {
		settled = settled || m.Settled && len(m.Values) > 0
	}
	if !settled {
		return false
	}
	switch code := resultCode(err); code {
	case ldap.LDAPResultNoSuchAttribute, ldap.LDAPResultAttributeOrValueExists:
		return true
	default:
		return slices.Contains(r.server.SettledCodes, code)
	}
}

// passed makes a lost race of the refusal of a value that is there already, where it is not there any more when that is looked at: another
// put it in meanwhile, and took it out again. Nothing else can be at fault in a change that may find each value that it adds.
func passed(change ldif.Change, err error) error {
	e, _ := errors.AsType[*Error](err)
	isOther := func(m ldif.Mod) bool { return m.Op == ldif.ReplaceValues || m.Op == ldif.AddValues && !m.Settled }
	if e.Reason != reason.Occupied && e.Reason != reason.Exists || slices.ContainsFunc(change.Mods, isOther) {
		return err
	}
	return &Error{Reason: reason.LostRace, Cause: err}
}

// unsettled returns the modifications that are left to do, given what the entry holds now.
func (r *run) unsettled(ctx context.Context, change ldif.Change) ([]ldif.Mod, error) {
	var left []ldif.Mod
	for _, m := range change.Mods {
		if !m.Settled || len(m.Values) == 0 || m.Op == ldif.ReplaceValues {
			left = append(left, m)
			continue
		}
		present, err := r.present(ctx, change, m)
		if err != nil {
			return nil, err
		}
		values := []string{}
		for _, v := range m.Values {
			if present(v) == (m.Op == ldif.DeleteValues) {
				values = append(values, v)
			}
		}
		if len(values) > 0 { // none would mean the whole attribute
			m.Values = values
			left = append(left, m)
		}
	}
	return left, nil
}

// list is an attribute of an entry.
type list struct{ target, attribute string }

// holds says whether a list holds a value.
type holds func(value string) bool

// present finds out which of a modification's values the entry holds, without reading a large group where the server can help: that
// compares each value that there is with each that it is asked for. Where a second change of the same list is to be settled, as of a long
// one that is sent again, the list is read, once for all of them: what another takes out of it behind that went after it was here.
func (r *run) present(ctx context.Context, change ldif.Change, m ldif.Mod) (holds, error) {
	of := list{r.target(change), strings.ToLower(m.Name)}
	there, asked := r.lists[of]
	switch {
	case r.server.PrimaryGroup != nil && strings.EqualFold(m.Name, r.server.PrimaryGroup.Members):
		return r.presentMembers(ctx, change, m)
	case there != nil:
		return there, nil
	case r.server.Controls[controlMatchedValues] && !asked:
		r.lists[of] = nil
		return r.presentMatched(ctx, change, m)
	}
	there, err := r.presentRead(ctx, change, m)
	r.lists[of] = there
	return there, err
}

// forget has lists be read again: a change that they were asked for was refused all the same.
func (r *run) forget() {
	for of := range r.lists {
		r.lists[of] = nil
	}
}

// presentMatched asks with the matched values control (RFC 3876).
func (r *run) presentMatched(ctx context.Context, change ldif.Change, m ldif.Mod) (holds, error) {
	control, err := matchedValues(m.Name, m.Values)
	if err != nil {
		return nil, &Error{Reason: reason.Failed, Cause: err}
	}
	entries, err := r.client.search(ctx, Search{Base: r.target(change), Scope: BaseObject, Attributes: []string{m.Name}}, control)
	if err != nil {
		return nil, r.client.explain(err, nil)
	}
	if len(entries) != 1 {
		return nil, &Error{Reason: reason.NoSuchObject}
	}
	return r.among(m.Name, entries[0].Values(m.Name)), nil
}

// presentMembers asks by the backlink, and the primary group, for the values' entries that are members, whichever form the values have.
// To take out one that is a member by its primary group is PrimaryMember.
func (r *run) presentMembers(ctx context.Context, change ldif.Change, m ldif.Mod) (holds, error) {
	primary := r.server.PrimaryGroup
	group, err := r.client.one(ctx, r.target(change), r.server.DNAttribute, primary.SID)
	if err != nil {
		return nil, err
	}
	sid := ldif.SID(group.Value(primary.SID))
	own := ldif.AnyOf(ldif.Equality(r.server.Backlink, group.DN), primary.Filter(sid))
	var ids strings.Builder
	for _, v := range m.Values {
		if id, ok := r.server.IDNamed(v); ok {
			filter, _ := r.server.IDFilter(id)
			ids.WriteString(filter)
		} else {
			fmt.Fprintf(&ids, "(%s=%s)", r.server.DNAttribute, ldif.EscapeFilter(v))
		}
	}
	members, err := r.client.Search(ctx, Search{
		Base:       r.server.Default,
		Filter:     ldif.AllOf("(|"+ids.String()+")", own),
		Attributes: []string{r.server.IDAttribute, primary.Attribute, primary.SID},
	})
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, e := range members {
		if m.Op == ldif.DeleteValues && sid != "" && primary.Of(e) == sid {
			return nil, &Error{Reason: reason.PrimaryMember, Attribute: m.Name, Diagnostic: e.DN}
		}
		there[r.server.ID(e)] = true
		there[r.server.NormalDN(e.DN)] = true
	}
	return func(v string) bool {
		if id, ok := r.server.IDNamed(v); ok {
			return there[id]
		}
		return there[r.server.NormalDN(v)]
	}, nil
}

// presentRead reads the attribute.
func (r *run) presentRead(ctx context.Context, change ldif.Change, m ldif.Mod) (holds, error) {
	e, err := r.client.one(ctx, r.target(change), m.Name)
	if err == nil {
		_, err = r.client.complete(ctx, e)
	}
	if err != nil {
		return nil, err
	}
	return r.among(m.Name, e.Values(m.Name)), nil
}

// among compares with values that the server returned, by the attribute's equality rule.
func (r *run) among(name string, values []string) holds {
	key := func(v string) string { return v }
	if a := r.server.Schema.Attribute(name); a != nil {
		switch {
		case a.Syntax == ldif.SyntaxDN || a.Syntax == ldif.SyntaxNameAndUID:
			key = r.server.NormalDN
		case strings.HasPrefix(strings.ToLower(a.Equality), "caseignore"):
			key = func(v string) string { return ldif.Key(r.server.Schema, name, v) }
		}
	}
	there := map[string]bool{}
	for _, v := range values {
		there[key(v)] = true
	}
	return func(v string) bool { return there[key(v)] }
}
