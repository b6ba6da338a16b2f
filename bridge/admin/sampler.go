package admin

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
)

// sampler tells how things stand with the site when somebody asks: nothing is counted for it meanwhile.
type sampler struct{ *Server }

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("scimbridge_"+name, help, labels, nil)
}

var (
	partStatus = described("part_status", "1 for how a part of the bridge stands, as /readyz tells it, 0 for the other statuses.",
		"part", "status")

	requestsWaiting = described("requests_waiting", "Requests that wait for their turn (limits.working).")

	directoryServer = described("directory_server", "The server in use, by its place in directory.urls, or of DNS, from 1; 0: none.")
	serverUp        = described("directory_server_up",
		"1 for a server of directory.urls, or of DNS, that was up when it was met last, in use or by a look; 0: it was down.", "place")
	serverBreaker = described("directory_server_breaker_state",
		"1 for the state of a server's own circuit breaker, 0 for the others: nothing is asked of the server while it is not closed.",
		"place", "state")
	serverOpened = described("directory_server_breaker_opened_total", "Times that a server's own circuit breaker opened.", "place")
	switches     = described("directory_switches_total",
		"Times that another server was taken after a write, by whether it had got all that this copy had confirmed.", "caught_up")
	directoryLeft = described("directory_failovers_total", "Times that a server was left for another.")
	breakerOpen   = described("directory_breaker_open", "1 while the circuit breaker keeps requests off the directory.")
	breakerState  = described("directory_breaker_state", "1 for the state of the directory's circuit breaker, 0 for the others.", "state")
	breakerOpened = described("directory_breaker_opened_total", "Times that the circuit breaker opened.")
	outage        = described("directory_outage_seconds", "How long the circuit breaker has been open; 0: it is closed.")
	writable      = described("directory_writable", "0 while the directory takes no changes.")
	connections   = described("directory_connections", "Connections to the server in use.")
	underWay      = described("directory_operations_under_way", "LDAP operations under way.")

	holds = described("guard_holds", "Holds of guard.limits, by their state: while one is open, writes wait for an operator.", "state")
	held  = described("guard_held_writes", "Writes that open holds did not let through.")

	limitUsed = described("guard_limit_used", "How much of what guard.limits bound came about within the time.",
		"type", "effect", "within")
	limitMost = described("guard_limit_most", "How much of it may come about before writes are held.",
		"type", "effect", "within")

	journalFailing = described("journal_failing", "1 while the journal cannot be written.")
	journalWaiting = described("journal_waiting_records", "Records that are not written yet.")
	journalWritten = described("journal_records_total", "Records written.")

	webhookAway     = described("webhook_receiver_away", "1 while the receiver does not take anything.")
	webhookAttempts = described("webhook_attempts_total", "Messages that this copy sent, by whether they were taken.", "taken")
	webhookMessages = described("webhook_messages", "Messages in the outbox: they wait to be sent, or were given up.", "state")
	webhookOldest   = described("webhook_oldest_seconds", "Age of the oldest message that waits; 0: none does.")

	tokens = described("tokens", "Tokens that end: they are valid, or have ended.", "state")
	ends   = described("token_expiry_timestamp_seconds", "When the next token ends.")

	certificates = described("certificate_expiry_timestamp_seconds",
		"When a certificate ends: the listener's, the bridge's own to the directory, that of the directory's server in use.", "certificate")
)

// Describe implements prometheus.Collector.
func (*sampler) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		partStatus, requestsWaiting,
		directoryServer, serverUp, serverBreaker, serverOpened, switches, directoryLeft,
		breakerOpen, breakerState, breakerOpened, outage, writable, connections, underWay, holds, held,
		limitUsed, limitMost, journalFailing, journalWaiting, journalWritten, webhookAway, webhookAttempts, webhookMessages,
		webhookOldest, tokens, ends, certificates,
	} {
		to <- d
	}
}

// sample is one collection.
type sample struct {
	to  chan<- prometheus.Metric
	now time.Time
}

