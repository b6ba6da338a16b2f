package examples_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/inspect"
	"scimbridge/bridge/inspect/layout"
	"scimbridge/config"
	"scimbridge/examples"
	"scimbridge/ldapmap"
)

const bridgeSecret = "Bridge-secret-1"

// founded is a bridge as init proposes it: the configuration, and what an administrator loads for it.
type founded struct {
	server *dirtest.Server
	config *config.Config
	text   string
	files  []inspect.File
}

// found has init look at the server as its administrator, and propose a bridge that binds as the account.
func found(t *testing.T, server *dirtest.Server, account string, choices layout.Choices) founded {
	t.Helper()
	reaches(t, server)
	log := slog.New(slog.DiscardHandler)
	admin, err := directory.New(directory.Options{
		URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password},
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	sight, err := layout.Look(t.Context(), admin, server.Base)
	if err != nil {
		t.Fatal(err)
	}
	choices.Name, choices.URL, choices.Account = "scimbridge", server.URL, account
	p, err := layout.Propose(sight, choices)
	if err != nil {
		t.Fatal(err)
	}
	f := founded{server: server, text: p.Text}
	f.config, err = config.Parse("scimbridge.yaml", []byte(p.Text), []string{
		"SCIMBRIDGE_LISTEN_ADDRESS=127.0.0.1:0", "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + bridgeSecret, "SCIMBRIDGE_ACCESS_TOKEN=" + token,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := inspected(t, f.config)
	s.Account = account
	f.files = inspect.Files(s, inspect.Look(t.Context(), s, admin))
	return f
}

var aSID = regexp.MustCompile(`S-1-5-21-[0-9-]+`)

// golden holds what was written to testdata/init, one file a layout.
func (f founded) golden(t *testing.T, name string) {
	t.Helper()
	file := filepath.Join("testdata", "init", name+".txtar")
	normal := func(text string) []byte {
		in, _, _ := strings.Cut(strings.TrimSuffix(f.server.Base, ","+domain), ",")
		text = strings.NewReplacer(f.server.URL, "ldap://ldap.example.org", in+","+domain, "OU=Company,"+domain,
			f.account(), "scimbridge").Replace(text)
		return []byte(aSID.ReplaceAllString(text, "S-1-5-21-1-2-3-1104"))
	}
	got := &txtar.Archive{Files: []txtar.File{{Name: "scimbridge.yaml", Data: normal(f.text)}}}
	for _, beside := range f.files {
		got.Files = append(got.Files, txtar.File{Name: "scimbridge." + beside.Name, Data: normal(beside.Text)})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(got))); diff != "" {
		t.Errorf("%s: %s", file, diff)
	}
}

// account is the name by which a domain knows the bridge's account.
func (f founded) account() string {
	name, _, _ := strings.Cut(f.config.Directory.Bind.DN, ",")
	_, name, _ = strings.Cut(name, "=")
	return name
}

// load has an administrator load the files, each as its name says.
func (f founded) load(t *testing.T) {
	t.Helper()
	for _, file := range f.files {
		path := filepath.Join(t.TempDir(), file.Name)
		if err := os.WriteFile(path, []byte(file.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.Command("ldapmodify", "-x", "-H", f.server.URL, "-D", f.server.BindDN, "-w", f.server.Password, "-f", path)
		switch file.Name {
		case "places.ldif":
			command.Args = append(command.Args, "-a")
		case "access.conf", "indexes.conf", "access.cmd":
			continue
		case "indexes.ldif":
			if f.server.KeepsReferences { // the schema is all tests'
				continue
			}
		case "access.sh":
			folder := f.server.Folder()
			command = exec.Command("sh", path, "-H", "tdb://"+filepath.Join(folder, "domain", "private", "sam.ldb"),
				"--configfile="+filepath.Join(folder, "smb.conf"))
		}
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", file.Name, err, out)
		}
		if strings.Contains(file.Text, tasks) {
			f.indexed(t)
		}
	}
}

// tasks is where 389 Directory Server takes orders to build indexes.
const tasks = "cn=index,cn=tasks,cn=config"

// indexed waits for all indexes to be built: meanwhile the database takes no writes.
func (f founded) indexed(t *testing.T) {
	t.Helper()
	for range 1_000 {
		under := false
		for _, task := range f.server.Entries(t, tasks) {
			switch code := task.Value("nsTaskExitCode"); {
			case task.Value("nsInstance") == "" || code == "0":
			case code != "":
				t.Fatal(task)
			default:
				under = true
			}
		}
		if !under {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the indexes are not built")
}

// silent holds check, by the bridge's account, to finding nothing beside hints.
func (f founded) silent(t *testing.T) {
	t.Helper()
	s, client := inspected(t, f.config)
	v := inspect.Look(t.Context(), s, client)
	v.LookCloser(t.Context(), s, client)
	for _, found := range append(inspect.Offline(s), inspect.Live(s, v)...) {
		if found.Severity.AtLeast(inspect.Warning) {
			t.Errorf("check finds %+v", found)
		}
	}
}

// lives provisions a user and a group, and holds what the bridge's account may do to that.
func (f founded) lives(t *testing.T, name, foreign string) {
	t.Helper()
	d := deployBy(t, f.server, f.config, logOutput())
	user := d.login(t, name, "Open-sesame-1")
	d.letsIn(t, user, "Open-sesame-1", true)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(
		`{"op":"replace","path":"displayName","value":"Mara `+beforeAt(name)+`"},{"op":"replace","path":"name.givenName","value":"Mara"},`+
			`{"op":"add","path":"externalId","value":"0b6f-`+name+`"}`))
	group := d.create(t, "/Groups", `"displayName":"Night shift `+beforeAt(name)+`"`)
	d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(user))
	second := d.create(t, "/Users", `"userName":"second`+name+`"`)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+second, operations(
		`{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"`+user+`"}`))
	f.refused(t, d.entry(t, user).DN, foreign)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, disable)
	d.letsIn(t, user, "Open-sesame-1", false)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(
		`{"op":"replace","path":"userName","value":"283405f5aa11bb22cc33dd44ee55ff66`+name+`"}`))
	for _, path := range []string{"/Users/" + user, "/Users/" + second, "/Groups/" + group} {
		d.want(t, http.StatusNoContent, http.MethodDelete, path, "")
	}
}

