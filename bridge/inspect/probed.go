package inspect

import (
	"errors"
	"fmt"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// ProbeLeft is the code of what a probe left behind.
const ProbeLeft = "probe-left"

// probed tells what came of a probe.
func probed(s Subject, v Survey) (all []Finding) {
	p := v.Probed
	if p == nil {
		return nil
	}
	i := typeAt(v, "User")
	found := func(severity Severity, code, key, what, why, mend string) *Finding {
		all = append(all, Finding{Severity: severity, Code: code, Key: key, What: what, Why: why, Mend: mend})
		return &all[len(all)-1]
	}
	refused := func(code, what string, err error) { all = append(all, refusedTrial(s, v, i, code, what, err)) }
	active := resource(i, "active")
	switch {
	case p.Create != nil:
		refused("probe-create", "no user can be made", p.Create)
	case len(v.Map.Types[i].Active) == 0:
	case !p.Password:
		found(Hint, "unproven-blocking", active, "whether who is blocked cannot bind was not tried: the map sets no password", "",
			"try it by hand: disable somebody, and bind as them")
	case p.Err != nil:
		what := fmt.Sprintf("the probe did not come to its end: %v", p.Err)
		found(Warning, "probe", active, what, "whether blocking bites is not known", "")
	case !p.Binds:
		found(Warning, "probe-bind", active, "the user that was made cannot bind with its password: "+p.Says,
			"whether blocking bites cannot be told, and a password that is sent lets nobody in",
			"is there a policy, or an access rule (`by anonymous auth` on userPassword), that forbids it?")
	case p.Block != nil:
		refused("probe-block", "the user that was made cannot be disabled", p.Block)
	case !p.Blocked:
		found(Error, "blocking", active, "the user that was made still binds while it is disabled", "who is disabled is not kept out",
			"have a password policy, or an access rule, look at what `active` writes")
		bite(&all[len(all)-1], v, v.Map.Types[i], v.Account)
	case p.Enable != nil:
		refused("probe-enable", "the user that was made cannot be enabled again", p.Enable)
	case !p.Again:
		found(Warning, "probe-enable", active, "the user that was made cannot bind once it is enabled again: "+p.Says,
			"who comes back stays out", "what else did the server do when it was disabled?")
	}
	all = append(all, tried(s, v, i, "user", p.Trial)...)
	if g := p.Group; g != nil {
		i := typeAt(v, "Group")
		if g.Create != nil {
			all = append(all, refusedTrial(s, v, i, "probe-create", "no group can be made", g.Create))
		}
		if g.Change != nil {
			f := refusedTrial(s, v, i, "probe-members", "the group that was made does not let go of its member", g.Change)
			f.Key = resource(i, "members")
			all = append(all, f)
		}
		all = append(all, tried(s, v, i, "group", *g)...)
	}
	return all
}

// refusedTrial is the finding that a step of a trial was refused.
func refusedTrial(s Subject, v Survey, i int, code, what string, err error) Finding {
	f := Finding{
		Severity: Error, Code: code, Key: resource(i, "base"), What: fmt.Sprintf("%s: %v", what, err),
		Why: "whatever a client sends of the kind is refused so",
	}
	if answer, ok := errors.AsType[*directory.Error](err); ok && answer.Reason == reason.Refused {
		f.Mend = "grant the bridge's account the right"
		grantType(&f, s, v, i)
	}
	return f
}

// tried tells what became of what was made.
func tried(s Subject, v Survey, i int, what string, made Trial) (all []Finding) {
	if made.Delete != nil {
		all = append(all, refusedTrial(s, v, i, "probe-delete", "the "+what+" that was made cannot be deleted", made.Delete))
	}
	if made.Left != "" {
		all = append(all, Finding{
			Severity: Error, Code: ProbeLeft, What: "the " + what + " that was made is still there: " + made.Left, Why: "nobody needs it",
			Mend: "remove it", Command: fmt.Sprintf("ldapdelete -x -H %s -D ADMINISTRATOR -W %s", v.url(), shell(made.Left)),
		})
	}
	if t := v.Map.Types[i]; made.Unseen != nil {
		all = append(all, Finding{
			Severity: Error, Code: ProbeLeft, Why: "nobody needs it", Mend: "look for it, and remove it",
			What:    fmt.Sprintf("whether the %s that was made, %s, is still there could not be seen: %v", what, made.Name, made.Unseen),
			Command: search(v, t.Base, fmt.Sprintf("(%s=%s*)", t.Named().LDAP, probeName), "1.1"),
		})
	}
	return all
}

// typeAt is the number of a type.
func typeAt(v Survey, name string) int {
	for i, t := range v.Map.Types {
		if t.Name == name {
			return i
		}
	}
	return -1
}

// bite says how slapd keeps out whom the type's `active` blocks.
func bite(f *Finding, v Survey, t *ldapmap.Type, account string) {
	if v.Server.Settings != ldif.SlapdSettings {
		return
	}
	a, policy := t.Active[0], "cn=policy,"+v.Server.Context(t.Base)
	if a.ClearedByPassword {
		f.Mend = "have a default policy with pwdLockout TRUE; in slapd.conf: overlay ppolicy, ppolicy_default " + policy
		f.LDIF, f.Command = fmt.Sprintf(policyLDIF, policy), load(v, "ldapmodify", "policy.ldif")
		return
	}
	filter, besides := blockedBy(t, a)
	what := fmt.Sprintf("to dn.subtree=%s attrs=userPassword filter=%s", inQuotes(t.Base), inQuotes(filter))
	f.Mend = "have an access rule keep them out, ahead of every other one for userPassword; in slapd.conf: access " +
		inSlapdConf(what) + " by * none" + besides
	if d := v.database(t.Base); d != nil {
		g := Granting{Command: "ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f access.ldif"}
		g.LDIF = addRules(&g.Note, d.DN, d.Access, fmt.Sprintf("%s by dn.exact=%s =w by * none", what, inQuotes(account)))
		g.into(f)
	}
}

// blockedBy is the filter of those whom a way to block blocks, and whom it takes in besides; "": a password policy looks at it by itself.
func blockedBy(t *ldapmap.Type, a ldapmap.Activation) (filter, besides string) {
	switch {
	case a.ClearedByPassword:
		return "", ""
	case a.Bit != 0:
		return fmt.Sprintf("(%s:1.2.840.113556.1.4.803:=%d)", a.Attribute, a.Bit), ""
	case a.Blocked == "": // others than the map's have no such value either: the bridge's account
		return ldif.AllOf(t.Scope(), "(!"+ldif.Equality(a.Attribute, a.Unblocked)+")"),
			fmt.Sprintf("; whoever of them has no %s: %s is kept out from then on", a.Attribute, a.Unblocked)
	}
	return ldif.Equality(a.Attribute, a.Blocked), ""
}
