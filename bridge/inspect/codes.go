package inspect

import (
	"fmt"
	"strings"
)

// Code is a kind of finding.
type Code struct {
	Name       string
	Severities []Severity // that it may have
	Means      string
	Mended     string // by what, in short
}

// Codes are all kinds, as the README beside them has them, by what they are about.
var Codes = []Code{
	// The configuration.
	{"configuration", []Severity{Error}, "the file says what it cannot mean, or what contradicts itself", "told with it"},
	{"admin-reachable", []Severity{Warning}, "other machines reach the operators' listener, without TLS or a token", "a YAML line"},
	{"unread-secret", []Severity{Warning}, "a file of a secret is not read, as the environment has the secret", "one of the two"},
	{"timeouts", []Severity{Warning}, "a request ends before an operation on the directory may", "a YAML line"},

	// The bridge's own store.
	{"store", []Severity{Error}, "the store cannot be used", "told with it"},
	{"store-missing", []Severity{Hint}, "the store's file is not there, and `serve` makes it", "another name of the file"},
	{"store-rights", []Severity{Warning}, "who runs `check` may not write the store's file", "`sudo -u`, `chown`"},

	// What Entra's requests would miss.
	{"entra-active", []Severity{Warning}, "nobody can be disabled", "a YAML line"},
	{"entra-external-id", []Severity{Warning, Hint}, "users (or, a hint, groups) have no `externalId`", "a YAML line"},
	{"entra-emails", []Severity{Hint}, "users have no email", "a YAML line"},
	{"entra-type", []Severity{Warning}, "values are mapped without the type by which Entra asks, or with another", "a YAML line"},
	{"entra-tombstone", []Severity{Hint}, "who is soft-deleted is renamed", "a YAML line"},
	{"entra-members", []Severity{Warning}, "groups have no members", "a YAML line"},

	// The way to the servers.
	{"unknown-host", []Severity{Error, Warning}, "DNS does not know the name", "`getent`"},
	{"not-located", []Severity{Error, Warning}, "DNS tells of no server of a service, or of none within its domain", "`dig`"},
	{"refused-connection", []Severity{Error, Warning}, "nobody listens at the port", "`nc`"},
	{"no-answer", []Severity{Error, Warning}, "nothing answers, or the server connects and says nothing", "`nc`, `ldapsearch`"},
	{"unreachable", []Severity{Error, Warning}, "the network does not lead there", "told with it"},
	{"plain-port", []Severity{Error, Warning}, "`ldaps://` at a port for plain LDAP", "a YAML line"},
	{"ldaps-port", []Severity{Error, Warning}, "`ldap://` at a port for LDAPS", "a YAML line"},
	{"no-starttls", []Severity{Error, Warning}, "the server does not begin TLS", "a YAML line"},
	{"tls", []Severity{Error, Warning}, "TLS does not come about", "`openssl`"},
	{"unknown-authority", []Severity{Error, Warning}, "the certificate's authority is not trusted", "a YAML line"},
	{"certificate-name", []Severity{Error, Warning}, "the certificate is for another name", "a YAML line"},
	{"certificate-expired", []Severity{Error, Warning}, "a certificate is not valid now", "a new one, or the clock"},
	{"certificate-ends", []Severity{Warning}, "a certificate ends within 30 days", "a new one"},
	{"bind", []Severity{Error, Warning}, "the server does not take the bind", "its own words are told"},
	{"bind-refused", []Severity{Error, Warning}, "the account or its password is wrong", "`ldapwhoami`"},
	{"bind-dn", []Severity{Error, Warning}, "the account's name is none that the server knows accounts by", "another form of it"},
	{"bind-needs-tls", []Severity{Error, Warning}, "the server takes passwords over TLS alone", "a YAML line"},
	{"slow", []Severity{Warning}, "the least question takes a tenth of `directory.timeout` or more", "a YAML line, or a nearer server"},
	{"directory", []Severity{Error}, "the look at the directory was ended by its error", "told with it"},
	{"no-root-dse", []Severity{Error}, "the root DSE is hidden", "LDIF (OpenLDAP)"},
	{"no-schema", []Severity{Error}, "the schema is hidden", "LDIF (OpenLDAP)"},
	{"hidden", []Severity{Error}, "what the bridge must see, its account does not", "a right to read"},
	{"no-paging", []Severity{Warning}, "the server announces no paged results", "the control, or higher limits"},
	{"no-condition", []Severity{Hint}, "the server announces neither assertions nor pre-reads", "one of the controls"},
	{"no-mark", []Severity{Hint}, "the server does not tell when something was written last", "LDIF"},
	{"untold-replica", []Severity{Hint}, "one of several servers does not tell how far it has got", "a right to read"},

	// Places.
	{"base-missing", []Severity{Error}, "a base is missing, or hidden", "LDIF that makes it"},
	{"leavers-missing", []Severity{Error}, "the place of deleted entries is missing, or hidden", "LDIF that makes it"},
	{"references-missing", []Severity{Warning}, "a base of `references` is missing, or hidden", "a YAML line less"},
	{"protected-missing", []Severity{Warning}, "a DN under `guard.protected` is of nothing", "`ldapsearch`"},
	{"privileged-missing", []Severity{Error}, "a group under `guard.privilegedGroups` is missing, or hidden", "`ldapsearch`"},
	{"alias", []Severity{Error}, "a place is an alias of another", "a YAML line"},
	{"referral", []Severity{Error}, "a place is at another server", "a YAML line"},
	{"protected", []Severity{Hint}, "entries below the bases are privileged, and not written", "leave them out"},

	// The schema.
	{"unknown-attribute", []Severity{Error}, "the schema has no such attribute", "the name that was meant, or its schema"},
	{"not-allowed", []Severity{Error}, "no object class of the map allows the attribute", "a YAML line"},
	{"schema", []Severity{Error}, "the schema has otherwise what the map names", "told with it"},
	{"rdn", []Severity{Error}, "entries are to be named by what cannot name them", "another expression, or a YAML line"},
	{"must", []Severity{Error}, "the object classes demand what no new entry is given", "a YAML line"},
	{"may-be-missing", []Severity{Warning}, "the object classes demand what a client need not send", "a YAML line"},
	{"single-valued", []Severity{Warning}, "several values are to go into an attribute of one", "a YAML line"},
	{"syntax", []Severity{Warning}, "text is to go into an attribute that takes other values", "a YAML line"},
	{"case", []Severity{Warning}, "everybody is looked up by what no index finds: case counts there", "another attribute"},

	// Indexes and limits.
	{"index", []Severity{Hint, Warning}, "requests search by it, and it is not indexed so (a warning from 1,001 entries on)", "LDIF"},
	{"filter-index", []Severity{Hint}, "a client that filtered by these would have every entry read", "LDIF"},
	{"unseen-indexes", []Severity{Hint}, "the server does not show its indexes", "the command that shows them"},
	{"size-limit", []Severity{Error}, "the server ends a list at its limit", "LDIF"},
	{"request-length", []Severity{Hint}, "the server takes less in one request than `listen.maxBody` lets in", "a YAML line, or LDIF"},
	{"page-size", []Severity{Hint}, "the server gives smaller pages than are asked for", "a YAML line, or LDIF"},
	{"value-range", []Severity{Hint}, "the domain gives few values of an attribute at a time", "LDIF"},
	{"query-duration", []Severity{Warning}, "the domain ends searches before `directory.timeout`", "a YAML line, or LDIF"},

	// What servers do by themselves.
	{"memberof", []Severity{Warning}, "nothing fills in what `groups` are read from, or other members do", "LDIF, or a YAML line"},
	{"memberof-class", []Severity{Error}, "the server writes memberOf where no class allows it: no member comes in", "LDIF"},
	{"references", []Severity{Error}, "`keepsReferences` is said, and the server does not keep some", "LDIF, or a YAML line"},
	{"references-later", []Severity{Warning}, "`keepsReferences` is said, and the server keeps them later", "LDIF, or a YAML line"},
	{"refint-nothing", []Severity{Hint}, "refint leaves a deleted last member in its group", "LDIF"},
	{"unique", []Severity{Hint}, "the server wants unique what the map does not say is", "a YAML line"},
	{"unique-broken", []Severity{Error}, "the server wants unique what the map gives to many", "LDIF"},
	{"constraint", []Severity{Error}, "the server refuses a value, or a number of them, that the map writes", "LDIF"},
	{"numbers", []Severity{Error}, "all get one number: nothing puts another in the place of the magic value", "LDIF, or a YAML line"},
	{"numbers-twice", []Severity{Warning}, "both the map and the server allot numbers", "LDIF, or a YAML line"},
	{"ascii-only", []Severity{Hint}, "the server refuses letters beyond ASCII in the login", "LDIF"},
	{"account-policy", []Severity{Hint}, "the server locks who has not logged in, which SCIM does not show", "`ldapsearch`"},
	{"unseen-overlays", []Severity{Hint}, "whether the server keeps what the map takes for kept could not be seen", "a trial"},
	{"clear-passwords", []Severity{Warning}, "passwords are kept as they are sent", "LDIF, or a YAML line"},

	// Rights, and who is blocked.
	{"may-not-create", []Severity{Error}, "the account may make no entries of the class", "LDIF, or commands"},
	{"may-not-write", []Severity{Error}, "the account may not write attributes of the map", "LDIF, or commands"},
	{"administrator", []Severity{Hint}, "the account has more rights than the map needs", "an account of its own (`init`)"},
	{"unseen-rights", []Severity{Hint}, "what the account may write could not be seen", "`--probe`"},
	{"blocking", []Severity{Error, Warning}, "who is disabled binds all the same", "LDIF"},
	{"unproven-blocking", []Severity{Hint}, "whether who is disabled binds was not tried", "`--probe`"},
	{"probe", []Severity{Warning}, "the probe did not come to its end", "told with it"},
	{"probe-create", []Severity{Error}, "no user, or no group, can be made", "LDIF"},
	{"probe-bind", []Severity{Warning}, "a new user cannot bind with its password", "the server's policy"},
	{"probe-block", []Severity{Error}, "a user cannot be disabled", "LDIF"},
	{"probe-enable", []Severity{Error, Warning}, "a disabled user cannot be enabled again, or does not bind then", "LDIF"},
	{"probe-members", []Severity{Error}, "a group does not let go of a member", "LDIF"},
	{"probe-delete", []Severity{Error}, "what was made cannot be deleted", "LDIF"},
	{ProbeLeft, []Severity{Error}, "what a probe made is still there", "`ldapdelete`"},
}

// CodesTable is the table of the README.
func CodesTable() string {
	var b strings.Builder
	b.WriteString("| code | severity | what it means | mended by |\n|---|---|---|---|\n")
	for _, c := range Codes {
		var severities []string
		for _, s := range c.Severities {
			severities = append(severities, string(s))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Name, strings.Join(severities, ", "), c.Means, c.Mended)
	}
	return b.String()
}
