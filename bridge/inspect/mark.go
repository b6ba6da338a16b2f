package inspect

import (
	"fmt"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
)

// unmarked finds the bases for which the server does not tell when something was written last.
func (l looker) unmarked() error {
	server := l.v.Server
	if !l.v.fits() || server.MarkAttribute == "" {
		return nil
	}
	seen := map[string]bool{}
	for _, base := range l.v.Map.Bases() {
		at := server.Marked(base)
		if seen[at] {
			continue
		}
		seen[at] = true
		found, err := l.client.Look(l.ctx, directory.Search{
			Base: at, Scope: directory.BaseObject, Attributes: []string{server.MarkAttribute},
		})
		if err != nil {
			return err
		}
		shown := len(found) > 0 && len(found[0].Attributes) > 0 // lastusn;userRoot
		if !shown {
			l.v.Unmarked = append(l.v.Unmarked, base)
		}
	}
	return nil
}

// marks tells of what would make lists cheaper.
func marks(_ Subject, v Survey) (all []Finding) {
	if len(v.Unmarked) == 0 {
		return nil
	}
	f := Finding{
		Severity: Hint, Code: "no-mark", Key: "directory.urls",
		What: "the server does not tell when something was written last: " + v.Server.MarkAttribute + " is missing, or hidden",
		Why:  "a list that is read page by page is found anew after a while, though nothing has changed",
		Mend: "let the bridge's account read it, and have the server keep it",
	}
	switch v.Server.Settings {
	case ldif.SlapdSettings:
		if d := v.database(v.Unmarked[0]); d != nil {
			f.LDIF = fmt.Sprintf("dn: olcOverlay=syncprov,%s\nchangetype: add\nobjectClass: olcSyncProvConfig\n"+
				"olcOverlay: syncprov\n", d.DN)
			f.Command = "ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f syncprov.ldif"
		}
		f.Mend += " (the overlay syncprov, of the module syncprov)"
	case ldif.DirsrvSettings:
		f.LDIF = "dn: cn=USN,cn=plugins,cn=config\nchangetype: modify\nreplace: nsslapd-pluginEnabled\nnsslapd-pluginEnabled: on\n"
		f.Command = load(v, "ldapmodify", "usn.ldif")
		f.Mend += " (the plug-in USN, after a restart)"
	}
	return []Finding{f}
}