// refused tries what the bridge does not need.
func (f founded) refused(t *testing.T, dn, foreign string) {
	t.Helper()
	conn, err := ldap.DialURL(f.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Bind(f.config.Directory.Bind.DN, bridgeSecret); err != nil {
		t.Fatal(err)
	}
	denied := func(what string, err error) {
		if !ldap.IsErrorAnyOf(err, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultNoSuchObject) {
			t.Errorf("%s: %v, want result 50", what, err)
		}
	}
	change := ldap.NewModifyRequest(dn, nil)
	change.Replace(foreign, []string{"+1 555 0100"})
	denied("a foreign attribute is written", conn.Modify(change))
	change = ldap.NewModifyRequest(f.server.Base, nil)
	change.Replace("description", []string{"x"})
	denied("what lies above is written", conn.Modify(change))
	denied("the base is removed", conn.Del(ldap.NewDelRequest(f.config.Resources[0].Base.First(), nil)))
	unit := ldap.NewAddRequest("ou=x,"+f.server.Base, nil)
	unit.Attribute("objectClass", []string{"organizationalUnit"})
	unit.Attribute("ou", []string{"x"})
	denied("something is made above", conn.Add(unit))
	found, err := conn.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)",
		[]string{"userPassword", "unicodePwd", foreign}, nil))
	if err != nil || len(found.Entries) != 1 || len(found.Entries[0].Attributes) != 0 {
		t.Errorf("%v, %+v", err, found)
	}
}

const bridgeAccount = "dn: cn=scimbridge,dc=example,dc=org\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n" +
	"cn: scimbridge\nuserPassword: " + bridgeSecret + "\n"

// slapdOf starts a slapd that grants nobody anything but to bind, unless an option does, and has these entries.
func slapdOf(t *testing.T, entries string, options ...dirtest.Option) *dirtest.Server {
	t.Helper()
	server := dirtest.OpenLDAP(t, append(options,
		dirtest.Global("moduleload syncprov", "database config", `rootdn "cn=admin,dc=example,dc=org"`),
		dirtest.Config("access to attrs=userPassword by anonymous auth by self write by * none",
			"access to * by dn.exact=cn=reader read by * none"))...)
	server.Load(t, bridgeAccount+"\n"+entries)
	return server
}

// entriesOf are the entries of so many people, each as one is made.
func entriesOf(n int, one func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(one(i) + "\n")
	}
	return b.String()
}

// plainCompany is what most small directories are.
func plainCompany(members string) string {
	return entriesOf(20, func(i int) string {
		return fmt.Sprintf("dn: uid=u%[1]d@contoso.example,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\n"+
			"uid: u%[1]d@contoso.example\ncn: U %[1]d\nsn: %[1]d\nmail: u%[1]d@contoso.example\nemployeeNumber: %[1]d\n", i)
	}) + fmt.Sprintf("dn: cn=all,ou=groups,dc=example,dc=org\nobjectClass: %s\ncn: all\n"+
		"%s: uid=u1@contoso.example,ou=people,dc=example,dc=org\n",
		map[string]string{"member": "groupOfNames", "uniqueMember": "groupOfUniqueNames"}[members], members)
}

