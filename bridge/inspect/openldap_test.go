package inspect_test

import (
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/inspect"
	"scimbridge/config"
	"scimbridge/examples"
	"scimbridge/ldapmap/ldif"
)

// deployment is a configuration before a directory, of which one thing at a time is made wrong.
type deployment struct {
	*testing.T
	server *dirtest.Server
	text   string
	env    []string
	// probes gives the bridge by which a probe is done, and may end its context; nil: nothing is tried.
	probes func(b bridge.Local, end func()) inspect.Bridge
	gone   bool // it goes away meanwhile
}

// by is what is looked at of the deployment with these variables, the directory that they name, and a bridge before it.
func (d deployment) by(t *testing.T, variables []string) (inspect.Subject, *directory.Client, bridge.Local) {
	t.Helper()
	c, err := config.Parse("scimbridge.yaml", []byte(d.text), variables)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Map()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	client, err := directory.New(c.Directory, log)
	if err != nil {
		t.Fatal(err)
	}
	s := inspect.Subject{
		Map: compiled, Directory: c.Directory, Guard: c.Guard, MaxBody: c.Listen.WithDefaults().MaxBody, Place: c.Place,
	}
	b := bridge.New(bridge.Options{Map: compiled, Directory: client, Guard: guard.New(c.Guard, client.Self, client), Log: log})
	return s, client, bridge.Local{Bridge: b}
}

// looked is what check finds with these variables set beside the deployment's, or instead; with a bridge that probes, when there is one.
func (d deployment) looked(t *testing.T, env ...string) inspect.Findings {
	t.Helper()
	var variables []string
	for _, line := range append(d.env, env...) {
		name, _, _ := strings.Cut(line, "=")
		for i, other := range variables {
			if strings.HasPrefix(other, name+"=") {
				variables = append(variables[:i], variables[i+1:]...)
				break
			}
		}
		variables = append(variables, line)
	}
	s, client, b := d.by(t, variables)
	defer client.Close()
	v := inspect.Look(t.Context(), s, client)
	v.LookCloser(t.Context(), s, client)
	if d.probes != nil {
		ctx, end := context.WithCancel(t.Context())
		defer end()
		v.Probe(ctx, s, client, d.probes(b, end))
		if d.gone {
			return inspect.Live(s, v)
		}
		if left := d.server.Entries(t, d.server.Base); slices.ContainsFunc(left, isProbe) {
			t.Errorf("left behind: %v", left)
		}
	}
	return append(inspect.Offline(s), inspect.Live(s, v)...)
}

func isProbe(e *ldif.Entry) bool { return strings.Contains(e.String(), "scimbridge-check-") }

// finds holds what is found to one finding, beside hints: its severity and code, its key, and what its repair holds.
func finds(t *testing.T, all inspect.Findings, want, key, repair string) (f inspect.Finding) {
	t.Helper()
	tabled(t, all)
	var got []inspect.Finding
	for _, f := range all {
		if f.Severity != inspect.Hint || strings.HasPrefix(want, "hint "+f.Code) && (key == "" || f.Key == key) {
			got = append(got, f)
		}
	}
	if want == "" {
		for _, f := range got {
			t.Errorf("found %+v", f)
		}
		return f
	}
	if len(got) != 1 {
		t.Fatalf("want %s, found %+v", want, all)
	}
	f = got[0]
	if is := fmt.Sprintf("%s %s", f.Severity, f.Code); is != want || key != "" && f.Key != key {
		t.Errorf("found %s at %s: %s, want %s at %s", is, f.Key, f.What, want, key)
	}
	if text := strings.Join([]string{f.What, f.Mend, f.Line, f.LDIF, f.Command}, "\n"); !strings.Contains(text, repair) {
		t.Errorf("the repair is %q, want %q", text, repair)
	}
	return f
}

