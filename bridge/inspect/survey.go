package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Survey is what a live directory showed.
type Survey struct {
	Meetings []directory.Meeting
	Err      error  // what kept it from showing more; nil: nothing did
	Account  string // whom the servers take the bridge for

	Server   *ldif.Server   // nil: none could be asked
	Map      *ldapmap.Map   // as it stands there
	Problems compile.Faults // what the map names and the schema lacks, or has otherwise

	Places   []Place
	Sizes    []Size
	Unmarked []string // bases of which the server does not tell when something was written last
	Untold   []string // naming contexts of which the server, one of several, does not tell how far it has got
	PageSize int      // that the server let pages have; 0: nobody has seen
	Settings Settings
	Rights   []Right
	Probed   *Probed       // nil: nothing was tried
	Answers  time.Duration // that the server took for the quickest of a few least questions; 0: nobody has asked
	Guarded  []string      // DNs of some entries of the map's that the server's own marks protect
}

// Place is a DN that the configuration names, and what is there.
type Place struct {
	Key    string
	DN     string
	Role   Role
	Exists bool
	Lacks  []string // where it is missing, itself and those above it that are missing too, the topmost first
	Alias  string   // DN of the entry that it stands for; "": it is no alias
	Refers []string // URLs of the servers that have it instead; none: this one has
}

// Role is what a place is for.
type Role int

// The roles.
const (
	Base      Role = iota // entries are read and made below it
	Leavers               // of deleted entries
	Protected             // guard.protected
	Group                 // guard.privilegedGroups
	Elsewhere             // references.bases
)

// Size is how many entries of a type there are.
type Size struct {
	Key     string // of the base
	Base    string
	Type    string
	Entries int   // counted up to enough
	Err     error // what ended the count before: a limit of the server
}

// enough is up to where entries are counted: past it a directory is large, and servers' usual limits (500, 1,000) have shown.
const enough = 1_001

// Look surveys the directory. It writes nothing. What could not be looked at is left out.
func Look(ctx context.Context, s Subject, c *directory.Client) (v Survey) {
	v.Meetings = c.Meet(ctx)
	if !v.met() {
		return v
	}
	server, err := c.Server(ctx)
	if err != nil {
		v.Err = err
		return v
	}
	v.bind(s, server)
	v.Account = s.Directory.Bind.DN
	for _, name := range c.Self() {
		v.Account = cmp.Or(v.Account, name)
	}
	if s.Account != "" {
		v.Account = s.Account
	}
	l := looker{ctx, s, c, &v}
	for _, look := range []func() error{l.places, l.sizes, l.settings, l.rights, l.unmarked, l.untold} {
		if err := look(); err != nil {
			v.Err = errors.Join(v.Err, err)
			if ctx.Err() != nil {
				break
			}
		}
	}
	v.PageSize = c.PageSize()
	return v
}

// LookCloser looks for what costs a large directory more than a start should, and nothing depends on.
func (v *Survey) LookCloser(ctx context.Context, s Subject, c *directory.Client) {
	if v.met() && v.Server != nil {
		l := looker{ctx, s, c, v}
		l.guarded()
		l.hurry()
		if err := l.rightsBy(asks{ldif.SlapdSettings: l.slapdRights}); err != nil {
			v.Err = errors.Join(v.Err, err)
		}
	}
}

// Bound is the survey of a server that showed no more than what it is.
func Bound(s Subject, server *ldif.Server) (v Survey) {
	v.bind(s, server)
	return v
}

// bind holds the map against the server.
func (v *Survey) bind(s Subject, server *ldif.Server) {
	v.Server = server
	v.Map, v.Problems = ldapmap.For(s.Map, server)
}

// met says that some server took the bridge's bind.
func (v Survey) met() bool {
	for _, m := range v.Meetings {
		if m.Ended == directory.AtEnd {
			return true
		}
	}
	return false
}

// fits says that the map stands in the directory as it is.
func (v Survey) fits() bool { return v.Map != nil && len(v.Problems) == 0 }

// Whole says that nothing kept the directory from showing all that is looked at, with the map that stands in it.
func (v Survey) Whole() bool { return v.Err == nil && v.fits() }

// place is what there is at a DN, where it was looked for.
func (v Survey) place(dn string) (Place, bool) {
	for _, p := range v.Places {
		if v.Server.SameDN(p.DN, dn) {
			return p, true
		}
	}
	return Place{}, false
}

// looker fills in a survey.
type looker struct {
	ctx context.Context
	Subject
	client *directory.Client
	v      *Survey
}

// there says whether an entry is there, and shown.
func (l looker) there(dn string) (bool, error) {
	e, err := l.at(dn)
	return e != nil, err
}

// at is the entry of the DN; nil: there is none, or it is hidden.
func (l looker) at(dn string) (*ldif.Entry, error) {
	found, err := l.client.Look(l.ctx, directory.Search{
		Base: dn, Scope: directory.BaseObject, Attributes: []string{"objectClass", "aliasedObjectName"},
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// Live is what can be found out of the directory that was surveyed, and of the map in it.
func Live(s Subject, v Survey) Findings {
	var all Findings
	for _, check := range []func(Subject, Survey) []Finding{
		reach, certificates, surveyed, schema, missingPlaces, naming, demanded, values, syntaxes, lookups, indexes, sizes, lengths,
		policies, controls, slow, backlinks, references, uniques, numbers, asciiOnly, blocking, passwords, rights, guarded, marks, replicas,
		probed,
	} {
		all = append(all, check(s, v)...)
	}
	return s.located(all)
}

// surveyed says what ended the look at the directory.
func surveyed(_ Subject, v Survey) []Finding {
	if v.Err == nil {
		return nil
	}
	f := Finding{
		Severity: Error, Code: "directory", Key: "directory.urls", What: v.Err.Error(),
		Why: "what the bridge asks for at its start, the directory does not answer",
	}
	for what, hidden := range map[error]struct{ code, dn string }{
		directory.ErrRootDSE: {"no-root-dse", ""}, directory.ErrSchema: {"no-schema", "cn=Subschema"},
	} {
		if errors.Is(v.Err, what) {
			f.Code, f.What, f.Why = hidden.code, what.Error(), "without it the bridge serves nothing"
			f.Mend = "let it be read, as servers do unless they are told otherwise; on OpenLDAP:"
			f.LDIF = fmt.Sprintf("dn: olcDatabase={-1}frontend,cn=config\nchangetype: modify\nadd: olcAccess\n"+
				"olcAccess: {0}to dn.base=%q by * read\n", hidden.dn)
			f.Command = slapdLoad("access.ldif")
		}
	}
	return []Finding{f}
}

// Hidden is the finding that the bridge, which looks again for itself, would serve nothing.
func Hidden(s Subject, err error) Finding {
	return s.at(Finding{
		Severity: Error, Code: "hidden", Key: "directory.bind", What: err.Error(),
		Why:  "nothing is served: nobody can be told from somebody who is not shown",
		Mend: "grant the bridge's account the right to read what the map names, and the ids",
	})
}
