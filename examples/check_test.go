package examples_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/inspect"
	"scimbridge/config"
	"scimbridge/ldapmap"
)

// inspected is what is looked at of a configuration, and the directory that it names.
func inspected(t testing.TB, c *config.Config) (inspect.Subject, *directory.Client) {
	t.Helper()
	compiled, err := c.Map()
	if err != nil {
		t.Fatal(err)
	}
	client, err := directory.New(c.Directory, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return inspect.Subject{
		Map: compiled, Directory: c.Directory, Guard: c.Guard, MaxBody: c.Listen.WithDefaults().MaxBody,
		Request: c.Listen.WithDefaults().RequestTimeout, Admin: c.Admin.Address, Place: c.Place,
	}, client
}

// unserved is a bridge that nobody but the test asks.
func unserved(s inspect.Subject, client *directory.Client) bridge.Local {
	return bridge.Local{Bridge: bridge.New(bridge.Options{
		Map: s.Map, Directory: client, Guard: guard.New(s.Guard, client.Self, client), Log: slog.New(slog.DiscardHandler),
	})}
}

// checked is what check finds of an example before a server, with --probe where that is said.
func checked(t *testing.T, probe bool, server *dirtest.Server, its product, env ...string) inspect.Findings {
	t.Helper()
	text, variables := configured(t, server, its, "", env...)
	c, err := config.Parse(filepath.Join(its.folder, "scimbridge.yaml"), text, variables)
	if err != nil {
		t.Fatal(err)
	}
	s, client := inspected(t, c)
	v := inspect.Look(t.Context(), s, client)
	if len(v.Guarded) > 0 {
		t.Error("at each start the domain is searched for privileged entries, which no index finds")
	}
	v.LookCloser(t.Context(), s, client)
	if probe {
		v.Probe(t.Context(), s, client, unserved(s, client))
	}
	return append(inspect.Offline(s), inspect.Live(s, v)...).InOrder()
}

// TestCheckIsSilent: nothing is to be mended in an example before its server, where who is blocked cannot bind. What is hinted at stays.
func TestCheckIsSilent(t *testing.T) {
	t.Parallel()
	hints := map[string]string{
		"memory":   "unseen-indexes no-mark",
		"openldap": "unseen-indexes no-mark",

		"openldap with overlays": "unseen-indexes no-mark",
		// The test's server is not all that the example's is.
		"389ds": "index filter-index no-mark ascii-only administrator",
		// A domain indexes neither employeeNumber nor extensionName nor info, until somebody has it do so.
		"active-directory": "index filter-index administrator",
	}
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			for _, f := range checked(t, true, server, basedIn(productOf(server), server)) {
				isBind := f.Code == "probe-bind" && s.name == "memory" // which lets nobody but its root in
				if (f.Severity != inspect.Hint || !slices.Contains(strings.Fields(hints[s.name]), f.Code)) && !isBind {
					t.Errorf("%+v", f)
				}
			}
			for _, e := range server.Entries(t, server.Base) {
				if strings.Contains(e.String(), "scimbridge-check-") {
					t.Errorf("left behind: %s", e.DN)
				}
			}
		})
	}
}

