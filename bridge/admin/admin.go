// Package admin is the operator's listener: what the bridge counts (/metrics), whether it lives (/healthz), whether it can do its work and
// what is in the way (/readyz), and how much the log says (/log). It asks for no token, and so tells nothing of anybody: no names, no ids,
// no addresses. What is wrong in the words of the configuration and the directory it tells to this machine alone, which alone may change
// the log's level.
package admin

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/webhook"
)

// Site is what the listener shows: what serves at the moment.
type Site struct {
	Bridge interface {
		Standing(ctx context.Context) (problems []string, away, misfit error)
	}
	Front     interface{ Waiting() int } // nil: nobody is served
	Directory *directory.Client
	Gate      *access.Gate
	Store     *store.Store    // nil: there is none, nor any of the next three
	Ledger    *journal.Ledger // nil
	Limits    *guard.Limiter  // nil
	Hook      *webhook.Hook   // nil
	// Certificates are PEM files of the bridge's own, by what they are for. They are read whenever somebody asks.
	Certificates map[string]string
}

// Server is the listener. It is safe for concurrent use.
type Server struct {
	*Metrics
	options  Options
	log      *slog.Logger
	level    *slog.LevelVar
	server   *http.Server
	site     atomic.Pointer[Site] // nil: none yet
	open     atomic.Int64         // connections
	stopping atomic.Bool
	reloads  func() (at time.Time, err error)
	now      func() time.Time
}

// limits of a request, which is small.
const (
	most    = 8 << 10
	timeout = 10 * time.Second
	// together is how many connections there may be: further ones are closed. Who asks nothing is there no longer than the timeout.
	together = 1_000
)

// New makes a listener. level is the log's.
func New(o Options, log *slog.Logger, level *slog.LevelVar) *Server {
	s := &Server{options: o, log: log, level: level, Metrics: newMetrics(), now: time.Now}
	s.registry.MustRegister(&sampler{s})
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: timeout}))
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	routes.HandleFunc("GET /readyz", s.ready)
	routes.HandleFunc("GET /log", s.tellLevel)
	routes.HandleFunc("PUT /log", s.setLevel)
	s.server = &http.Server{
		Handler: routes, ReadTimeout: timeout, WriteTimeout: 2 * timeout, MaxHeaderBytes: most,
		ConnState: s.bound,
		ErrorLog:  slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s
}

// bound closes a connection that is one too many.
func (s *Server) bound(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if s.open.Add(1) > together {
			c.Close()
		}
	case http.StateClosed:
		s.open.Add(-1)
	}
}

// Show has it show a site, in the place of the one before.
func (s *Server) Show(site Site) { s.site.Store(&site) }

// Reloads has it tell what became of the configuration when it last changed: last gives when that was, and why it was not taken. It is to
// be called before it answers.
func (s *Server) Reloads(last func() (at time.Time, err error)) { s.reloads = last }

// Listen opens the configured address.
func (s *Server) Listen() (net.Listener, error) { return net.Listen("tcp", s.options.Address) }

// Serve answers requests until Close.
func (s *Server) Serve(ln net.Listener) {
	if err := s.server.Serve(ln); err != http.ErrServerClosed {
		s.log.Error("the admin listener ended", "error", err)
	}
}

// Stop says that the bridge is about to end: it is not ready any more.
func (s *Server) Stop() { s.stopping.Store(true) }

// Close ends it.
func (s *Server) Close() { _ = s.server.Close() }

// ready answers whether requests can be served, and with what is in the way.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	answer := s.readiness(r.Context())
	if !local(r) {
		for i := range answer.Parts {
			answer.Parts[i].Detail = nil
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if answer.Status == Failed {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	_ = e.Encode(answer) // the client may have left
}

// levels are the log's, by their names in the configuration.
var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

func (s *Server) tellLevel(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, strings.ToLower(s.level.Level().String())+"\n")
}

// setLevel takes the level from the body. It holds until the configuration is read again.
func (s *Server) setLevel(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	level, known := levels[strings.TrimSpace(string(body))]
	switch {
	case !local(r):
		http.Error(w, "the log's level is set from this machine alone", http.StatusForbidden)
	case err != nil || !known:
		http.Error(w, "the body is one of debug, info, warn, error", http.StatusBadRequest)
	default:
		s.level.Set(level)
		s.log.Warn("the log's level is set", "level", strings.ToLower(level.String()))
		s.tellLevel(w, r)
	}
}

// local says whether a request comes from this machine, and not through a proxy on it.
func local(r *http.Request) bool {
	for _, by := range []string{"X-Forwarded-For", "Forwarded", "Via"} {
		if r.Header.Get(by) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
