package webhook

import (
	"cmp"
	"encoding/json"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// The types of message.
const (
	typeWritten = "resource.written" // something was changed, or may have been
	typeRefused = "resource.refused" // a request was not done
	typeHeld    = "hold.opened"
)

// message is what a receiver reads.
type message struct {
	Type string    `json:"type"`
	Time time.Time `json:"timestamp"`
	Data any       `json:"data"`
}

// told is the data of a record.
type told struct {
	Record    journal.ID      `json:"record"`
	Outcome   journal.Outcome `json:"outcome"`
	Effects   []effect        `json:"effects"` // that came about, or may where the outcome is unknown
	Operation string          `json:"operation"`
	Why       journal.Why     `json:"why,omitempty"`
	Caller    string          `json:"caller"`
	Client    string          `json:"client,omitempty"`
	Request   string          `json:"request"`
	Activity  string          `json:"activity,omitempty"`
	Resource  resource        `json:"resource"`
	Status    int             `json:"status,omitempty"` // that the caller was told
	Reason    string          `json:"reason,omitempty"`
	Detail    string          `json:"detail,omitempty"`
}

type resource struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"` // userName or displayName
	DN   string `json:"dn,omitempty"`
}

type effect struct {
	Effect     string   `json:"effect"`
	DN         string   `json:"dn"`
	ID         string   `json:"id,omitempty"`
	To         string   `json:"to,omitempty"`         // of what was renamed or moved: the new DN
	Attributes []string `json:"attributes,omitempty"` // of what was changed: the LDAP attributes' names
	Count      int      `json:"count,omitempty"`      // of members
	Members    []string `json:"members,omitempty"`    // the first of them, as the directory names them
}

// mostMembers keeps a message short: the journal has all.
const mostMembers = 100

// bodyOf is the message about a record. It holds no value of anybody's but what names him.
func bodyOf(a journal.Account) ([]byte, error) {
	data := told{
		Record: a.ID, Outcome: a.Outcome, Effects: []effect{}, Operation: a.Operation, Why: a.Why, Caller: a.Caller,
		Client: a.Client, Request: a.RequestID, Activity: a.Activity, Status: a.Status, Reason: a.Reason, Detail: a.Detail,
		Resource: resource{Type: a.Type, ID: a.Intent.ID, Name: a.Name, DN: a.DN},
	}
	if a.Why != "" && a.Why != journal.Undo && a.Why != journal.UndoneInPart {
		data.Resource.Name = "" // it is that of whom the request is about
	}
	if d := a.Done; d != nil {
		data.Resource.ID = cmp.Or(d.ID, data.Resource.ID)
		data.Status, data.Reason, data.Detail = d.Status, d.Reason, d.Detail
		data.Effects = effectsOf(d.Receipt)
	}
	m := message{Type: typeRefused, Time: a.Time.UTC(), Data: data}
	switch a.Outcome {
	case journal.Written, journal.HalfDone, journal.Unknown:
		m.Type = typeWritten
	case journal.Pending, journal.Unchanged, journal.Refused, journal.Withdrawn, journal.NotSent:
	}
	return json.Marshal(m)
}

func effectsOf(r ldif.Receipt) []effect {
	effects := []effect{}
	for _, e := range r.Standing() {
		told := effect{Effect: e.Kind.Word(), DN: e.DN, ID: e.ID}
		switch e.Kind {
		case ldif.Renamed, ldif.Moved:
			for _, s := range r.Steps {
				if s.Sent.Kind == ldif.ModifyDN && s.Sent.DN == e.DN {
					told.To = s.Sent.NewDN()
				}
			}
		case ldif.Changed:
			told.Attributes = e.Attributes
		case ldif.MembersAdded, ldif.MembersRemoved:
			told.Count, told.Members = len(e.Values), e.Values[:min(len(e.Values), mostMembers)]
		}
		effects = append(effects, told)
	}
	return effects
}
