package dirtest

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"scimbridge/ldapmap/ldif"
)

// DS389Option changes the 389 Directory Server that DS389 starts.
type DS389Option func(*ds389)

// DS389Schema adds definitions in the syntax of slapd.conf, so that one text serves both servers. Debian's schemas come before it.
func DS389Schema(text string) DS389Option {
	return func(s *ds389) { s.schema = append(s.schema, schemaValues(text)...) }
}

// MemberOfPlugin turns on the plug-in that keeps memberOf.
func MemberOfPlugin() DS389Option {
	return func(s *ds389) {
		s.set("cn=MemberOf Plugin,cn=plugins,cn=config", "nsslapd-pluginEnabled", "on")
		s.set("cn=MemberOf Plugin,cn=plugins,cn=config", "memberOfAutoAddOC", "nsMemberOf") // memberOf is on no user's object class
	}
}

// ReferentialIntegrityPlugin turns on the plug-in that takes deleted and renamed DNs out of the entries that name them, within the
// operation.
func ReferentialIntegrityPlugin() DS389Option {
	return func(s *ds389) {
		const plugin = "cn=referential integrity postoperation,cn=plugins,cn=config"
		s.set(plugin, "nsslapd-pluginEnabled", "on")
		s.set(plugin, "referint-membership-attr", "member", "uniqueMember", "manager", "secretary", "owner", "seeAlso", "roleOccupant")
	}
}

// UniquenessPlugin turns on the plug-in that lets no two entries share a value of the attribute.
func UniquenessPlugin(attribute string) DS389Option {
	return func(s *ds389) {
		const plugin = "cn=attribute uniqueness,cn=plugins,cn=config"
		s.set(plugin, "nsslapd-pluginEnabled", "on")
		s.set(plugin, "uniqueness-attribute-name", attribute)
	}
}

// USNPlugin turns on the plug-in that counts the writes of each database.
func USNPlugin() DS389Option {
	return func(s *ds389) { s.set("cn=USN,cn=plugins,cn=config", "nsslapd-pluginEnabled", "on") }
}

// NumbersPlugin turns on the plug-in that allots numbers, from the first on: it puts one in the place of -1.
func NumbersPlugin(attribute string, first int) DS389Option {
	return func(s *ds389) {
		const plugin = "cn=Distributed Numeric Assignment Plugin,cn=plugins,cn=config"
		s.set(plugin, "nsslapd-pluginEnabled", "on")
		s.more = append(s.more, fmt.Sprintf("dn: cn=%s,%s\nobjectClass: top\nobjectClass: extensibleObject\ncn: %[1]s\ndnaType: %[1]s\n"+
			"dnaFilter: (objectClass=posixAccount)\ndnaScope: %[3]s\ndnaNextValue: %[4]d\ndnaMaxValue: %[5]d\ndnaMagicRegen: -1\n",
			attribute, plugin, defaultSuffix, first, first+9_999))
	}
}

// LocalAs has the server listen on a socket too (LDAPI), on which root is the entry by SASL EXTERNAL.
func LocalAs(dn string) DS389Option {
	return func(s *ds389) {
		s.local = true
		s.set("cn=config", "nsslapd-ldapilisten", "on")
		s.set("cn=config", "nsslapd-ldapiautobind", "on")
		s.set("cn=config", "nsslapd-ldapimaprootdn", dn)
	}
}

// LockedAfter locks an account after so many wrong passwords.
func LockedAfter(wrong int) DS389Option {
	return func(s *ds389) {
		s.set("cn=config", "passwordLockout", "on")
		s.set("cn=config", "passwordMaxFailure", fmt.Sprint(wrong))
	}
}

// WithoutSevenBitCheck turns off the plug-in that lets only ASCII into uid and mail, which is on in a server as it is installed.
func WithoutSevenBitCheck() DS389Option {
	return func(s *ds389) { s.set("cn=7-bit check,cn=plugins,cn=config", "nsslapd-pluginEnabled", "off") }
}

// Roomy makes the server one for many entries: with caches that they go into, and with more threads than one, which does what comes on a
// connection as long as more comes, and leaves what came before.
func Roomy() DS389Option {
	return func(s *ds389) {
		s.set("cn=config", "nsslapd-threadnumber", "4")
		s.set("cn=config,cn=ldbm database,cn=plugins,cn=config", "nsslapd-dbcachesize", "400000000")
		s.set(ds389Database, "nsslapd-cachememsize", "1000000000")
	}
}

