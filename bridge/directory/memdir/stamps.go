package memdir

import (
	"fmt"
	"time"
)

// stamps gives what marks a write: its time and its change sequence number.
type stamps struct {
	now   func() time.Time
	newID func() string
	last  time.Time
	count int
	csn   string // the latest
}

// stamp is the mark of one write.
type stamp struct {
	time string // Generalized Time, to the second
	csn  string // greater than every one before, also where the clock stands still or goes back
	who  string // the DN that is bound
}

func (s *stamps) next(who string) stamp {
	now := s.now().UTC().Truncate(time.Microsecond)
	if now.After(s.last) {
		s.last, s.count = now, 0
	} else {
		s.count++
	}
	s.csn = fmt.Sprintf("%s#%06x#000#000000", s.last.Format("20060102150405.000000Z"), s.count)
	return stamp{time: s.last.Format("20060102150405Z"), csn: s.csn, who: who}
}

// stampNew sets the operational attributes of a new entry that it does not carry yet, as one that is loaded from LDIF may.
func (t *tree) stampNew(r *record, who string) {
	s := t.clock.next(who)
	for _, a := range []struct{ name, value string }{
		{"entryUUID", t.clock.newID()},
		{"creatorsName", s.who},
		{"createTimestamp", s.time},
		{"entryCSN", s.csn},
		{"modifiersName", s.who},
		{"modifyTimestamp", s.time},
		{"entryDN", r.DN},
		{"subschemaSubentry", subschemaDN},
		{"hasSubordinates", "FALSE"},
	} {
		if r.find(a.name) < 0 {
			r.set(t.schema, a.name, a.value)
		}
	}
}

// stampChanged marks an entry as changed.
func (t *tree) stampChanged(r *record, who string) {
	s := t.clock.next(who)
	r.set(t.schema, "entryCSN", s.csn)
	r.set(t.schema, "modifiersName", s.who)
	r.set(t.schema, "modifyTimestamp", s.time)
}

// stampTree marks the tree as changed, as the overlay syncprov does.
func (t *tree) stampTree() {
	if top := t.nodes[t.suffix.key]; top != nil {
		r := top.record.clone()
		r.set(t.schema, "contextCSN", t.clock.csn)
		top.record = r
	}
}

// computedAttributes are shown and searched, but not stored by slapd.
var computedAttributes = []string{"entryDN", "subschemaSubentry", "hasSubordinates", "contextCSN"}
