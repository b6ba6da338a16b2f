package directory

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"scimbridge/ldapmap/ldif"
)

// What holds where the configuration says nothing.
const (
	// DefaultTimeout is long for a directory, whose answers take milliseconds, and short for Entra, which gives up after about 30 s:
	// a request of several operations still ends in time.
	DefaultTimeout = 5 * time.Second
	// DefaultPageSize is what OpenLDAP hands out by default, and half of what Active Directory does.
	DefaultPageSize = 500
	// DefaultFailures lets a single dropped connection pass and notices a dead directory within three requests.
	DefaultFailures = 3
	// DefaultPause has a directory that is back found within two seconds. Each time costs a connection and a question.
	DefaultPause = time.Second
	// DefaultBack is longer than a server takes to start, fail, and start again.
	DefaultBack = time.Minute
	// minBack leaves time for several looks.
	minBack = 5 * time.Second
	// maxBack is how long a server must have been well at most, however often it was gone back to in vain.
	maxBack = time.Hour
	// DefaultLag is many times what a server that replicates takes to hear of a change, and leaves a request time to be done after it.
	DefaultLag = 3 * time.Second
	// maxPageSize bounds what one answer of the server holds in memory. Servers allow less: Active Directory 1,000.
	maxPageSize = 10_000
	// maxRetryAfter is what clients are told to wait at least when an outage has lasted for two minutes.
	maxRetryAfter = 30 * time.Second
	// maxRefusedPause bounds the pauses after a refused bind. Each further bind counts against the account's lockout threshold, so they
	// are rare, and a password that was put right is found within it.
	maxRefusedPause = 5 * time.Minute
)

// Options is the configuration's `directory` section.
type Options struct {
	// of the servers, ldaps://, ldap:// or ldapi://, tried in order; _ldap._tcp.corp.example as a host stands for those that DNS tells of
	URLs []string `koanf:"urls" is:"ldap" required:"somewhere"`
	// the product; left out: read from the root DSE
	Kind           ldif.ServerKind `koanf:"kind" one:"openldap active-directory 389ds generic"`
	Bind           BindOptions     `koanf:"bind"`           // who the bridge is in the directory
	TLS            TLSOptions      `koanf:"tls"`            // of ldaps:// and StartTLS
	Timeout        time.Duration   `koanf:"timeout"`        // of one LDAP operation, connecting and binding included
	PageSize       int             `koanf:"pageSize"`       // entries on a page of a long answer; less where the server allows less
	AllowCleartext bool            `koanf:"allowCleartext"` // let ldap:// without StartTLS leave this machine
	// after outages in a row nothing is asked of a server until a probe succeeds; where none is left, requests are refused at once
	Breaker BreakerOptions `koanf:"breaker"`
	// of several urls, another than the one in use is taken
	Failover FailoverOptions `koanf:"failover"`

	// that holds the stable id of every entry; left out: the product's, else entryUUID
	ID string `koanf:"id" is:"attribute"`
	// how the id stands in it: as it is shown, as a UUID, 16 octets of one, or 16 as Active Directory's
	IDForm   string `koanf:"idForm" one:"text uuid octets guid" default:"text"`
	EntryDN  string `koanf:"entryDN" is:"attribute"`  // that finds an entry by its DN in a filter
	Version  string `koanf:"version" is:"attribute"`  // that changes with each write of the entry
	Created  string `koanf:"created" is:"attribute"`  // that says when the entry was made
	Modified string `koanf:"modified" is:"attribute"` // that says when it was changed
	Blocked  string `koanf:"blocked" is:"attribute"`  // by which the server itself keeps an account from binding
	// before it answers the server itself takes deleted and renamed DNs out of what refers to them
	KeepsReferences bool `koanf:"keepsReferences"`

	// Where Locate put others in the place of a service:
	named []string // URLs as configured
	from  []int    // of each URL: which of named it is of
}