func (s sample) gauge(d *prometheus.Desc, value float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (s sample) count(d *prometheus.Desc, value float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

func (s sample) flag(d *prometheus.Desc, set bool, labels ...string) {
	value := 0.
	if set {
		value = 1
	}
	s.gauge(d, value, labels...)
}

// Collect implements prometheus.Collector.
func (c *sampler) Collect(to chan<- prometheus.Metric) {
	s := sample{to, c.now()}
	for _, p := range c.readiness(context.Background()).Parts {
		for _, status := range statuses {
			s.flag(partStatus, p.Status == status, p.Name, string(status))
		}
	}
	site := c.site.Load()
	if site == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), asking)
	defer cancel()
	if site.Front != nil {
		s.gauge(requestsWaiting, float64(site.Front.Waiting()))
	}
	s.directory(site)
	s.secrets(ctx, site)
	if site.Store == nil {
		return
	}
	state := site.Ledger.State()
	s.flag(journalFailing, state.Failing)
	s.gauge(journalWaiting, float64(state.Waiting))
	s.count(journalWritten, float64(state.Written))
	if site.Store.Ready(ctx) == nil {
		s.stored(ctx, site)
	}
	if !site.Hook.Enabled() {
		return
	}
	sent := site.Hook.State()
	s.flag(webhookAway, sent.Away)
	s.count(webhookAttempts, float64(sent.Taken), "true")
	s.count(webhookAttempts, float64(sent.Failed), "false")
}

func (s sample) directory(site *Site) {
	state := site.Directory.State()
	s.gauge(directoryServer, float64(state.Server))
	for _, each := range state.Each {
		if each.Is != directory.Unmet {
			s.flag(serverUp, each.Is == directory.Up, strconv.Itoa(each.Place))
		}
		for _, one := range directory.BreakerStates {
			s.flag(serverBreaker, each.Breaker == one, strconv.Itoa(each.Place), one)
		}
		s.count(serverOpened, float64(each.Opened), strconv.Itoa(each.Place))
	}
	for how, times := range state.Switches {
		s.count(switches, float64(times), directory.CaughtUp[how])
	}
	s.count(directoryLeft, float64(state.Left))
	s.flag(breakerOpen, state.Breaker != directory.Closed)
	for _, one := range directory.BreakerStates {
		s.flag(breakerState, state.Breaker == one, one)
	}
	s.count(breakerOpened, float64(state.Opened))
	since := 0.
	if !state.Since.IsZero() {
		since = s.now.Sub(state.Since).Seconds()
	}
	s.gauge(outage, since)
	s.flag(writable, state.Writable)
	s.gauge(connections, float64(state.Connections))
	s.gauge(underWay, float64(state.UnderWay))
	if !state.Expires.IsZero() {
		s.gauge(certificates, float64(state.Expires.Unix()), "directory-server")
	}
}

// secrets are when what opens doors ends.
func (s sample) secrets(ctx context.Context, site *Site) {
	var valid, ended float64
	var next time.Time
	for _, end := range site.Gate.Ends(ctx) {
		if !end.After(s.now) {
			ended++
			continue
		}
		if valid++; next.IsZero() || end.Before(next) {
			next = end
		}
	}
	s.gauge(tokens, valid, "valid")
	s.gauge(tokens, ended, "ended")
	if !next.IsZero() {
		s.gauge(ends, float64(next.Unix()))
	}
	for name, file := range site.Certificates {
		if end, err := certificateEnd(file); err == nil {
			s.gauge(certificates, float64(end.Unix()), name)
		}
	}
}

// stored is what only the store knows, for all copies of the bridge.
func (s sample) stored(ctx context.Context, site *Site) {
	if fills, err := site.Limits.Fills(ctx); err == nil {
		for _, f := range fills {
			s.gauge(limitUsed, float64(f.Used), f.Type, f.Effect, f.Within)
			s.gauge(limitMost, float64(f.Most), f.Type, f.Effect, f.Within)
		}
	}
	if list, err := site.Limits.Holds().List(ctx, false, s.now); err == nil {
		var waiting int64
		by := map[guard.HoldState]int{guard.Open: 0, guard.Approved: 0, guard.Refused: 0}
		for _, h := range list {
			if by[h.State]++; h.State == guard.Open {
				waiting += h.Held
			}
		}
		for state, n := range by {
			s.gauge(holds, float64(n), string(state))
		}
		s.gauge(held, float64(waiting))
	}
	if !site.Hook.Enabled() {
		return
	}
	if b, err := site.Hook.Backlog(ctx); err == nil {
		s.gauge(webhookMessages, float64(b.Waiting), "waiting")
		s.gauge(webhookMessages, float64(b.GivenUp), "given-up")
		age := 0.
		if !b.Oldest.IsZero() {
			age = max(0, s.now.Sub(b.Oldest).Seconds())
		}
		s.gauge(webhookOldest, age)
	}
}

// certificateEnd is when the first certificate of a PEM file ends.
func certificateEnd(file string) (time.Time, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return time.Time{}, os.ErrInvalid
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, err
	}
	return certificate.NotAfter, nil
}
