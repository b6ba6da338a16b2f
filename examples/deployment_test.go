package examples_test

import (
	"cmp"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/front"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/config"
	"scimbridge/examples"
	"scimbridge/examples/bridgetest"
	"scimbridge/ldapmap/ldif"
)

func TestMain(m *testing.M) { dirtest.Main(m, shownIsTrue, bridgetest.RemoveBuilt) }

const (
	token  = bridgetest.Token
	suffix = "dc=example,dc=org" // in what stands in files, wherever the server's tree is
	domain = "DC=ad,DC=test"     // in the Active Directory examples' configuration
)

// deployment is an example's bridge in front of a directory started for the test.
type deployment struct {
	server *dirtest.Server
	url    string // of the SCIM root
	front  *front.Server
	bridge *bridge.Bridge
	client *directory.Client
	store  *store.Store // nil: there is none, nor a ledger
	ledger *journal.Ledger

	mu       sync.Mutex
	receipts []ldif.Receipt
}

type namedServer struct {
	name  string
	start func(t testing.TB) *dirtest.Server
}

// openLDAP starts a slapd as the example has it, with the attributes indexed that its schema adds.
func openLDAP(t testing.TB, options ...dirtest.Option) *dirtest.Server {
	return dirtest.OpenLDAP(t, append([]dirtest.Option{
		dirtest.Schema(examples.OpenLDAPSchema), dirtest.Config("index scimUserName,scimExternalId,employeeNumber eq"),
	}, options...)...)
}

// servers are the directories that every exchange runs on.
var servers = []namedServer{
	{"memory", memory},
	{"openldap", func(t testing.TB) *dirtest.Server {
		return openLDAP(t)
	}},
	{"389ds", func(t testing.TB) *dirtest.Server { return dirtest.DS389(t, ds389Schema) }},
	{"active-directory", func(t testing.TB) *dirtest.Server { return dirtest.ActiveDirectory(t) }},
}

// everyServer is servers, and a slapd with overlays.
var everyServer = append(slices.Clone(servers), namedServer{"openldap with overlays", overlaid})

// ownServers are the servers as an example of its own needs them, by its folder and the server's name; the others are as they are.
var ownServers = map[string]map[string]func(t testing.TB) *dirtest.Server{
	"389ds": {"389ds": func(t testing.TB) *dirtest.Server { return dirtest.DS389(t) }},
	"openldap-untouched": {"openldap": func(t testing.TB) *dirtest.Server {
		return dirtest.OpenLDAP(t, dirtest.Overlay("ppolicy", "ppolicy_default cn=policy,dc=example,dc=org"))
	}},
	"openldap-posix": {"openldap": func(t testing.TB) *dirtest.Server {
		return dirtest.OpenLDAP(t, dirtest.Config("index uidNumber,gidNumber,memberUid,description,businessCategory,homeDirectory eq"))
	}},
	"legacy": {"openldap": func(t testing.TB) *dirtest.Server {
		return dirtest.OpenLDAP(t, dirtest.Config("index description,employeeNumber,businessCategory eq"))
	}},
}

// ds389Schema is the OpenLDAP example's without the attribute that blocks there: 389 Directory Server has one of its own, for every entry.
var ds389Schema = dirtest.DS389Schema(strings.Replace(examples.OpenLDAPSchema, "userAccountControl $ ", "", 1))

func memory(t testing.TB) *dirtest.Server {
	return dirtest.Memory(t)
}

// deploy starts the example for the server's product, with whatever env sets besides or instead.
func deploy(t testing.TB, server *dirtest.Server, env ...string) *deployment {
	t.Helper()
	return deployWith(t, server, "", env...)
}

// deployWith is deploy with more YAML behind the example's: further resources, since they end it, or other sections.
func deployWith(t testing.TB, server *dirtest.Server, more string, env ...string) *deployment {
	t.Helper()
	return deployAs(t, server, basedIn(productOf(server), server), more, env...)
}

// basedIn has the example's users and groups stand where the server has places for them.
func basedIn(its product, server *dirtest.Server) product {
	its.env = append([]string{
		"SCIMBRIDGE_RESOURCES_0_BASE=" + server.People, "SCIMBRIDGE_RESOURCES_1_BASE=" + server.Groups,
	}, its.env...)
	return its
}

// deployAs starts an example of which the product tells the folder, what is otherwise there, and where its tree stands.
func deployAs(t testing.TB, server *dirtest.Server, its product, more string, env ...string) *deployment {
	t.Helper()
	return deployBy(t, server, parsed(t, server, its, more, env...), cmp.Or(its.log, logOutput()))
}

// parsed is the configuration that deployAs goes by.
func parsed(t testing.TB, server *dirtest.Server, its product, more string, env ...string) *config.Config {
	t.Helper()
	text, variables := configured(t, server, its, more, env...)
	c, err := config.Parse(filepath.Join(its.folder, "scimbridge.yaml"), text, variables)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// deployBy starts a bridge by a configuration.
func deployBy(t testing.TB, server *dirtest.Server, c *config.Config, to io.Writer) *deployment {
	t.Helper()
	d := &deployment{server: server}
	b := bridgetest.Start(t, c, to, func(r journal.Record) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.receipts = append(d.receipts, r.Receipt)
	})
	d.url, d.front, d.bridge, d.client, d.store, d.ledger = b.URL, b.Front, b.Bridge, b.Client, b.Store, b.Ledger
	return d
}

// configured is the configuration of a bridge before the server: the example's file with more behind it, and the environment.
func configured(t testing.TB, server *dirtest.Server, its product, more string, env ...string) (text []byte, variables []string) {
	t.Helper()
	reaches(t, server)
	return bridgetest.Configured(t, server, its.folder, more, append(slices.Clone(its.env), env...)...)
}

// logOutput is where the bridge logs: with SCIMBRIDGE_TEST_LOG set, for the one who looks for a fault.
func logOutput() io.Writer {
	if os.Getenv("SCIMBRIDGE_TEST_LOG") != "" {
		return os.Stderr
	}
	return io.Discard
}

// do sends a request and returns the answer with its body read. path is below the SCIM root.
func (d *deployment) do(t testing.TB, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	answer, content, err := d.try(method, path, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return answer, content
}

// try is do for goroutines, which must not end the test.
func (d *deployment) try(method, path, body string, header ...string) (*http.Response, string, error) {
	return bridgetest.Send(d.url, method, path, body, header...)
}

// taken returns the plans executed since the last call.
func (d *deployment) taken() (plans []ldif.Plan) {
	for _, r := range d.received() {
		plans = append(plans, r.Plan)
	}
	return plans
}

// received returns the receipts of the plans executed since the last call.
func (d *deployment) received() []ldif.Receipt {
	d.mu.Lock()
	defer d.mu.Unlock()
	receipts := d.receipts
	d.receipts = nil
	return receipts
}