func (o Options) told() ldif.Told {
	return ldif.Told{
		ID: o.ID, IDForm: o.IDForm, EntryDN: o.EntryDN, Version: o.Version, Created: o.Created, Modified: o.Modified, Blocked: o.Blocked,
		KeepsReferences: o.KeepsReferences,
	}
}

// BindOptions is who the bridge is in the directory.
type BindOptions struct {
	DN           string `koanf:"dn"`                     // a DN, or on Active Directory also a userPrincipalName
	Password     string `koanf:"password"`               // best by the environment, which goes before passwordFile
	PasswordFile string `koanf:"passwordFile" is:"file"` // holds the password; read for each connection
	// SASL EXTERNAL: the certificate of tls, or over ldapi:// whose process it is, says who the bridge is. `dn` is then needed only
	// where the server cannot tell which entry that is.
	External bool `koanf:"external"`
}

// TLSOptions holds for ldaps:// and StartTLS.
type TLSOptions struct {
	StartTLS   bool   `koanf:"startTLS"`     // on ldap:// URLs
	CA         string `koanf:"ca" is:"file"` // PEM: who signs the server's certificate; left out: any that the system trusts
	ServerName string `koanf:"serverName"`   // the name in the server's certificate, where it is not the URL's host
	// the bridge's own, for a server that asks for one: PEM, the chain included; read for each connection
	Certificate string `koanf:"certificate" is:"file"`
	Key         string `koanf:"key" is:"file"` // of the certificate: PEM
}

// BreakerOptions tunes the circuit breaker.
type BreakerOptions struct {
	Failures int `koanf:"failures"` // outages in a row that open it, of each server by itself
	// from one look whether a server answers to the next; after a refused bind from opening to the first probe, and longer each time
	Pause time.Duration `koanf:"pause"`
}

// FailoverOptions tunes how one of several servers is left for another.
type FailoverOptions struct {
	Back time.Duration `koanf:"back"` // how long an earlier server must have been well without a gap until it is taken again, 5s at least
	Stay bool          `koanf:"stay"` // with the server in use until it fails: no earlier one is gone back to
	// how long a server is waited for that has yet to get, or does not tell whether it has, what another has confirmed to the bridge
	Lag time.Duration `koanf:"lag"`
}

// Check reports every fault of the options by its key path. Durations and counts of zero stand for the defaults.
func (o Options) Check(report func(path, problem string)) {
	o.checkURLs(report)
	if !o.Kind.IsKnown() {
		report("kind", fmt.Sprintf(
			"%q is not one of openldap, active-directory, 389ds, generic; leave it out to have it read from the directory", o.Kind))
	}
	o.told().Check(report)
	o.Bind.check(report)
	o.TLS.check(report)
	if o.TLS.CA != "" {
		if _, err := readRoots(o.TLS.CA); err != nil {
			report("tls.ca", err.Error())
		}
	}
	if o.Timeout < 0 {
		report("timeout", "must be positive")
	}
	if o.PageSize < 0 || o.PageSize > maxPageSize {
		report("pageSize", fmt.Sprintf("must be positive, and at most %d", maxPageSize))
	}
	if o.Breaker.Failures < 0 {
		report("breaker.failures", "must be positive")
	}
	if o.Breaker.Pause < 0 {
		report("breaker.pause", "must be positive")
	}
	if o.Failover.Back != 0 && o.Failover.Back < minBack {
		report("failover.back", fmt.Sprintf("must be at least %s; `stay: true` has the bridge never go back by itself", minBack))
	}
	if o.Failover.Lag < 0 {
		report("failover.lag", "must be positive")
	}
}

