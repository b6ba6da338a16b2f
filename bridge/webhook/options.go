package webhook

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"scimbridge/ldapmap/ldif"
)

// Options is the configuration's `webhook` section.
type Options struct {
	URL     string  `koanf:"url" is:"url"`      // where what happened is sent: POST, JSON
	KeyFile string  `koanf:"keyFile" is:"file"` // signs: one key a line, or two that take turns; read for each message
	Events  []Event `koanf:"events"`            // of which it tells; left out: of all but refused
	// then a message that the receiver does not take is not sent any more
	GiveUpAfter time.Duration `koanf:"giveUpAfter"`
	Timeout     time.Duration `koanf:"timeout"` // of one attempt, with its retries; 15s at the most
	// PEM: who signs the receiver's certificate; left out: any that the system trusts
	CA        string `koanf:"ca" is:"file"`
	Cleartext bool   `koanf:"allowCleartext"` // let http:// leave this machine
}

const (
	// DefaultGiveUpAfter is a day: a receiver that was not put right by then is one that nobody misses.
	DefaultGiveUpAfter = 24 * time.Hour
	// DefaultTimeout is long for whoever notes what he is told, and works on it later.
	DefaultTimeout = 10 * time.Second
	// longestTimeout is shorter than a lease: nobody else sends while an answer may come.
	longestTimeout = 15 * time.Second
	// shortestGivingUp lets a message be tried some times.
	shortestGivingUp = time.Minute
)

// Refused and Held are events beside the effects: a request that was not done, and a limit that holds writes back.
const (
	Refused = "refused"
	Held    = "held"
)

// Event is one that a receiver may be told of.
type Event string

// OneOf are all that there are.
func (Event) OneOf() (all []string) {
	for _, kind := range ldif.EffectKinds {
		all = append(all, kind.Word())
	}
	return append(all, Refused, Held)
}

// Enabled says whether there is a webhook.
func (o Options) Enabled() bool { return o.URL != "" }

// Check reports every fault of the options by its key path; stored says whether there is a store. No section at all is none. What stands in
// the URL is not repeated: it may be a secret.
func (o Options) Check(stored bool, report func(path, problem string)) {
	switch {
	case o.URL == "" && (o.KeyFile != "" || o.CA != "" || len(o.Events) > 0 || o.GiveUpAfter != 0 || o.Timeout != 0 || o.Cleartext):
		report("url", "is missing: where what happened is to be sent, as https://hooks.corp.example/scimbridge")
		return
	case o.URL == "":
		return
	case !stored:
		report("", "is sent from the store, and there is none: say where under `store`")
	}
	if problem := o.faultOfURL(); problem != "" {
		report("url", problem)
	}
	if o.KeyFile == "" {
		report("keyFile", "is missing: it signs what is sent; (echo whsec_$(openssl rand -base64 32)) > webhook.key makes one")
	} else if _, err := readKeys(o.KeyFile); err != nil {
		report("keyFile", err.Error())
	}
	if _, err := o.authorities(); err != nil {
		report("ca", err.Error())
	}
	for i, event := range o.Events {
		if all := event.OneOf(); !slices.Contains(all, string(event)) {
			report(fmt.Sprintf("events[%d]", i), fmt.Sprintf("%q is none: there are %s", event, strings.Join(all, ", ")))
		}
	}
	if o.GiveUpAfter != 0 && o.GiveUpAfter < shortestGivingUp {
		report("giveUpAfter", fmt.Sprintf("is less than %v", shortestGivingUp))
	}
	if o.Timeout < 0 || o.Timeout > longestTimeout {
		report("timeout", fmt.Sprintf("must be positive, and no longer than %v", longestTimeout))
	}
}

func (o Options) faultOfURL() string {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "is not an https URL, as https://hooks.corp.example/scimbridge"
	}
	switch host := u.Hostname(); {
	case u.User != nil:
		return "holds a password, which nobody needs: the receiver knows the bridge by its signature"
	case u.Scheme == "http" && !o.Cleartext && host != "localhost" && !net.ParseIP(host).IsLoopback():
		return "would let what is sent leave this machine in clear text: make it https, or say allowCleartext: true"
	}
	return ""
}

// authorities are those that may have signed the receiver's certificate; nil: the system's.
func (o Options) authorities() (*x509.CertPool, error) {
	if o.CA == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(o.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("holds no certificate")
	}
	return pool, nil
}

// WithDefaults are the options with what holds where they say nothing.
func (o Options) WithDefaults() Options {
	if o.GiveUpAfter == 0 {
		o.GiveUpAfter = DefaultGiveUpAfter
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return o
}

// wants says whether an event is told of.
func (o Options) wants(event string) bool {
	if len(o.Events) == 0 {
		return event != Refused
	}
	return slices.Contains(o.Events, Event(event))
}

// wantsAny says whether one of the effects is told of. What has none that is named is told of where all are.
func (o Options) wantsAny(effects []ldif.Effect) bool {
	return len(o.Events) == 0 || slices.ContainsFunc(effects, func(e ldif.Effect) bool { return o.wants(e.Kind.Word()) })
}
