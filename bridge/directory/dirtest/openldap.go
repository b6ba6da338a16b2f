package dirtest

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"scimbridge/ldapmap/ldif"
)

// Option changes the slapd that OpenLDAP starts.
type Option func(*slapd)

// Suffix names the naming context; its first RDN is a dc or an o. The default is dc=example,dc=org.
func Suffix(dn string) Option { return func(s *slapd) { s.suffix = dn } }

// Schema adds definitions in the syntax of slapd.conf. core, cosine, inetorgperson, nis and msuser come before it.
func Schema(text string) Option { return func(s *slapd) { s.schema = append(s.schema, text) } }

// SchemaFile adds a .schema file.
func SchemaFile(path string) Option {
	return func(s *slapd) {
		absolute, err := filepath.Abs(path)
		if err != nil {
			absolute = path // slapd says that it is not there
		}
		s.schema = append(s.schema, fmt.Sprintf("include %q", absolute))
	}
}

// Config adds lines to the database section, ahead of its access rules: `limits …`, `access to * by dn.exact="…" manage by * break`, or an
// overlay of those loaded (ppolicy, sssvlv, unique) with its settings.
func Config(lines ...string) Option { return func(s *slapd) { s.lines = append(s.lines, lines...) } }

// Global adds lines ahead of the databases, such as `TLSVerifyClient demand`, or authz-regexp for who comes by a certificate or a socket.
func Global(lines ...string) Option { return func(s *slapd) { s.global = append(s.global, lines...) } }

// WithoutRefint leaves out the overlay that takes deleted and renamed DNs out of the entries that name them.
func WithoutRefint() Option { return func(s *slapd) { s.refint = false } }

// Overlay adds an overlay with its settings, and the module that it is in. The overlays memberof and dynlist define memberOf, and so does
// msuser.schema, which breaks them; of that schema there is then userAccountControl alone.
func Overlay(name string, settings ...string) Option {
	return func(s *slapd) {
		s.overlays = append(s.overlays, name)
		s.lines = append(append(s.lines, "overlay "+name), settings...)
		s.memberOf = s.memberOf || name == "memberof" || name == "dynlist"
	}
}

// MemberOf adds the overlay that keeps memberOf.
func MemberOf() Option { return Overlay("memberof") }

// RootPassword is that of BindDN, which several servers may share; else it is random.
func RootPassword(text string) Option { return func(s *slapd) { s.password = text } }

// Entries has slapadd load entries before slapd starts, as many as there may be: write gives their LDIF, parents first. The containers for
// people and groups are there.
func Entries(write func(io.Writer) error) Option { return func(s *slapd) { s.entries = write } }

// Synced has each write wait for the disk, as slapd does unless it is told otherwise.
func Synced() Option { return func(s *slapd) { s.synced = true } }

// MaxSize is how large the database may grow; the default is 1 GiB.
func MaxSize(octets int) Option { return func(s *slapd) { s.maxSize = octets } }

// AccessLog adds the overlay that records each change, in a database of its own.
func AccessLog() Option {
	return func(s *slapd) {
		s.accessLog = true
		Overlay("accesslog", "logdb "+accessLogSuffix, "logops writes")(s)
	}
}

const accessLogSuffix = "cn=accesslog"

const userAccountControl = "attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' " +
	"SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )"

// OpenLDAP starts a slapd with one mdb database. An account whose userAccountControl has bit 0x2 (ACCOUNTDISABLE) cannot bind.
func OpenLDAP(t testing.TB, options ...Option) *Server {
	t.Helper()
	program := findSlapd(t)
	s := &slapd{suffix: defaultSuffix, password: rand.Text(), refint: true, maxSize: 1 << 30}
	for _, option := range options {
		option(s)
	}
	server, err := s.start(t, program)
	if err != nil {
		t.Fatal(err)
	}
	if s.entries == nil && !s.replica {
		server.Load(t, tree(s.suffix))
	}
	return server
}

const (
	slapdSchemas = "/etc/ldap/schema"
	slapdModules = "/usr/lib/ldap"
	slapdPackage = "apt-get install slapd"
)

// findSlapd returns the program, which is rarely on the path of a user who is not root.
func findSlapd(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("slapd")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/slapd")
	}
	if err != nil {
		LeaveOut(t, "OpenLDAP", "slapd is not installed", slapdPackage)
	}
	if _, err := os.Stat(filepath.Join(slapdSchemas, "msuser.schema")); err != nil {
		LeaveOut(t, "OpenLDAP", slapdSchemas+" has no msuser.schema", "Debian's slapd has it: "+slapdPackage)
	}
	return program
}

// slapd is what a slapd.conf is written from.
type slapd struct {
	suffix    string
	password  string
	schema    []string
	global    []string
	overlays  []string // modules of Overlay
	lines     []string
	refint    bool
	memberOf  bool // something defines it
	accessLog bool
	synced    bool
	maxSize   int
	entries   func(io.Writer) error // nil: the containers alone, which slapd itself adds
	url       string                // where it listens; "": on any free port
	replica   bool                  // it gets all that it has from another

	dir   string
	certs certificates
}

// portAttempts: between choosing a free port and slapd's listening another process may take it.
const portAttempts = 5

