package store

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// DefaultTimeout is long for a transaction, which takes milliseconds, and short for Entra, which gives up after about 30 s.
const DefaultTimeout = 5 * time.Second

// DefaultFile is the SQLite file's name in the folder that systemd gives the service.
const DefaultFile = "scimbridge.db"

// Options is the configuration's `store` section.
type Options struct {
	// a SQLite file; left out, and no url: scimbridge.db in systemd's $STATE_DIRECTORY, else there is no store
	File string `koanf:"file" is:"file"`
	// postgres://user@host/database, without a password: PostgreSQL, where several copies share it
	URL string `koanf:"url" is:"postgres"`
	// of the URL's user; read at each connect, so that a new one needs no restart
	PasswordFile string        `koanf:"passwordFile" is:"file"`
	Timeout      time.Duration `koanf:"timeout"`        // of one transaction, waiting for its turn included
	Cleartext    bool          `koanf:"allowCleartext"` // let PostgreSQL without TLS leave this machine
}

// Enabled says whether there is a store.
func (o Options) Enabled() bool { return o.File != "" || o.URL != "" }

// Default is a SQLite file in systemd's STATE_DIRECTORY, or no store where the environment has none. The variable may name several
// folders, with colons.
func Default(environ []string) (o Options) {
	for _, variable := range environ {
		if folders, is := strings.CutPrefix(variable, "STATE_DIRECTORY="); is && folders != "" {
			first, _, _ := strings.Cut(folders, ":")
			o.File = filepath.Join(first, DefaultFile)
		}
	}
	return o
}

// Check reports every fault of the options by its key path. No section at all is none.
func (o Options) Check(report func(path, problem string)) {
	switch {
	case o.File != "" && o.URL != "":
		report("url", "contradicts file: a store is one SQLite file, or PostgreSQL")
	case o.URL != "":
		o.checkURL(report)
	case o.PasswordFile != "":
		report("passwordFile", "is for PostgreSQL: there is no url")
	case o.File == "" && (o.Timeout != 0 || o.Cleartext):
		report("", "names neither a file nor a url")
	}
	if o.PasswordFile != "" {
		if _, err := o.password(); err != nil {
			report("passwordFile", err.Error())
		}
	}
	if o.Timeout < 0 {
		report("timeout", "must be positive")
	}
}

// checkURL repeats nothing of the URL, which may hold a password that is out of its place.
func (o Options) checkURL(report func(path, problem string)) {
	const wanted = "such as postgres://scimbridge@db.corp.example/scimbridge?sslmode=verify-full"
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		report("url", "is not a PostgreSQL URL, "+wanted)
		return
	}
	if _, given := u.User.Password(); given || u.Query().Has("password") {
		report("url", "holds a password: it belongs into the file that passwordFile names")
		return
	}
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		report("url", fmt.Sprintf("is not understood, %s: %v", wanted, err))
		return
	}
	clear := config.TLSConfig == nil && !local(config.Host)
	for _, other := range config.Fallbacks {
		clear = clear || other.TLSConfig == nil && !local(other.Host)
	}
	if clear && !o.Cleartext {
		report("url", "would let the data leave the machine in clear text: add sslmode=verify-full, or say allowCleartext: true")
	}
}

// local says whether a host of PostgreSQL's is this machine: a folder with its socket, or loopback.
func local(host string) bool {
	if strings.HasPrefix(host, "/") || host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && net.IP(address.AsSlice()).IsLoopback()
}

func (o Options) password() (string, error) {
	text, err := os.ReadFile(o.PasswordFile)
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", fmt.Errorf("%s is empty", o.PasswordFile)
	}
	return password, nil
}

// check returns the faults as one error.
func (o Options) check() error {
	var faults []error
	o.Check(func(path, problem string) { faults = append(faults, fmt.Errorf("%s: %s", path, problem)) })
	if !o.Enabled() && faults == nil {
		faults = append(faults, errors.New("names neither a file nor a url"))
	}
	return errors.Join(faults...)
}

// WithDefaults are the options with what holds where they say nothing.
func (o Options) WithDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return o
}
