package inspect

import "slices"

// unread warns of a file of a secret that is not read: the environment has the secret.
func unread(s Subject) (all Findings) {
	var keys []string
	for key := range s.Unread {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		variable := s.Unread[key]
		all = append(all, Finding{
			Severity: Warning, Code: "unread-secret", Key: key,
			What: "the file that " + key + " names is not read: " + variable + " is set, and goes before it",
			Why:  "a new secret in the file changes nothing: what the environment holds is read when serve starts",
			Mend: "unset " + variable + ", or take " + key + " out of the configuration",
		})
	}
	return all
}