func (o Options) checkURLs(report func(path, problem string)) {
	if len(o.URLs) == 0 {
		report("urls", "at least one directory URL is needed, such as ldaps://dc1.corp.example")
		return
	}
	faults, plain := 0, 0
	first := map[string]int{}
	for i, text := range o.URLs {
		path := fmt.Sprintf("urls[%d]", i)
		a, err := parseURL(text)
		if err != nil {
			faults++
			report(path, err.Error())
			continue
		}
		if before, again := first[a.where()]; again {
			report(path, fmt.Sprintf("is the server of urls[%d] once more", before))
			continue
		}
		first[a.where()] = i
		switch a.scheme {
		case "ldap":
			plain++
			if !o.TLS.StartTLS && !o.AllowCleartext && !a.loopback() {
				report(path, "would send passwords in clear text over the network: "+
					"use ldaps://, set tls.startTLS, or say allowCleartext: true")
			}
		}
		if secure := a.scheme == "ldaps" || o.TLS.StartTLS; o.Bind.External && a.scheme != "ldapi" && !(secure && o.TLS.Certificate != "") {
			report(path, "does not say who the bridge is, as bind.external needs: that takes ldapi://, or TLS and tls.certificate")
		}
	}
	switch {
	case faults > 0:
	case o.TLS.StartTLS && plain == 0:
		report("tls.startTLS", "there is no ldap:// URL to start TLS on")
	}
}

// check of the certificate and key, which are given both or not at all.
func (t TLSOptions) check(report func(path, problem string)) {
	switch {
	case t.Certificate == "" && t.Key == "":
	case t.Certificate == "":
		report("tls.certificate", "a key needs a certificate")
	case t.Key == "":
		report("tls.key", "a certificate needs its key")
	default:
		if _, err := tls.LoadX509KeyPair(t.Certificate, t.Key); err != nil {
			report("tls.certificate", "certificate and key cannot be used: "+err.Error())
		}
	}
}

func (b BindOptions) check(report func(path, problem string)) {
	switch {
	case b.Password != "" && b.PasswordFile != "":
		report("bind.passwordFile", "contradicts bind.password: give one of them")
	case b.PasswordFile != "":
		if _, err := b.password(); err != nil {
			report("bind.passwordFile", err.Error())
		}
	}
	given := b.Password != "" || b.PasswordFile != ""
	switch {
	case b.External && given:
		report("bind.external", "contradicts a password: leave out one of them")
	case b.External:
	case b.DN == "" && given:
		report("bind.dn", "a password needs a DN to bind as")
	case b.DN != "" && !given:
		// A bind with a DN and no password would succeed as nobody (RFC 4513 §5.1.2).
		report("bind.password", "a DN needs a password: set bind.password (or SCIMBRIDGE_DIRECTORY_BIND_PASSWORD), or bind.passwordFile")
	}
}

// password returns the password to bind with. The file is read at each bind, so that a new password needs no restart.
func (b BindOptions) password() (string, error) {
	if b.PasswordFile == "" {
		return b.Password, nil
	}
	text, err := os.ReadFile(b.PasswordFile)
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", fmt.Errorf("%s is empty", b.PasswordFile)
	}
	return password, nil
}

// readRoots reads the certificates that a server's certificate must lead to.
func readRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots, found := x509.NewCertPool(), false
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		roots.AddCert(certificate)
		found = true
	}
	if !found {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return roots, nil
}

// check returns the faults as one error.
func (o Options) check() error {
	var faults []error
	o.Check(func(path, problem string) { faults = append(faults, fmt.Errorf("%s: %s", path, problem)) })
	return errors.Join(faults...)
}

// WithDefaults are the options with what holds where they say nothing.
func (o Options) WithDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.PageSize == 0 {
		o.PageSize = DefaultPageSize
	}
	if o.Breaker.Failures == 0 {
		o.Breaker.Failures = DefaultFailures
	}
	if o.Breaker.Pause == 0 {
		o.Breaker.Pause = DefaultPause
	}
	if o.Failover.Back == 0 {
		o.Failover.Back = DefaultBack
	}
	if o.Failover.Lag == 0 {
		o.Failover.Lag = DefaultLag
	}
	return o
}
