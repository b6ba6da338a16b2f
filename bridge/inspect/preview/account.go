package preview

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"scimbridge/bridge/reason"
	"scimbridge/scim/schema"
)

// account is a row, with what is sent of it.
type account struct {
	Line
	typ      kind
	names    []string // that other rows call it by
	values   []value
	active   bool
	manager  string
	members  []string
	resource map[string]any // as the bridge showed it last
}

// value is what is sent of a column.
type value struct {
	path
	value any
}

// kind is a type of resource.
type kind struct {
	name, endpoint string
	schemas        []string
	more           string // of the query
}

var (
	users = kind{"User", "/Users", []string{schema.UserURN, schema.EnterpriseURN}, ""}
	teams = kind{"Group", "/Groups", []string{
		schema.GroupURN, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
	}, "excludedAttributes=members&"}
)

// did notes what a request does.
func (a *account) did(answer Answer) {
	a.Answer = answer.Status
	for _, p := range answer.Plans {
		if len(p.Done) == 0 {
			continue
		}
		a.DN = cmp.Or(a.DN, p.DN)
		a.Changes = append(a.Changes, p.Done...)
		a.Effects = strings.TrimPrefix(a.Effects+"; "+p.Words, "; ")
		for _, change := range p.Done {
			a.LDIF = strings.TrimPrefix(a.LDIF+"\n"+change.String(), "\n")
		}
	}
	var resource map[string]any
	if json.Unmarshal(answer.Body, &resource) == nil && resource != nil {
		a.resource = resource
	}
}

// fails notes an error. What was done all the same stands.
func (a *account) fails(answer Answer) {
	a.did(answer)
	a.Answer, a.Why = answer.Status, detail(answer)
	switch {
	case len(answer.Meant) > 0:
		a.Outcome, a.Why = Ambiguous, a.Why+" ("+few(joined(answer.Meant))+")"
	case answer.Foreign:
		a.Outcome, a.Why = OutOfScope, a.Why+" ("+few(joined(answer.Taken))+")"
	case len(answer.Taken) > 0:
		a.Outcome, a.Why = Taken, a.Why+" ("+few(joined(answer.Taken))+")"
	case answer.Status == http.StatusConflict:
		a.Outcome = Taken
	case answer.Reason == reason.Guarded:
		a.Outcome = Protected
		if slices.ContainsFunc(answer.Plans, func(p Plan) bool { return p.Outside }) {
			a.Outcome = OutOfScope
		}
	case answer.Reason == reason.Held || answer.Reason == reason.HoldRefused:
		a.Outcome = Held
	default:
		a.Outcome = Refused
	}
	for _, p := range answer.Plans {
		a.DN = cmp.Or(a.DN, p.DN)
	}
}

// detail is what an error's answer says.
func detail(answer Answer) string {
	var fault struct{ Detail string }
	_ = json.Unmarshal(answer.Body, &fault) // else it says nothing
	return cmp.Or(fault.Detail, http.StatusText(answer.Status))
}

// same says whether a resource shows a value as it is to be.
func same(shown, wanted any) bool {
	if yes, is := wanted.(bool); is {
		return fmt.Sprint(shown) == fmt.Sprint(yes)
	}
	return shown == wanted
}

// says is the value that the row has for a path; nil: none.
func (a *account) says(p path) any {
	for _, v := range a.values {
		if strings.EqualFold(v.text, p.text) {
			return v.value
		}
	}
	return nil
}
