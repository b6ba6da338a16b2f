// Package front is the bridge's HTTP side: routes, authentication, request ids, limits, SCIM rendering and the discovery endpoints.
// It copies what fiber would reuse, and leaves what a request does to package bridge.
package front

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/tracing"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Bridge is what the front asks of *bridge.Bridge. Every error is one that bridge.Explain explains.
type Bridge interface {
	Types(ctx context.Context) []*schema.ResourceType
	Create(ctx context.Context, c bridge.Call, typ string, body []byte, v bridge.View) (*bridge.Result, error)
	Get(ctx context.Context, c bridge.Call, typ, id string, v bridge.View) (*bridge.Result, error)
	Query(ctx context.Context, c bridge.Call, typ string, q bridge.Query) (*bridge.List, error)
	Patch(ctx context.Context, c bridge.Call, typ, id string, body []byte, v bridge.View) (*bridge.Result, error)
	Replace(ctx context.Context, c bridge.Call, typ, id string, body []byte, v bridge.View) (*bridge.Result, error)
	Bulk(ctx context.Context, c bridge.Call, body []byte) (*bridge.BulkResult, error)
	Limits() bridge.Limits
	Dialect() scim.Dialect
	Delete(ctx context.Context, c bridge.Call, typ, id string) (*bridge.Result, error)
	Refused(c bridge.Call, operation, typ, id string, body []byte, f bridge.Failure)
	Ready(ctx context.Context) (lack, err error)
	Away() bool
}

// Server answers SCIM requests.
type Server struct {
	options Options
	bridge  Bridge
	gate    *access.Gate
	log     *slog.Logger
	app     *fiber.App
	clients watch
	dryRun  bool
	heavy   *turns
	crowd   *crowd
	proxies access.Addresses // whose word on the client is taken
	seen    func(Seen)       // nil: nobody asks
	tracer  *tracing.Tracer  // nil: nothing is traced

	endpoints map[string]endpoint // by their routes

	newID func() string    // of a request
	now   func() time.Time // for durations in the log

	door     *Door
	underway sync.WaitGroup // requests, which the door counts
	handle   fasthttp.RequestHandler
	unread   func(*fasthttp.RequestCtx, error) // answers what could not be read
}

// shutdownTimeout bounds the wait for requests under way, beyond their own timeout.
const shutdownTimeout = 5 * time.Second

// New builds the server.
func New(o Options, b Bridge, gate *access.Gate, log *slog.Logger) *Server {
	s := &Server{options: o.WithDefaults(), bridge: b, gate: gate, log: log, newID: newID, now: time.Now, endpoints: map[string]endpoint{}}
	s.heavy, s.crowd = newTurns(s.options.MaxBody), newCrowd(b.Limits())
	s.proxies = access.ParseAddresses(s.options.TrustProxy, func(int, string) {})
	s.app = fiber.New(fiber.Config{
		DisableStartupMessage:        true,
		Immutable:                    true, // strings outlive their handler
		BodyLimit:                    s.options.MaxBody,
		ReadBufferSize:               s.options.MaxHeader,
		ReadTimeout:                  s.options.ReadTimeout,
		WriteTimeout:                 s.options.WriteTimeout,
		IdleTimeout:                  s.options.IdleTimeout,
		DisablePreParseMultipartForm: true,
		ErrorHandler:                 s.unreadable,
	})
	s.routes()
	s.handle, s.unread = s.handler(s.app.Handler()), s.app.Server().ErrorHandler
	return s
}

// DryRun has every request foreseen, and answered as that says: nothing is written to the directory.
func (s *Server) DryRun() { s.dryRun = true }

// Listen opens the configured address.
func (s *Server) Listen() (net.Listener, error) {
	ln, err := net.Listen("tcp", s.options.Address)
	if err != nil {
		return nil, fmt.Errorf("listen.address (or SCIMBRIDGE_LISTEN_ADDRESS): %w", err)
	}
	if !s.options.TLS.on() {
		return ln, nil
	}
	secure, err := secured(ln, s.options.TLS)
	if err != nil {
		ln.Close()
		return nil, err
	}
	return secure, nil
}

// URL is the SCIM root's address for a client, when s serves at address.
func (s *Server) URL(address net.Addr) string {
	if s.options.PublicURL != "" {
		return s.options.PublicURL
	}
	root := url.URL{Scheme: "http", Host: address.String(), Path: s.options.BasePath}
	if s.options.TLS.on() {
		root.Scheme = "https"
	}
	return root.String()
}

// Serve answers requests on ln, as the only server behind its door, until ctx ends.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	return NewDoor(s, func() error { return nil }, s.log).Serve(ctx, ln)
}
