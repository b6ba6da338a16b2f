package inspect

import (
	"fmt"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// overlay is slapd's overlay of the name, with its settings; nil: it is not there, or not shown.
func (set Settings) overlay(name string) *ldif.Entry {
	for _, o := range set.Overlays {
		if strings.HasSuffix(strings.ToLower(o.Value("olcOverlay")), name) { // {0}ppolicy
			return o
		}
	}
	return nil
}

// shown says that slapd's overlays are.
func (v Survey) showsOverlays() bool {
	return v.fits() && v.Server.Settings == ldif.SlapdSettings && v.Settings.Hidden == "" && len(v.Settings.Databases) > 0
}

const policyLDIF = "dn: %[1]s\nchangetype: add\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy\npwdAttribute: userPassword\n" +
	"pwdLockout: TRUE\n"

// blocking finds ways to block that keep nobody from binding, or of which that cannot be told.
func blocking(_ Subject, v Survey) (all []Finding) {
	if !v.fits() {
		return nil
	}
	for i, t := range v.Map.Types {
		unproven := t.Unproven()
		if len(unproven) == 0 {
			continue
		}
		if f := withoutPolicy(v, t, unproven); f != nil {
			f.Key = resource(i, "active")
			all = append(all, *f)
			continue
		}
		if v.Probed != nil && t.Name == "User" {
			continue
		}
		all = append(all, Finding{
			Severity: Hint, Code: "unproven-blocking", Key: resource(i, "active"),
			What: fmt.Sprintf("whether %s keeps anybody from binding is for the server's password policy or access rules",
				strings.Join(unproven, ", ")),
			Why:  "who is disabled, and still binds, is not disabled",
			Mend: "have it tried: check --probe makes a user, blocks it and tries its bind",
		})
	}
	return all
}

// withoutPolicy is the finding that pwdAccountLockedTime is set and no policy looks at it; nil: that is not so, or is not shown.
func withoutPolicy(v Survey, t *ldapmap.Type, unproven []string) *Finding {
	if !v.showsOverlays() || len(unproven) != 1 || !strings.EqualFold(unproven[0], "pwdAccountLockedTime") {
		return nil
	}
	d := v.database(t.Base)
	if d == nil {
		return nil
	}
	policy := "cn=policy," + d.Suffix
	f := &Finding{
		Severity: Error, Code: "blocking", Why: "who is disabled still binds",
		Mend:    "have a default policy with pwdLockout TRUE",
		LDIF:    fmt.Sprintf(policyLDIF, policy),
		Command: "ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f policy.ldif",
	}
	o := v.Settings.overlay("ppolicy")
	switch {
	case o == nil:
		f.What = "pwdAccountLockedTime blocks by the overlay ppolicy, which is not there"
		f.LDIF += fmt.Sprintf("\ndn: olcOverlay=ppolicy,%s\nchangetype: add\nobjectClass: olcPPolicyConfig\nolcOverlay: ppolicy\n"+
			"olcPPolicyDefault: %s\n", d.DN, policy)
	case o.Value("olcPPolicyDefault") == "":
		f.What = "pwdAccountLockedTime blocks where a password policy is in force, and the overlay ppolicy has no default one"
		f.LDIF += fmt.Sprintf("\ndn: %s\nchangetype: modify\nreplace: olcPPolicyDefault\nolcPPolicyDefault: %s\n", o.DN, policy)
	case v.Settings.Policy == nil:
		policy = o.Value("olcPPolicyDefault")
		f.What = fmt.Sprintf("the default password policy, %s, is missing, or hidden from the bridge's account", policy)
		f.LDIF = fmt.Sprintf(policyLDIF, policy)
		f.Severity = Warning
	case !strings.EqualFold(v.Settings.Policy.Value("pwdLockout"), "TRUE"):
		policy = v.Settings.Policy.DN
		f.What = fmt.Sprintf("the default password policy, %s, says no pwdLockout: TRUE, without which nobody is locked out", policy)
		f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: pwdLockout\npwdLockout: TRUE\n", policy)
	default:
		return nil
	}
	return f
}

// passwords finds that passwords, which SCIM sends as they are, would be kept so.
func passwords(_ Subject, v Survey) (all []Finding) {
	if !v.showsOverlays() {
		return nil
	}
	o := v.Settings.overlay("ppolicy")
	if o != nil && strings.EqualFold(o.Value("olcPPolicyHashCleartext"), "TRUE") {
		return nil
	}
	for i, t := range v.Map.Types {
		for _, r := range t.Rules {
			if !strings.EqualFold(r.LDAP, "userPassword") || r == t.Password {
				continue
			}
			f := Finding{
				Severity: Warning, Code: "clear-passwords", Key: boundKey(i, r),
				What:    "the server keeps passwords as they are sent: in clear text",
				Why:     "whoever reads the database, or a backup of it, reads them",
				Mend:    "have the overlay ppolicy make hashes of them, or have them set by the operation that does",
				Line:    fmt.Sprintf("- {scim: password, ldap: %s, by: password-modify}", r.LDAP),
				Command: "ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f hash.ldif",
			}
			if o != nil {
				f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: olcPPolicyHashCleartext\nolcPPolicyHashCleartext: TRUE\n", o.DN)
			} else if d := v.database(t.Base); d != nil {
				f.LDIF = fmt.Sprintf("dn: olcOverlay=ppolicy,%s\nchangetype: add\nobjectClass: olcPPolicyConfig\nolcOverlay: ppolicy\n"+
					"olcPPolicyHashCleartext: TRUE\n", d.DN)
			}
			all = append(all, f)
		}
	}
	return all
}
