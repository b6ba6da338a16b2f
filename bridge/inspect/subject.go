package inspect

import (
	"fmt"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
)

// Subject is what is configured.
type Subject struct {
	Map       *compile.Map
	Directory directory.Options
	Guard     guard.Options
	MaxBody   int                     // octets of a request's body; 0: it is not known
	Request   time.Duration           // that a request may take; 0: it is not known
	Admin     string                  // address of the operators' listener; "": there is none
	Account   string                  // DN of who is to have the rights; "": whom the servers take the bridge for
	Unread    map[string]string       // keys that name the file of a secret which is not read, and the variables that take their places
	Place     func(key string) string // where a key was set
}

// at is the finding with the place of its key.
func (s Subject) at(f Finding) Finding {
	if f.Key != "" {
		f.Place = s.Place(f.Key)
	}
	f.Command = s.reaching(f.Command)
	return f
}

// located are the findings with their places, in order.
func (s Subject) located(all Findings) Findings {
	for i := range all {
		all[i] = s.at(all[i])
	}
	return all.InOrder()
}

// Offline is what can be found out without a directory.
func Offline(s Subject) Findings {
	var all Findings
	for _, check := range []func(Subject) Findings{entraTypes, entraOtherTypes, entraMissing, adminListener, timeouts, unread} {
		all = append(all, check(s)...)
	}
	return s.located(all)
}

// resource is the key of a resource type, with a key below it.
func resource(i int, below string) string {
	key := fmt.Sprintf("resources[%d]", i)
	if below != "" {
		key += "." + below
	}
	return key
}

// ruleKey is the key of a line of the map.
func ruleKey(i int, r *compile.Rule) string {
	return resource(i, fmt.Sprintf("attributes[%d].%s", r.At, r.Key()))
}

// boundKey is that of a line as it stands in a directory.
func boundKey(i int, r *ldapmap.Rule) string { return ruleKey(i, &r.Rule) }

// reaching is a command of OpenLDAP's clients as it reaches a server that the bridge reaches: TLS begins, and is of the authority that the
// configuration trusts.
func (s Subject) reaching(command string) string {
	tls := s.Directory.TLS
	begin := strings.Index(command, "ldap")
	if begin < 0 || !strings.Contains(command, " -x ") {
		return command
	}
	if tls.StartTLS && strings.Contains(command, " ldap://") {
		command = strings.Replace(command, " -x ", " -x -ZZ ", 1)
	}
	if tls.CA != "" && (strings.Contains(command, " -ZZ ") || strings.Contains(command, " ldaps://")) {
		command = command[:begin] + "LDAPTLS_CACERT=" + shell(tls.CA) + " " + command[begin:]
	}
	return command
}