// stands holds the place of a finding to its key: a line of the configuration that says it, or what it is part of, or a variable.
func stands(t *testing.T, text string, f inspect.Finding) {
	t.Helper()
	if f.Key == "" || strings.HasPrefix(f.Place, "SCIMBRIDGE_") {
		return
	}
	var number int
	if _, err := fmt.Sscanf(f.Place, "scimbridge.yaml:%d:", &number); err != nil {
		t.Errorf("%s at %q, which is no line", f.Key, f.Place)
		return
	}
	line := strings.Split(text, "\n")[number-1]
	for _, part := range strings.Split(f.Key, ".") {
		if part, _, _ = strings.Cut(part, "["); strings.Contains(line, part) || part == "resources" && strings.Contains(line, "- type:") {
			return
		}
	}
	t.Errorf("%s at %s: %s", f.Key, f.Place, line)
}

// apply runs LDIF as an administrator does.
func (d deployment) apply(t *testing.T, text string) {
	t.Helper()
	url := d.server.URL
	if d.server.LDAPS != "" {
		url = d.server.LDAPS
	}
	command := exec.Command("ldapmodify", "-x", "-H", url, "-D", d.server.BindDN, "-w", d.server.Password)
	if strings.Count(text, "changetype:") == 0 {
		command.Args = append(command.Args, "-a")
	}
	command.Env = append(command.Environ(), "LDAPTLS_REQCERT=never")
	command.Stdin = strings.NewReader(text)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, text)
	}
	for line := range strings.Lines(text) { // while 389 Directory Server builds an index its database takes no writes
		if dn, ok := strings.CutPrefix(strings.TrimSpace(line), "dn: "); ok && strings.HasSuffix(dn, ",cn=tasks,cn=config") {
			for e := d.server.Entry(t, dn, "nsTaskExitCode"); e != nil && e.Value("nsTaskExitCode") == ""; {
				e = d.server.Entry(t, dn, "nsTaskExitCode")
			}
		}
	}
}

// need leaves the test out where ldapmodify is missing.
func need(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ldapmodify"); err != nil {
		dirtest.LeaveOut(t, "The repairs that check proposes", "ldapmodify is not installed", "apt-get install ldap-utils")
	}
}

const account, accountPassword = "cn=scimbridge,dc=example,dc=org", "bridge-secret-1"

func password(dn string) string {
	return fmt.Sprintf("dn: %s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: scimbridge\nuserPassword: %s\n",
		dn, accountPassword)
}

// openLDAP is the sound map before a slapd that shows its configuration to the bridge's account.
func openLDAP(t *testing.T, options ...dirtest.Option) deployment {
	t.Helper()
	need(t)
	server := dirtest.OpenLDAP(t, append(options, dirtest.Schema(examples.OpenLDAPSchema),
		dirtest.Global("moduleload syncprov", "database config", `rootdn "cn=admin,dc=example,dc=org"`,
			`access to * by dn.exact="`+account+`" read by * none`),
		dirtest.Config("index scimUserName,scimExternalId eq", `access to * by dn.exact="`+account+`" manage by * break`,
			`limits dn.exact="`+account+`" size=unlimited`))...)
	server.Load(t, password(account))
	return deployment{t, server, sound, []string{
		"SCIMBRIDGE_DIRECTORY_URLS=" + server.URL, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + accountPassword,
		"SCIMBRIDGE_DIRECTORY_TLS_CA=" + server.CA,
	}, nil, false}
}

const database = "olcDatabase={1}mdb,cn=config"

