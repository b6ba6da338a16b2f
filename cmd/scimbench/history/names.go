package history

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// span is a time in which a user had a name.
type span struct {
	user     int
	from, to time.Duration
	by       *Event // nil: since before the round
}

// judgeNames looks whether two users had a name at once by what was answered, and whether somebody could have had each name that a claim of
// was refused as taken.
func (r *round) judgeNames(events []*Event) {
	surely, maybe := map[string][]span{}, map[string][]span{} // by name
	changes := map[int][]*Event{}                             // of each user's name
	for _, e := range events {
		switch e.Op.Kind {
		case Create, Rename, SoftDelete, Restore, Delete:
			n := cmp.Or(e.Op.User, e.Op.N)
			changes[n] = append(changes[n], e)
		}
	}
	have := func(n int, name string, start, end time.Duration, by *Event) {
		sure, may := span{n, end, math.MaxInt64, by}, span{n, start, math.MaxInt64, by}
		for _, e := range changes[n] {
			if e == by || e.Refused() && e.Status != http.StatusNotFound {
				continue
			}
			if r.end(e) >= start {
				sure.to = min(sure.to, e.Start)
			}
			if (e.Done() || e.Status == http.StatusNotFound) && e.Start >= end {
				may.to = min(may.to, e.End)
			}
		}
		if by == nil || by.Done() {
			surely[name] = append(surely[name], sure)
		}
		maybe[name] = append(maybe[name], may)
	}
	for n, a := range r.before.Users {
		have(n, a.Name, r.before.At, r.before.At, nil)
	}
	for _, e := range events {
		if e.Name != "" && slices.Contains([]Kind{Create, Rename, SoftDelete, Restore}, e.Op.Kind) {
			have(cmp.Or(e.Op.User, e.Op.N), strings.ToLower(e.Name), e.Start, r.end(e), e)
		}
	}
	for name, all := range surely {
		for i, a := range all {
			for _, b := range all[:i] {
				if a.user != b.user && max(a.from, b.from) < min(a.to, b.to) {
					r.wrong = append(r.wrong, Violation{
						What: fmt.Sprintf("by what was answered users %d and %d had the name %s at once", b.user, a.user, name),
						Of:   []int{a.user, b.user}, Events: append(slices.Clone(changes[b.user]), changes[a.user]...),
					})
				}
			}
		}
	}
	for _, e := range events {
		if e.Status != http.StatusConflict || e.Name == "" || e.Op.Kind == CreateGroup || e.Op.Kind == RenameGroup {
			continue
		}
		could := func(s span) bool { return s.by != e && s.from <= e.End && s.to >= e.Start }
		if !slices.ContainsFunc(maybe[strings.ToLower(e.Name)], could) {
			r.wrong = append(r.wrong, Violation{
				What: "the name was refused as taken, and nobody can have had it",
				Of:   []int{cmp.Or(e.Op.User, e.Op.N)}, Events: []*Event{e},
			})
		}
	}
}

// judgeIDs looks whether anybody's id changed.
func (r *round) judgeIDs(ids map[int]string, events []*Event) {
	deleted := map[int]bool{}
	see := func(n int, id string, by ...*Event) {
		before, known := ids[n]
		ids[n] = id
		if !known || before == id || deleted[n] {
			return
		}
		r.wrong = append(r.wrong, Violation{What: fmt.Sprintf("the id of %d was %s and is %s", n, before, id), Of: []int{n}, Events: by})
	}
	for _, e := range events {
		of := cmp.Or(e.Op.User, e.Op.Group, e.Op.N)
		if (e.Op.Kind == Delete || e.Op.Kind == DeleteGroup) && !e.Refused() {
			deleted[of] = true // and a create that was sent twice may come behind it
		}
	}
	for _, e := range events {
		if e.Done() && e.ID != "" {
			see(cmp.Or(e.Op.User, e.Op.Group, e.Op.N), e.ID, e)
		}
	}
	for n, a := range r.now.Users {
		see(n, a.ID)
	}
	for n, t := range r.now.Groups {
		see(n, t.ID)
	}
}