const (
	ds389Package   = "apt-get install 389-ds-base"
	ds389Templates = "/usr/share/dirsrv/data"
	ds389Backend   = "userRoot"
	directoryAdmin = "cn=Directory Manager"
)

// DS389 starts a 389 Directory Server with one database, from the templates that its own dscreate installs servers with. What dscreate sets
// up besides (a service, an account, folders in /etc and /var) is left out. It speaks TLS where Encrypted
// says so.
func DS389(t testing.TB, options ...DS389Option) *Server {
	t.Helper()
	program := findDS389(t)
	s := &ds389{password: rand.Text()}
	for _, option := range options {
		option(s)
	}
	if s.local && os.Geteuid() != 0 {
		LeaveOut(t, "389 Directory Server's socket", "it needs root", "run the tests as root")
	}
	server, err := s.start(t, program)
	if err != nil {
		t.Fatal(err)
	}
	server.Load(t, tree(defaultSuffix))
	return server
}

func findDS389(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("ns-slapd")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/ns-slapd")
	}
	if err != nil {
		LeaveOut(t, "389 Directory Server", "ns-slapd is not installed", ds389Package)
	}
	return program
}

// ds389 is what a dse.ldif, its configuration, is written from.
type ds389 struct {
	password string
	schema   []string     // values of cn=schema, as LDIF lines
	settings []ldif.Entry // what entries of the templates say instead
	more     []string     // entries besides, as LDIF
	local    bool         // it listens on a socket

	encrypted bool // it speaks TLS
	certs     certificates

	dir  string
	conf string // folder of the configuration
}

func (s *ds389) set(dn, name string, values ...string) {
	s.settings = append(s.settings, ldif.Entry{DN: dn, Attributes: []ldif.Attribute{{Name: name, Values: values}}})
}

func (s *ds389) start(t testing.TB, program string) (*Server, error) {
	var err error
	if s.dir, err = os.MkdirTemp("", "ds389"); err != nil {
		return nil, err
	}
	s.conf = filepath.Join(s.dir, filepath.Base(s.dir))
	t.Cleanup(func() {
		os.RemoveAll(s.dir)
		os.Remove(semaphore(s.dir))
	})
	if err := s.makeFolders(); err != nil {
		return nil, err
	}
	server := &Server{
		Traits: ldif.DS389.Traits(), BindDN: directoryAdmin, Password: s.password,
		Suffix: defaultSuffix, Base: defaultSuffix, People: "ou=people," + defaultSuffix, Groups: "ou=groups," + defaultSuffix,
		t: t,
	}
	if s.encrypted {
		if err := s.certify(server); err != nil {
			return nil, err
		}
	}
	if s.local {
		server.LDAPI = "ldapi://" + url.PathEscape(filepath.Join(s.dir, "ldapi"))
	}
	for range portAttempts {
		var port int
		if port, err = freePort(); err != nil {
			return nil, err
		}
		if s.encrypted {
			if server.LDAPS, err = s.secureURL(); err != nil {
				return nil, err
			}
		}
		if err = s.writeConfiguration(port); err != nil {
			return nil, err
		}
		server.URL = fmt.Sprintf("ldap://127.0.0.1:%d", port)
		server.process = &process{
			dir: s.dir, program: program, args: []string{"-D", s.conf, "-d", "0"}, // a debug level keeps it in the foreground
			ready: func() error { return tryBind(server.URL, server.BindDN, server.Password) },
		}
		if err = server.process.start(); err == nil {
			t.Cleanup(server.process.kill)
			return server, nil
		}
	}
	return nil, err
}

// ds389Folders are those that the templates ask for, each as %name_dir%.
var ds389Folders = []string{"lock", "tmp", "ldif", "bak", "run", "inst", "log", "db", "db_home"}

// semaphore is a file that a killed server leaves behind. All servers of the machine share the place; the configuration's folder gives the
// name.
func semaphore(dir string) string { return "/dev/shm/sem." + filepath.Base(dir) + ".stats" }