// TestBrokenOpenLDAP breaks one thing after the other of one slapd; what is proposed is run, and mends it.
func TestBrokenOpenLDAP(t *testing.T) {
	t.Parallel()
	d := openLDAP(t)
	port := func(url string) string {
		_, port, _ := strings.Cut(strings.TrimPrefix(url, "ldap"), "127.0.0.1:")
		return port
	}
	d.breaks([]fault{
		{name: "as it should be"},
		{
			name: "nothing tells when something was written", finds: "hint no-mark", key: "directory.urls", mends: true,
			repair: "olcOverlay: syncprov",
		},
		{
			name: "nobody listens", env: "SCIMBRIDGE_DIRECTORY_URLS=ldap://127.0.0.1:1", finds: "error refused-connection",
			key: "directory.urls[0]", repair: "nc -zv 127.0.0.1 1",
		},
		{
			name: "no such host", env: "SCIMBRIDGE_DIRECTORY_URLS=ldaps://ldap.invalid", finds: "error unknown-host",
			key: "directory.urls[0]", repair: "getent hosts ldap.invalid",
		},
		{
			name: "no such service", env: "SCIMBRIDGE_DIRECTORY_URLS=ldaps://_ldap._tcp.corp.invalid," + d.server.URL,
			finds: "warning not-located", key: "directory.urls[0]", repair: "dig +short SRV _ldap._tcp.corp.invalid",
		},
		{
			name: "one of two is away", env: "SCIMBRIDGE_DIRECTORY_URLS=ldap://127.0.0.1:1," + d.server.URL,
			finds: "warning refused-connection", key: "directory.urls[0]", repair: "nc -zv 127.0.0.1 1",
		},
		{
			name: "a wrong password, at two servers", finds: "error bind-refused", key: "directory.bind.dn",
			env: "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=wrong SCIMBRIDGE_DIRECTORY_URLS=" + d.server.URL + "," + d.server.LDAPI,
		},
		{
			name: "LDAPS at the plain port", env: "SCIMBRIDGE_DIRECTORY_URLS=ldaps://127.0.0.1:" + port(d.server.URL),
			finds: "error plain-port", key: "directory.urls[0]", repair: "startTLS: true",
		},
		{
			name: "plain LDAP at the LDAPS port", env: "SCIMBRIDGE_DIRECTORY_URLS=ldap://127.0.0.1:" + port(d.server.LDAPS),
			finds: "error ldaps-port", key: "directory.urls[0]", repair: "urls: [ldaps://127.0.0.1:" + port(d.server.LDAPS) + "]",
		},
		{
			name: "an authority that nobody knows", env: "SCIMBRIDGE_DIRECTORY_TLS_CA= SCIMBRIDGE_DIRECTORY_URLS=" + d.server.LDAPS,
			finds: "error unknown-authority", key: "directory.tls.ca", repair: "openssl s_client -connect",
		},
		{
			name: "a certificate for another name", finds: "error certificate-name", key: "directory.tls.serverName",
			repair: "serverName: ",
			env:    "SCIMBRIDGE_DIRECTORY_TLS_SERVERNAME=ldap9.example.org SCIMBRIDGE_DIRECTORY_URLS=" + d.server.LDAPS,
		},
		{
			name: "an account by its bare name", env: "SCIMBRIDGE_DIRECTORY_BIND_DN=scimbridge", finds: "error bind-dn",
			key: "directory.bind.dn", repair: "it is a DN, such as",
		},
		{
			name: "a wrong password", env: "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=wrong", finds: "error bind-refused",
			key: "directory.bind.dn", repair: "ldapwhoami -x -H " + d.server.URL + " -D '" + account + "' -W",
		},
		{
			name: "a base that is missing", env: "SCIMBRIDGE_RESOURCES_0_BASE=ou=staff,o=all,dc=example,dc=org",
			finds: "error base-missing", key: "resources[0].base[0]", repair: "dn: o=all,dc=example,dc=org", mends: true,
		},
		{
			name: "a base of another directory", env: "SCIMBRIDGE_RESOURCES_0_BASE=ou=people,dc=other,dc=org", finds: "error base-missing",
			key: "resources[0].base[0]", repair: "name a place below one of these",
		},
		{
			name: "a base that is an alias", finds: "error alias", key: "resources[0].base[0]", repair: "base: ou=people,dc=example,dc=org",
			broken: "dn: ou=staff,dc=example,dc=org\nchangetype: add\nobjectClass: alias\nobjectClass: extensibleObject\nou: staff\n" +
				"aliasedObjectName: ou=people,dc=example,dc=org\n",
			env: "SCIMBRIDGE_RESOURCES_0_BASE=ou=staff,dc=example,dc=org",
		},
		{
			name: "a base at another server", finds: "error referral", key: "resources[0].base[0]", repair: "urls: [ldap://127.0.0.1:1]",
			broken: "dn: ou=far,dc=example,dc=org\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\n" +
				"ref: ldap://127.0.0.1:1/ou=near,dc=example,dc=org\n",
			env: "SCIMBRIDGE_RESOURCES_0_BASE=ou=far,dc=example,dc=org",
		},
		{
			name: "a schema that is hidden", finds: "error no-schema", key: "directory.urls", mends: true,
			broken: "dn: olcDatabase={-1}frontend,cn=config\nchangetype: modify\nadd: olcAccess\n" +
				"olcAccess: {0}to dn.base=\"cn=Subschema\" by * none\nolcAccess: {1}to * by * read\n",
			repair: "{0}to dn.base=\"cn=Subschema\" by * read",
		},
		{
			name: "a root DSE that is hidden", finds: "error no-root-dse", key: "directory.urls", mends: true,
			broken: "dn: olcDatabase={-1}frontend,cn=config\nchangetype: modify\nadd: olcAccess\n" +
				"olcAccess: {0}to dn.base=\"\" by * none\n",
			repair: "{0}to dn.base=\"\" by * read",
		},
		{
			name: "a place of leavers that is missing", finds: "error leavers-missing", key: "resources[0].delete.to", mends: true,
			repair: "ou: leavers",
			text:   strings.Replace(sound, "    active:", "    delete: {mode: move, to: \"ou=leavers,dc=example,dc=org\"}\n    active:", 1),
		},
		{
			name: "a protected DN that is misspelt", finds: "warning protected-missing", key: "guard.protected[0]", repair: "ldapsearch",
			env: "SCIMBRIDGE_GUARD_PROTECTED_0=ou=admns,ou=people,dc=example,dc=org",
		},
		{
			name: "a privileged group that is missing", finds: "error privileged-missing", key: "guard.privilegedGroups[0]",
			repair: "ldapsearch", env: "SCIMBRIDGE_GUARD_PRIVILEGEDGROUPS_0=cn=payroll,ou=groups,dc=example,dc=org",
		},
		{
			name:   "an index that is missing",
			broken: "dn: " + database + "\nchangetype: modify\ndelete: olcDbIndex\nolcDbIndex: scimExternalId eq\n",
			finds:  "hint index", key: "resources[0].attributes[1].ldap", repair: "olcDbIndex: scimExternalId eq", mends: true,
		},
		{
			name: "an index of another kind",
			broken: "dn: " + database + "\nchangetype: modify\ndelete: olcDbIndex\nolcDbIndex: scimExternalId eq\n-\n" +
				"add: olcDbIndex\nolcDbIndex: scimExternalId,title pres\n",
			finds: "hint index", key: "resources[0].attributes[1].ldap", mends: true,
			repair: "add: olcDbIndex\nolcDbIndex: title pres\nolcDbIndex: scimExternalId pres,eq\n",
		},
		{
			name: "filters that no index serves", finds: "hint filter-index", key: "resources[0].attributes", mends: true,
			repair: "olcDbIndex: displayName eq\n",
		},
		{
			name: "an account that no rule holds for", finds: "hint administrator", key: "directory.bind", repair: "scimbridge init",
			env: "SCIMBRIDGE_DIRECTORY_BIND_DN=" + d.server.BindDN + " SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + d.server.Password,
		},
		{
			name: "no right to make users", finds: "error may-not-create", key: "resources[0].base[0]", mends: true,
			broken: many(1) + "dn: " + database + "\nchangetype: modify\nadd: olcAccess\n" +
				"olcAccess: {0}to dn.base=\"ou=people,dc=example,dc=org\" attrs=children by dn.exact=\"" + account +
				"\" read by * break\n",
			repair: "to dn.subtree=\"ou=people,dc=example,dc=org\" attrs=children by dn.exact=\"" + account + "\" write by * break",
		},
		{
			name: "no right to write a title", finds: "error may-not-write", key: "resources[0].base[0]", mends: true,
			broken: "dn: " + database + "\nchangetype: modify\nadd: olcAccess\n" +
				"olcAccess: {0}to attrs=title by dn.exact=\"" + account + "\" read by * break\n",
			repair: "filter=\"(objectClass=inetOrgPerson)\" attrs=title by dn.exact=\"" + account + "\" write by * break",
		},
		{
			name: "passwords in clear text", finds: "warning clear-passwords", key: "resources[0].attributes[8].ldap", mends: true,
			repair: "olcPPolicyHashCleartext: TRUE",
			text:   strings.Replace(sound, "roles.value, ldap: scimRole", "password, ldap: userPassword", 1),
		},
		{
			name: "a lock that no policy looks at", finds: "error blocking", key: "resources[0].active", mends: true,
			repair: "olcPPolicyDefault: cn=policy,dc=example,dc=org", env: "SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=pwdAccountLockedTime",
		},
		{
			name: "a policy that locks nobody out", finds: "error blocking", key: "resources[0].active", mends: true,
			repair: "pwdLockout: TRUE",
			broken: "dn: cn=policy,dc=example,dc=org\nchangetype: modify\nreplace: pwdLockout\npwdLockout: FALSE\n",
			env:    "SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=pwdAccountLockedTime",
		},
		{
			name: "a server that takes short requests", finds: "hint request-length", key: "resources[0].attributes[8].ldap", mends: true,
			env: photos + " SCIMBRIDGE_LISTEN_MAXBODY=24000000", repair: "requests of 16777215 octets, by olcSockbufMaxIncomingAuth",
		},
		{
			name: "a limit of entries", broken: strings.Replace(many(1_001), "uid=u0,", "uid=first,", 1) + "\ndn: " + database +
				"\nchangetype: modify\ndelete: olcLimits\n",
			finds: "error size-limit", key: "resources[0].base[0]", repair: "size.prtotal=unlimited", mends: true,
		},
		{
			name:   "an index that is missing, in a large directory",
			broken: "dn: " + database + "\nchangetype: modify\ndelete: olcDbIndex\nolcDbIndex: scimExternalId pres,eq\n",
			finds:  "warning index", key: "resources[0].attributes[1].ldap", repair: "olcDbIndex: scimExternalId eq", mends: true,
		},
		{
			name:   "no bind without TLS", // of which slapd lets go at a restart alone
			broken: "dn: cn=config\nchangetype: modify\nreplace: olcSecurity\nolcSecurity: simple_bind=128\n",
			finds:  "error bind-needs-tls", key: "directory.tls", repair: "startTLS: true",
		},
	})
}

