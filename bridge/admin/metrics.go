package admin

import (
	"strconv"

	"github.com/go-ldap/ldap/v3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/front"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/release"
	"scimbridge/ldapmap/ldif"
)

// Metrics are what happened since the start. Every label is of a closed set: types of the map, operations, reasons, result codes, effects.
// Sites come and go, and are counted on.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	latency    *prometheus.HistogramVec
	waits      prometheus.Histogram
	dropped    prometheus.Counter
	operations *prometheus.CounterVec
	answers    *prometheus.HistogramVec
	effects    *prometheus.CounterVec
}

// How long a request takes, and an LDAP operation, in seconds.
var (
	requestTimes   = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	operationTimes = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
)

func newMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "scimbridge_requests_total",
			Help: "Requests answered, by resource type, operation and the reason why they were not done as asked (ok: they were).",
		}, []string{"type", "operation", "reason"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "scimbridge_request_duration_seconds", Buckets: requestTimes,
			Help: "Time from a request's having been read to its answer.",
		}, []string{"type", "operation"}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "scimbridge_request_wait_seconds", Buckets: requestTimes,
			Help: "Time that a request waited for its turn, of those that did (limits.working).",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "scimbridge_dropped_attributes_total",
			Help: "Attributes of requests that the map does not name, and that were dropped.",
		}),
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "scimbridge_ldap_operations_total",
			Help: "LDAP operations, by their result code (none: no answer came).",
		}, []string{"operation", "code"}),
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "scimbridge_ldap_operation_duration_seconds", Buckets: operationTimes,
			Help: "Time from an LDAP request to its answer.",
		}, []string{"operation"}),
		effects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "scimbridge_effects_total",
			Help: "What was done to entries of the directory, and confirmed; of members each is one.",
		}, []string{"type", "effect"}),
	}
	program := release.Read()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "scimbridge_build_info", Help: "1, with the version of the program as labels.",
		ConstLabels: prometheus.Labels{"version": program.Version, "revision": program.Commit, "goversion": program.Go},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.requests, m.latency, m.waits, m.dropped, m.operations, m.answers, m.effects, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Request counts a request (front.Server.Observe).
func (m *Metrics) Request(s front.Seen) {
	why := s.Reason.String()
	if why == "" {
		why = "ok"
	}
	m.requests.WithLabelValues(s.Type, s.Operation, why).Inc()
	m.latency.WithLabelValues(s.Type, s.Operation).Observe(s.Took.Seconds())
	if s.Waited > 0 {
		m.waits.Observe(s.Waited.Seconds())
	}
	if s.Dropped > 0 {
		m.dropped.Add(float64(s.Dropped))
	}
}

// Exchange counts an LDAP operation (directory.Client.Observe).
func (m *Metrics) Exchange(e directory.Exchange) {
	m.operations.WithLabelValues(e.Operation, codeLabel(e.Code)).Inc()
	m.answers.WithLabelValues(e.Operation).Observe(e.Took.Seconds())
}

// codeLabel is a result code as a label: a server may send any.
func codeLabel(code int) string {
	if code == directory.NoAnswer {
		return "none"
	}
	if label, known := codeLabels[code]; known {
		return label
	}
	return "other"
}

var codeLabels = func() map[int]string {
	labels := map[int]string{}
	for code := range ldap.LDAPResultCodeMap {
		labels[int(code)] = strconv.Itoa(int(code))
	}
	return labels
}()

// Record counts what a plan did (a journal.Journal). One that no answer came for is counted when it was read back: that is another record,
// of all of it. A dry run did nothing.
func (m *Metrics) Record(r journal.Record) {
	if r.DryRun || r.Receipt.Unsure() {
		return
	}
	for _, e := range r.Receipt.Standing() {
		n := 1
		if e.Kind == ldif.MembersAdded || e.Kind == ldif.MembersRemoved {
			n = len(e.Values)
		}
		m.effects.WithLabelValues(r.Type, e.Kind.Word()).Add(float64(n))
	}
}
