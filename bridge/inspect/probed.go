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
	refused := func(code, what string, err error) {
		what = fmt.Sprintf("%s: %v", what, err)
		f := found(Error, code, resource(i, "base"), what, "whatever a client sends of the kind is refused so", "")
		if answer, ok := errors.AsType[*directory.Error](err); ok && answer.Reason == reason.Refused {
			f.Mend = "grant the bridge's account the right"
			grantType(f, s, v, i)
		}
	}
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
	if p.Delete != nil {
		refused("probe-delete", "the user that was made cannot be deleted", p.Delete)
	}
	if p.Left != "" {
		f := found(Error, ProbeLeft, "", "the user that was made is still there: "+p.Left, "nobody needs it", "remove it")
		f.Command = fmt.Sprintf("ldapdelete -x -H %s -D ADMINISTRATOR -W '%s'", v.url(), p.Left)
	}
	if p.Unseen != nil {
		what := fmt.Sprintf("whether the user that was made, %s, is still there could not be seen: %v", p.Name, p.Unseen)
		t := v.Map.Types[i]
		f := found(Error, ProbeLeft, "", what, "nobody needs it", "look for it, and remove it")
		f.Command = search(v, t.Base, fmt.Sprintf("(%s=%s*)", t.Login.LDAP, probeName), "1.1")
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
	what := fmt.Sprintf("to dn.subtree=%q attrs=userPassword filter=%q", t.Base, filter)
	f.Mend = "have an access rule keep them out, ahead of every other one for userPassword; in slapd.conf: access " + what +
		" by * none" + besides
	if d := v.database(t.Base); d != nil {
		g := Granting{Command: "ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f access.ldif"}
		g.LDIF = addRules(&g.Note, d.DN, d.Access, fmt.Sprintf("%s by dn.exact=%q =w by * none", what, account))
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
