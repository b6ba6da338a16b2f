package inspect

import (
	"cmp"
	"errors"
	"fmt"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

var errEnough = errors.New("enough")

// sizes counts the entries below each base as a list reads them, up to enough: a server's limit shows itself there.
func (l looker) sizes() error {
	if !l.v.fits() {
		return nil
	}
	for i, t := range l.v.Map.Types {
		for j, base := range t.Bases() {
			if p, known := l.v.place(base); known && !p.Exists {
				continue
			}
			size := Size{Key: resource(i, fmt.Sprintf("base[%d]", j)), Base: base, Type: t.Name}
			search := directory.Search{Base: base, Filter: t.Scope(), Attributes: []string{"1.1"}}
			err := l.client.Enumerate(l.ctx, search, func(*ldif.Entry) error {
				if size.Entries++; size.Entries >= enough {
					return errEnough
				}
				return nil
			})
			answer, answered := errors.AsType[*directory.Error](err)
			switch {
			case answered && answer.Reason == reason.LimitExceeded:
				size.Err = err
			case err != nil && !errors.Is(err, errEnough):
				return err
			}
			l.v.Sizes = append(l.v.Sizes, size)
		}
	}
	return nil
}

// sizes finds limits of the server that end a list, and pages that are smaller than configured.
func sizes(s Subject, v Survey) (all []Finding) {
	for _, size := range v.Sizes {
		if size.Err == nil {
			continue
		}
		f := Finding{
			Severity: Error, Code: "size-limit", Key: size.Key,
			What: fmt.Sprintf("the server ends the list of entries below %s at its limit: %v", size.Base, size.Err),
			Why:  "who is past it is never listed, and no sort or count comes about",
			Mend: "lift the limit for the bridge's account",
		}
		switch v.Server.Settings {
		case ldif.SlapdSettings:
			database := "olcDatabase={1}mdb,cn=config"
			if d := v.database(size.Base); d != nil {
				database = d.DN
			}
			f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nadd: olcLimits\n"+
				"olcLimits: {0}dn.exact=%s size=unlimited size.prtotal=unlimited time=unlimited\n", database, inQuotes(v.Account))
			f.Command = "ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f limits.ldif"
		case ldif.DirsrvSettings:
			f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: nsSizeLimit\nnsSizeLimit: -1\n-\nreplace: nsPagedSizeLimit\n"+
				"nsPagedSizeLimit: -1\n-\nreplace: nsLookThroughLimit\nnsLookThroughLimit: -1\n-\nreplace: nsPagedLookThroughLimit\n"+
				"nsPagedLookThroughLimit: -1\n", v.Account)
			f.Command = load(v, "ldapmodify", "limits.ldif")
		}
		all = append(all, f)
	}
	if configured := cmp.Or(s.Directory.PageSize, directory.DefaultPageSize); v.PageSize > 0 && v.PageSize < configured {
		all = append(all, Finding{
			Severity: Hint, Code: "page-size", Key: "directory.pageSize",
			What: fmt.Sprintf("the server takes no pages of %d entries, and the bridge reads %d at a time", configured, v.PageSize),
			Why:  "it finds that out anew at each start, and a long list takes more round trips",
			Mend: "say so, or lift the limit of pages (size.pr) for the bridge's account", Line: fmt.Sprintf("pageSize: %d", v.PageSize),
		})
	}
	return all
}

// The controls by which a long answer is read (RFC 2696), and by which a write finds out what it meets (RFC 4528, RFC 4527).
const (
	controlPaging    = "1.2.840.113556.1.4.319"
	controlAssertion = "1.3.6.1.1.12"
	controlPreRead   = "1.3.6.1.1.13.1"
)

// controls finds controls that the bridge uses and the server does not announce.
func controls(_ Subject, v Survey) (all []Finding) {
	if v.Server == nil {
		return nil
	}
	if !v.Server.Controls[controlPaging] {
		all = append(all, Finding{
			Severity: Warning, Code: "no-paging", Key: "directory.urls", What: "the server announces no paged results (RFC 2696)",
			Why:  "a list ends at the server's limit of entries, often 500 or 1,000",
			Mend: "turn the control on, or lift the limits for the bridge's account",
		})
	}
	if v.Server.VersionForm != ldif.VersionInstance && !v.Server.Controls[controlAssertion] && !v.Server.Controls[controlPreRead] {
		all = append(all, Finding{
			Severity: Hint, Code: "no-condition", Key: "directory.urls",
			What: "the server announces neither assertions (RFC 4528) nor pre-reads (RFC 4527)",
			Why:  "of two clients that change one attribute at once, one may not notice the other", Mend: "turn one of the controls on",
		})
	}
	return all
}