// linuxCompany is one whose hosts ask for logins.
func linuxCompany() string {
	return entriesOf(20, func(i int) string {
		return fmt.Sprintf("dn: uid=u%[1]d,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\n"+
			"uid: u%[1]d\ncn: U %[1]d\nsn: %[1]d\nmail: u%[1]d@contoso.example\nuidNumber: %[2]d\n"+
			"gidNumber: 10000\nhomeDirectory: /home/u%[1]d\nloginShell: /bin/bash\ngecos: U %[1]d\n", i, 10_100+i)
	}) + "dn: ou=system,dc=example,dc=org\nobjectClass: organizationalUnit\nou: system\n\n" +
		"dn: cn=people,ou=groups,dc=example,dc=org\nobjectClass: posixGroup\ncn: people\ngidNumber: 10000\nmemberUid: u1\n"
}

// grownCompany has people named by cn in units of their departments, and leavers whom employeeType tells.
func grownCompany() string {
	text := "dn: ou=staff,dc=example,dc=org\nobjectClass: organizationalUnit\nou: staff\n\n"
	for _, unit := range []string{"Sales", "IT"} {
		text += fmt.Sprintf("dn: ou=%s,ou=staff,dc=example,dc=org\nobjectClass: organizationalUnit\nou: %[1]s\n\n", unit)
	}
	return text + entriesOf(20, func(i int) string {
		unit := []string{"Sales", "IT"}[i%2]
		state := "staff"
		if i%7 == 0 {
			state = "inactive"
		}
		return fmt.Sprintf("dn: cn=U %[1]d,ou=%[2]s,ou=staff,dc=example,dc=org\nobjectClass: inetOrgPerson\n"+
			"uid: u%[1]d@contoso.example\ncn: U %[1]d\ndisplayName: U %[1]d\nsn: %[1]d\n"+
			"departmentNumber: %[2]s\nemployeeType: %[3]s\ncarLicense: x\n", i, unit, state)
	}) + "dn: cn=all,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: all\nbusinessCategory: x\n" +
		"member: cn=U 1,ou=IT,ou=staff,dc=example,dc=org\n"
}

// TestInit: what init writes for a directory holds there, with the rights that it grants and no others.
func TestInit(t *testing.T) {
	t.Parallel()
	const account = "cn=scimbridge,dc=example,dc=org"
	openldap := func(entries string, options ...dirtest.Option) func(t *testing.T) *dirtest.Server {
		return func(t *testing.T) *dirtest.Server { return slapdOf(t, entries, options...) }
	}
	dirsrv := func(entries string) func(t *testing.T) *dirtest.Server {
		return func(t *testing.T) *dirtest.Server {
			server := dirtest.DS389(t)
			server.Load(t, bridgeAccount+"\n"+entries)
			return server
		}
	}
	for name, c := range map[string]struct {
		start   func(t *testing.T) *dirtest.Server
		choices layout.Choices
	}{
		"openldap-empty":   {start: openldap("")},
		"openldap-plain":   {start: openldap(plainCompany("member"))},
		"openldap-posix":   {start: openldap(linuxCompany())},
		"openldap-grown":   {start: openldap(grownCompany())},
		"openldap-example": {start: openldap("", dirtest.Schema(examples.OpenLDAPSchema))},
		"389ds-people":     {start: dirsrv(plainCompany("uniqueMember"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := found(t, c.start(t), account, c.choices)
			f.golden(t, name)
			f.load(t)
			f.silent(t)
			f.lives(t, "mara@contoso.example", "homePhone")
		})
	}
}

// TestInitForSlapdConf: the form for a slapd.conf says the same.
func TestInitForSlapdConf(t *testing.T) {
	t.Parallel()
	const account = "cn=scimbridge,dc=example,dc=org"
	first := found(t, slapdOf(t, linuxCompany()), account, layout.Choices{})
	var lines []string
	for _, file := range first.files {
		if filepath.Ext(file.Name) == ".conf" {
			lines = append(lines, file.Text)
		}
	}
	if len(lines) != 2 {
		t.Fatalf("written are %+v", first.files)
	}
	f := found(t, slapdOf(t, linuxCompany(), dirtest.Config(lines...)), account, layout.Choices{})
	f.silent(t)
	f.lives(t, "mara@contoso.example", "homePhone")
}

// TestInitInADomain is TestInit with a domain, to which Samba's tool grants the rights.
func TestInitInADomain(t *testing.T) {
	t.Parallel()
	server := dirtest.ActiveDirectory(t)
	name := "i" + strings.ToLower(strings.TrimSuffix(server.Base, ","+domain)[len(server.Base)-len(domain)-8:])
	account := "CN=" + name + "," + server.Base
	server.Load(t, fmt.Sprintf("dn: %s\nobjectClass: user\nsAMAccountName: %s\nuserAccountControl: 512\nunicodePwd:: %s\n", account, name,
		base64.StdEncoding.EncodeToString([]byte(ldapmap.PasswordValue("unicodePwd", bridgeSecret)))))
	f := found(t, server, account, layout.Choices{UserBase: server.People, GroupBase: server.Groups})
	f.golden(t, "active-directory")
	f.load(t)
	f.silent(t)
	f.lives(t, name+"x@contoso.example", "homePhone")
}
