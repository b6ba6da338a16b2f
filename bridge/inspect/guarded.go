package inspect

import (
	"fmt"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
)

// few is how many entries are named.
const few = 5

// guarded looks for entries of the map's that the server marks as privileged.
func (l looker) guarded() {
	if !l.v.fits() || l.v.Server.Privilege == nil || l.Guard.IgnoreAdminCount {
		return
	}
	mark := ldif.Equality(l.v.Server.Privilege.Mark, "1")
	for _, t := range l.v.Map.Types {
		for _, base := range t.Bases() {
			if p, known := l.v.place(base); known && !p.Exists {
				continue
			}
			search := directory.Search{Base: base, Filter: ldif.AllOf(t.Scope(), mark), Attributes: []string{"1.1"}}
			// A domain has no index for the mark: in a large one that may take too long, and nothing depends on it.
			_ = l.client.Enumerate(l.ctx, search, func(e *ldif.Entry) error {
				l.v.Guarded = append(l.v.Guarded, e.DN)
				return nil
			})
		}
	}
}

// guarded tells of entries that the bridge will not write.
func guarded(_ Subject, v Survey) []Finding {
	if len(v.Guarded) == 0 {
		return nil
	}
	named := v.Guarded[:min(few, len(v.Guarded))]
	more := ""
	if rest := len(v.Guarded) - len(named); rest > 0 {
		more = fmt.Sprintf(", and %d more", rest)
	}
	return []Finding{{
		Severity: Hint, Code: "protected", Key: "guard",
		What: fmt.Sprintf("%d entries below the bases are privileged, and are not written: %s%s",
			len(v.Guarded), strings.Join(named, "; "), more),
		Why:  "what a client sends of these is refused with 403",
		Mend: "leave them out of what is provisioned; an adminCount=1 that was left over can be cleared, or say ignoreAdminCount: true",
	}}
}