// TestCheckIsSilentInFolders is TestCheckIsSilent for the examples that have a server of their own.
func TestCheckIsSilentInFolders(t *testing.T) {
	t.Parallel()
	folders := map[string]string{ // and the server of each
		"389ds": "389ds", "openldap-untouched": "openldap", "openldap-posix": "openldap", "legacy": "openldap",
		"active-directory-by-department": "active-directory",
	}
	for folder := range folders {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			at := slices.IndexFunc(servers, func(s namedServer) bool { return s.name == folders[folder] })
			x := &exchange{folder: folder, server: folders[folder], names: map[string]string{}}
			server := x.start(t, servers[at])
			its := x.its(server)
			x.load(t, server, its.start)
			probe := folder != "openldap-posix" && folder != "legacy" // whose access rules, which block, this server has not
			for _, f := range checked(t, probe, server, its) {
				if f.Severity != inspect.Hint {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// TestCheckInADomain breaks one thing after the other of the example's place in a domain.
func TestCheckInADomain(t *testing.T) {
	t.Parallel()
	server := dirtest.ActiveDirectory(t)
	its := basedIn(productOf(server), server)
	name := strings.ToLower(server.Base[len(server.Base)-len(",DC=ad,DC=test")-8:][:8])
	account := func(dn, name, more string) string {
		secret := base64.StdEncoding.EncodeToString([]byte(ldapmap.PasswordValue("unicodePwd", "Bridge-secret-1")))
		return fmt.Sprintf("dn: %s\nobjectClass: user\nsAMAccountName: %s\nuserAccountControl: 512\nunicodePwd:: %s\n%s",
			dn, name, secret, more)
	}
	off := strings.Replace(account("CN=off,"+server.Base, "off"+name, ""), ": 512", ": 514", 1)
	server.Load(t, account("CN=bridge,"+server.Base, "br"+name, "")+"\n"+off)
	as := func(name string) []string {
		return []string{
			"SCIMBRIDGE_DIRECTORY_BIND_DN=CN=" + name + "," + server.Base, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Bridge-secret-1",
		}
	}
	for _, c := range []struct {
		name, broken string
		env          []string
		finds, key   string
		repair       string
	}{
		{
			name: "an account that may change access rules", finds: "hint administrator", key: "directory.bind", repair: "scimbridge init",
		},
		{
			name: "a base that is missing", env: []string{"SCIMBRIDGE_RESOURCES_0_BASE=OU=Staff," + server.Base},
			finds: "error base-missing", key: "resources[0].base[0]", repair: "objectClass: organizationalUnit\nOU: Staff\n",
		},
		{
			name: "a wrong password", env: []string{"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=wrong"},
			finds: "error bind-refused", key: "directory.bind.dn", repair: "the password is wrong",
		},
		{
			name: "an account by its bare name", env: []string{"SCIMBRIDGE_DIRECTORY_BIND_DN=nobody" + name},
			finds: "error bind-dn", key: "directory.bind.dn", repair: "nobody" + name,
		},
		{
			name: "the bridge's account is disabled", env: as("off"),
			finds: "error bind-refused", key: "directory.bind.dn", repair: "the account is disabled",
		},
		{
			name: "a name for a certificate that is another's", finds: "error certificate-name", key: "directory.tls.serverName",
			env:    []string{"SCIMBRIDGE_DIRECTORY_URLS=" + server.LDAPS, "SCIMBRIDGE_DIRECTORY_TLS_SERVERNAME=dc2.ad.test"},
			repair: "serverName: dc1.ad.test",
		},
		{
			name: "an account without the right to make users", env: as("bridge"),
			finds: "error may-not-create", key: "resources[0].base[0]",
			repair: `dsacls "` + server.People + `" /I:T /G "AD\br` + name + `:CCDC;user"`,
		},
		{
			name: "an account without the right to write them", broken: account("CN=mara,"+server.People, "ma"+name, ""), env: as("bridge"),
			finds: "error may-not-write", key: "resources[0].base[0]", repair: `"AD\br` + name + `:RPWP;telephoneNumber;user"`,
		},
		{
			name: "somebody privileged", broken: account("CN=root,"+server.People, "ro"+name, "adminCount: 1\n"),
			finds: "hint protected", key: "guard", repair: "CN=root," + server.People,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.broken != "" {
				server.Load(t, c.broken)
			}
			is := func(f inspect.Finding) bool {
				repair := strings.Join([]string{f.What, f.Mend, f.Line, f.LDIF, f.Command}, "\n")
				isIt := fmt.Sprintf("%s %s", f.Severity, f.Code) == c.finds && f.Key == c.key
				return isIt && f.Place != "" && strings.Contains(repair, c.repair)
			}
			all := checked(t, false, server, its, c.env...)
			at := slices.IndexFunc(all, is)
			if at < 0 {
				t.Fatalf("want %s at %s, found %+v", c.finds, c.key, all)
			}
			if commands := onSamba(all[at].Command); commands != "" {
				server.AtController(t, commands)
				if again := checked(t, false, server, its, c.env...); slices.ContainsFunc(again, is) {
					t.Errorf("after its repair: %+v", again)
				}
			}
		})
	}
}