// photos has the map take photos in the place of roles.
const photos = "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_8_SCIM=photos.value SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_8_LDAP=jpegPhoto"

// fault is one thing that is made wrong, and what is to be found.
type fault struct {
	name   string
	broken string // LDIF
	text   string // of the configuration, where it is another one
	env    string
	finds  string // severity and code; "": nothing beside hints
	key    string
	repair string
	mends  bool // the LDIF of the finding does
}

// breaks runs them, one after the other.
func (d deployment) breaks(faults []fault) {
	for _, c := range faults {
		d.Run(c.name, func(t *testing.T) {
			if c.broken != "" {
				d.apply(t, c.broken)
			}
			d := d
			if c.text != "" {
				d.text = c.text
			}
			env := strings.FieldsFunc(c.env, func(r rune) bool { return r == ' ' })
			for i := range env {
				env[i] = strings.ReplaceAll(env[i], space, " ")
			}
			f := finds(t, d.looked(t, env...), c.finds, c.key, c.repair)
			stands(t, d.text, f)
			if c.mends {
				d.apply(t, f.LDIF)
				for _, left := range d.looked(t, env...) {
					if left.Code == f.Code && left.Key == f.Key || left.Code == "bind-refused" {
						t.Errorf("after its repair: %+v", left)
					}
				}
			}
		})
	}
}

// many is the LDIF of so many users.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "dn: uid=u%d,ou=people,dc=example,dc=org\nchangetype: add\n"+
			"objectClass: inetOrgPerson\nuid: u%[1]d\ncn: u\nsn: u\n\n", i)
	}
	return b.String()
}