func (s *ds389) makeFolders() error {
	folders := []string{filepath.Join(s.conf, "schema")}
	for _, name := range ds389Folders {
		folders = append(folders, filepath.Join(s.dir, name))
	}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	// Languages; Debian's file is for root and the server alone.
	if err := os.WriteFile(filepath.Join(s.conf, "slapd-collations.conf"), nil, 0o600); err != nil {
		return err
	}
	schema := "dn: cn=schema\n" + strings.Join(s.schema, "")
	return os.WriteFile(filepath.Join(s.conf, "schema", "99user.ldif"), []byte(schema), 0o600)
}

var placeholder = regexp.MustCompile(`%(\w+)%`)

// writeConfiguration fills the templates in.
func (s *ds389) writeConfiguration(port int) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	values := map[string]string{
		"fqdn": "localhost", "ds_port": fmt.Sprint(port), "ds_user": me.Username,
		"rootdn": directoryAdmin, "ds_passwd": "{CLEAR}" + s.password,
		"ds_suffix": defaultSuffix, "ds_bename": ds389Backend, "db_lib": "bdb",
		"ldapi_enabled": "off", "ldapi_autobind": "off", "ldapi": filepath.Join(s.dir, "ldapi"),
	}
	for _, name := range ds389Folders {
		values[name+"_dir"] = filepath.Join(s.dir, name)
	}
	values["config_dir"], values["schema_dir"], values["cert_dir"] = s.conf, filepath.Join(s.conf, "schema"), s.conf

	var text strings.Builder
	for _, template := range []string{"template-dse.ldif", "template-suffix-db.ldif"} {
		content, err := os.ReadFile(filepath.Join(ds389Templates, template))
		if err != nil {
			return err
		}
		filled := placeholder.ReplaceAllStringFunc(string(content), func(name string) string { return values[strings.Trim(name, "%")] })
		text.WriteString(filled)
		text.WriteString("\n")
	}
	entries, err := ldif.Parse(text.String() + strings.Join(s.more, "\n"))
	if err != nil {
		return err
	}
	var dse strings.Builder
	for _, entry := range entries {
		s.adjust(entry)
		dse.WriteString(entry.String() + "\n")
	}
	return os.WriteFile(filepath.Join(s.conf, "dse.ldif"), []byte(dse.String()), 0o600)
}

// adjust puts into a template's entry what the test's server has otherwise.
func (s *ds389) adjust(entry *ldif.Entry) {
	switch {
	case ldif.SameDN(entry.DN, "cn=config"):
		entry.Set("nsslapd-listenhost", "127.0.0.1")
		// With more, a reader and a writer now and then wait for each other for good, each for a page of Berkeley DB 5.3 that the
		// other has.
		entry.Set("nsslapd-threadnumber", "1")
		entry.Set("nsslapd-accesslog-logging-enabled", "off")
		entry.Set("nsslapd-securitylog-logging-enabled", "off")
	case ldif.SameDN(entry.DN, "cn=config,cn=ldbm database,cn=plugins,cn=config"):
		entry.Set("nsslapd-cache-autosize", "0") // a quarter of the machine's memory for each server
		// The server writes all of it to the disk as it starts. A few thousand entries have room.
		entry.Set("nsslapd-dbcachesize", "4000000")
		// No waiting for a busy machine's disk. A killed server loses nothing by it, only a machine without power would.
		entry.Set("nsslapd-db-durable-transaction", "off")
		entry.Set("nsslapd-db-checkpoint-interval", "3600")
	}
	for _, setting := range s.settings {
		if ldif.SameDN(entry.DN, setting.DN) {
			entry.Set(setting.Attributes[0].Name, setting.Attributes[0].Values...)
		}
	}
}

var (
	continued  = regexp.MustCompile(`\n[ \t]+`)
	definition = regexp.MustCompile(`(?im)^(attributetype|objectclass)[ \t]+(.*)$`)
)

// schemaValues makes LDIF lines of definitions in the syntax of slapd.conf.
func schemaValues(text string) (lines []string) {
	names := map[string]string{"attributetype": "attributeTypes", "objectclass": "objectClasses"}
	for _, found := range definition.FindAllStringSubmatch(continued.ReplaceAllString(text, " "), -1) {
		lines = append(lines, fmt.Sprintf("%s: %s\n", names[strings.ToLower(found[1])], found[2]))
	}
	return lines
}
