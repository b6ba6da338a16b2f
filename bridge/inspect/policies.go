package inspect

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"scimbridge/bridge/directory"
)

// Policy are a domain's limits on queries ([MS-ADTS] §3.1.1.3.4.6): of the controller in use, of its site, or of the domain.
type Policy struct {
	DN     string
	Limits map[string]int
}

// The policies that matter to the bridge. Searches within the defaults (1,000, 1,500, 120 s, 10 MiB) are what it is made for.
const (
	maxPageSize      = "MaxPageSize"
	maxValRange      = "MaxValRange"
	maxQueryDuration = "MaxQueryDuration"
	maxReceiveBuffer = "MaxReceiveBuffer"
)

// usualValRange is how many values of an attribute a domain gives at a time if nobody says otherwise.
const usualValRange = 1_500

// policy reads the limits that are in force at the controller in use.
func (l looker) policy(configuration string) error {
	root, err := l.client.Look(l.ctx, directory.Search{Scope: directory.BaseObject, Attributes: []string{"dsServiceName"}})
	if err != nil || len(root) == 0 {
		return err
	}
	service := root[0].Value("dsServiceName") // CN=NTDS Settings,CN=DC1,CN=Servers,CN=SITE,…
	site := "CN=NTDS Site Settings," + above(above(above(service)))
	dn := "CN=Default Query Policy,CN=Query-Policies,CN=Directory Service,CN=Windows NT,CN=Services," + configuration
	for _, at := range []string{site, service} {
		found, err := l.client.Look(l.ctx, directory.Search{
			Base: at, Scope: directory.BaseObject, Attributes: []string{"queryPolicyObject"},
		})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			dn = cmp.Or(found[0].Value("queryPolicyObject"), dn)
		}
	}
	found, err := l.client.Look(l.ctx, directory.Search{Base: dn, Scope: directory.BaseObject, Attributes: []string{"lDAPAdminLimits"}})
	if err != nil || len(found) == 0 {
		return err
	}
	p := Policy{dn, map[string]int{}}
	for _, line := range found[0].Values("lDAPAdminLimits") {
		name, text, _ := strings.Cut(line, "=")
		if n, err := strconv.Atoi(text); err == nil {
			p.Limits[name] = n
		}
	}
	l.v.Settings.LDAPPolicy = p
	return nil
}

// raised is the LDIF that sets a limit which is set.
func (p Policy) raised(name string, to int) string {
	return fmt.Sprintf("dn: %s\nchangetype: modify\ndelete: lDAPAdminLimits\nlDAPAdminLimits: %s=%d\n-\n"+
		"add: lDAPAdminLimits\nlDAPAdminLimits: %[2]s=%[4]d\n", p.DN, name, p.Limits[name], to)
}

// policies finds limits of a domain that are narrower than what the bridge asks for.
func policies(s Subject, v Survey) (all []Finding) {
	p := v.Settings.LDAPPolicy
	narrow := func(f Finding, name string, wanted int, does string) {
		is := p.Limits[name]
		if is <= 0 || is >= wanted {
			return
		}
		f.What = fmt.Sprintf("the domain's LDAP policy, %s=%d, %s", name, is, fmt.Sprintf(does, is))
		f.Mend = "have the policy give more, as a Domain Admin"
		if f.Line != "" {
			f.Line, f.Mend = fmt.Sprintf(f.Line, is), "be content with it, or "+f.Mend
		}
		f.LDIF = p.raised(name, wanted)
		f.Command = load(v, "ldapmodify", "policy.ldif")
		all = append(all, f)
	}
	narrow(Finding{
		Severity: Hint, Code: "page-size", Key: "directory.pageSize", Line: "pageSize: %d",
		Why: "a long list takes more round trips than its pages tell",
	}, maxPageSize, cmp.Or(s.Directory.PageSize, directory.DefaultPageSize), "gives pages of %d entries")
	narrow(Finding{
		Severity: Hint, Code: "value-range", Key: "directory.urls", Why: "the members of a large group take more round trips than usual",
	}, maxValRange, usualValRange, "gives %d values of an attribute at a time")
	for _, l := range longest(s, v, p.Limits[maxReceiveBuffer]) {
		f := l.finds(p.Limits[maxReceiveBuffer], maxReceiveBuffer)
		f.LDIF = p.raised(maxReceiveBuffer, l.octets+aroundValues)
		f.Command = load(v, "ldapmodify", "policy.ldif")
		all = append(all, f)
	}
	timeout := cmp.Or(s.Directory.Timeout, directory.DefaultTimeout)
	narrow(Finding{
		Severity: Warning, Code: "query-duration", Key: "directory.timeout", Line: "timeout: %ds",
		Why: "the bridge would wait longer for it: what takes the server long is broken off before the time that is configured",
	}, maxQueryDuration, int((timeout+time.Second-1)/time.Second), "ends a search after %d s")
	return all
}
