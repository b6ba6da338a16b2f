package layout

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"scimbridge/bridge/journal/report"
)

// text is the configuration's.
func (s Sight) text(c Choices, users, groups *resource) string {
	var b strings.Builder
	write := func(format string, values ...any) { fmt.Fprintf(&b, format+"\n", values...) }
	write("# Made by `scimbridge init` of what a directory showed (%s). What it could not be sure of, the comments say.", s.Server.Kind)
	write("# Beside it stand the rights of the bridge's account (%s.access.*), and what is missing (.places, .indexes). Once they", c.Name)
	write("# are loaded: scimbridge check --config %s.yaml --connect", c.Name)
	write("# Secrets come from the environment (or from files: directory.bind.passwordFile, access.tokenFile):")
	if c.PasswordFile == "" {
		write("#   SCIMBRIDGE_DIRECTORY_BIND_PASSWORD  the password of directory.bind.dn")
	}
	write("#   SCIMBRIDGE_ACCESS_TOKEN             the secret token that Entra sends")
	write("listen:\n  address: 127.0.0.1:8080 # beyond this machine it takes `tls`, or a proxy in front")
	write("\ndirectory:\n  urls: [%s] # name further servers behind it, which are tried in order", quoted(c.URL))
	if c.CA != "" || c.StartTLS || c.ServerName != "" {
		var tls []string
		if c.StartTLS {
			tls = append(tls, "startTLS: true")
		}
		if c.CA != "" {
			tls = append(tls, "ca: "+quoted(c.CA))
		}
		if c.ServerName != "" {
			tls = append(tls, "serverName: "+quoted(c.ServerName))
		}
		write("  tls: {%s}", strings.Join(tls, ", "))
	}
	write("  bind:\n    dn: %s", quoted(c.Account))
	if c.PasswordFile != "" {
		write("    passwordFile: %s", quoted(c.PasswordFile))
	}
	if protected := append(slices.Clone(users.protected), groups.protected...); len(protected) > 0 {
		var names []string
		for _, dn := range protected {
			names = append(names, quoted(dn))
		}
		write("\nguard:\n  protected: [%s] # everybody's primary group is an administrator's", strings.Join(names, ", "))
	}
	write("\nresources:")
	users.write(write)
	write("")
	groups.write(write)
	write("\n# What the bridge did is kept in a store: under systemd in the unit's StateDirectory by itself, elsewhere in a file on a disk")
	write("# of this machine.")
	write("# store: {file: /var/lib/scimbridge/scimbridge.db}")
	return b.String()
}

func (r *resource) write(write func(string, ...any)) {
	comment := func(why string) string {
		if why == "" {
			return ""
		}
		return " # " + report.Plain(why) // what a value of the directory's is in it ends no line
	}
	write("  - type: %s\n    base: %s%s", r.kind, quoted(r.base), comment(r.baseWhy))
	write("    objectClasses: [%s]", strings.Join(r.classes, ", "))
	if r.dn != "" {
		write("    dn: '%s'%s", strings.ReplaceAll(r.dn, "'", "''"), comment(r.dnWhy))
	}
	if r.parents {
		write("    createParents: true # a department that is new gets its unit")
	}
	switch {
	case r.tombstone != "":
		write("    tombstone: %s # keeps the name that Entra gives a soft-deleted user; %s", r.tombstone, r.tombstoneWhy)
	case r.kind == "User":
		write("    # tombstone: ATTRIBUTE that is free; without it a user that Entra soft-deletes is renamed, to 32 digits and the name")
	}
	write("    attributes:")
	for _, l := range r.lines {
		var parts []string
		if l.scim != "" {
			parts = append(parts, "scim: "+quoted(l.scim))
		}
		parts = append(parts, "ldap: "+l.ldap)
		if l.more != "" {
			parts = append(parts, l.more)
		}
		write("      - {%s}%s", strings.Join(parts, ", "), comment(l.why))
	}
	switch {
	case r.active != "":
		write("    active: %s%s", r.active, comment(r.activeWhy))
	case r.kind == "User":
		write("    # active: nothing was found by which somebody could be blocked: without it Entra disables nobody")
	}
	if r.members != "" {
		write("    members: %s", r.members)
	}
}

// plain is a text that YAML takes without quotes, in a flow mapping too.
var plain = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9 ._/@=-]*$|^[a-z]+://[A-Za-z0-9.:/%-]+$`)

// quoted is a text as YAML takes it anywhere.
func quoted(text string) string {
	isWord := slices.Contains([]string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}, strings.ToLower(text))
	if plain.MatchString(text) && !isWord && strings.TrimSpace(text) == text {
		return text
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text) // whose escapes are YAML's
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