func (s *slapd) start(t testing.TB, program string) (*Server, error) {
	// Not t.TempDir: with a test's name in it the path is too long for a socket.
	var err error
	if s.dir, err = os.MkdirTemp("", "slapd"); err != nil {
		return nil, err
	}
	t.Cleanup(func() { os.RemoveAll(s.dir) })
	if s.certs, err = makeCertificates(s.dir, "localhost"); err != nil {
		return nil, err
	}
	for _, folder := range []string{"data", "log"} {
		if err := os.Mkdir(filepath.Join(s.dir, folder), 0o700); err != nil {
			return nil, err
		}
	}
	conf := filepath.Join(s.dir, "slapd.conf")
	if err := os.WriteFile(conf, []byte(s.conf()), 0o600); err != nil {
		return nil, err
	}
	if s.entries != nil {
		if err := s.add(filepath.Join(filepath.Dir(program), "slapadd"), conf); err != nil {
			return nil, err
		}
	}
	server := &Server{
		Traits: ldif.OpenLDAP.Traits(), CA: s.certs.ca, ServerName: "localhost",
		LDAPI:  "ldapi://" + url.PathEscape(filepath.Join(s.dir, "ldapi")),
		BindDN: s.rootDN(), Password: s.password,
		Suffix: s.suffix, Base: s.suffix, People: "ou=people," + s.suffix, Groups: "ou=groups," + s.suffix,
		KeepsMemberOf: s.memberOf, t: t, certs: s.certs,
	}
	for range portAttempts {
		if server.URL, server.LDAPS, err = freeURLs(); err != nil {
			return nil, err
		}
		if s.url != "" {
			server.URL = s.url
		}
		server.process = &process{
			dir: s.dir, program: program,
			// Level none (32768) is what slapd says at any level: what is wrong with its configuration.
			args:  []string{"-f", conf, "-h", server.URL + " " + server.LDAPS + " " + server.LDAPI, "-d", "none"},
			ready: func() error { return tryBind(server.URL, server.BindDN, server.Password) },
		}
		if err = server.process.start(); err == nil {
			t.Cleanup(server.process.kill)
			return server, nil
		}
	}
	return nil, err
}

// add has slapadd load the containers and the entries.
func (s *slapd) add(program, conf string) error {
	slapadd := exec.Command(program, "-q", "-f", conf)
	defer tie(slapadd)()
	in, err := slapadd.StdinPipe()
	if err != nil {
		return err
	}
	var said bytes.Buffer
	slapadd.Stdout, slapadd.Stderr = &said, &said
	if err := slapadd.Start(); err != nil {
		return err
	}
	text := bufio.NewWriterSize(in, 1<<20)
	_, err = text.WriteString(tree(s.suffix) + "\n")
	if err == nil {
		err = s.entries(text)
	}
	err = errors.Join(err, text.Flush(), in.Close())
	if ended := slapadd.Wait(); ended != nil {
		return fmt.Errorf("slapadd: %w\n%s", ended, &said)
	}
	return err
}

// Version is what a slapd calls itself.
func (s *Server) Version() string {
	said, _ := exec.Command(s.own().program, "-VV").CombinedOutput()
	return regexp.MustCompile(`slapd \S+`).FindString(string(said))
}

func freeURLs() (plain, secure string, err error) {
	first, err := freePort()
	if err != nil {
		return "", "", err
	}
	second, err := freePort()
	return fmt.Sprintf("ldap://127.0.0.1:%d", first), fmt.Sprintf("ldaps://127.0.0.1:%d", second), err
}

func (s *slapd) rootDN() string { return "cn=admin," + s.suffix }

func (s *slapd) conf() string {
	var b strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&b, format+"\n", values...) }

	line("modulepath %s", slapdModules)
	for _, module := range s.modules() {
		line("moduleload %s", module)
	}
	for _, schema := range []string{"core", "cosine", "inetorgperson", "nis"} {
		line("include %s/%s.schema", slapdSchemas, schema)
	}
	if s.memberOf {
		line("%s", userAccountControl)
	} else {
		line("include %s/msuser.schema", slapdSchemas)
	}
	for _, schema := range s.schema {
		line("%s", schema)
	}
	line("sortvals member")
	line("TLSCACertificateFile %s", s.certs.ca)
	line("TLSCertificateFile %s", s.certs.cert)
	line("TLSCertificateKeyFile %s", s.certs.key)
	for _, extra := range s.global {
		line("%s", extra)
	}

	if s.accessLog {
		line("database mdb")
		line("suffix %q", accessLogSuffix)
		line("directory %s", filepath.Join(s.dir, "log"))
		line("maxsize %d", s.maxSize)
		line("dbnosync")
		line("rootdn %q", s.rootDN())
	}
	line("database mdb")
	line("suffix %q", s.suffix)
	line("rootdn %q", s.rootDN())
	line("rootpw %s", s.password)
	line("directory %s", filepath.Join(s.dir, "data"))
	line("maxsize %d", s.maxSize)
	if !s.synced {
		line("dbnosync") // a killed slapd loses nothing by it, only a machine without power would
	}
	line("index objectClass,entryUUID,uid,cn,mail,member,manager eq")
	if s.refint {
		line("overlay refint")
		line("refint_attributes member uniqueMember manager secretary owner seeAlso roleOccupant")
	}
	for _, extra := range s.lines {
		line("%s", extra)
	}
	line(`access to attrs=userPassword filter="(userAccountControl:1.2.840.113556.1.4.803:=2)" by * none`)
	line("access to attrs=userPassword by anonymous auth by self write by * none")
	line("access to * by * read")
	return b.String()
}

func (s *slapd) modules() []string {
	modules := append([]string{"back_mdb", "ppolicy", "refint", "sssvlv", "unique"}, s.overlays...)
	slices.Sort(modules)
	return slices.Compact(modules)
}
