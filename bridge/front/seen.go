package front

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge/reason"
)

// Seen is a request that is answered, in words of closed sets: what it is about is nobody's business here.
type Seen struct {
	Type      string // resource type, as the map names it; "" where it is about none, or all
	Operation string // create, get, query, patch, replace, delete, bulk, discovery, me, token, health; read, where nothing is served there
	Reason    reason.Reason
	Dropped   int // attributes that the map does not name
	Took      time.Duration
	Waited    time.Duration // of that, for its turn
}

// Observe has each request told once it is answered. It is to be called before requests are served; observe is called concurrently and must
// not block.
func (s *Server) Observe(observe func(Seen)) { s.seen = observe }

// endpoint is what is served at a route.
type endpoint struct {
	typ  string
	asks string // what a request is that changes nothing; "": there is none
}

// serves notes what is served at a path.
func (s *Server) serves(path string, e endpoint) { s.endpoints[path] = e }

// seenAs is what a request is about, and its operation.
func (s *Server) seenAs(method, route string) (typ, operation string) {
	e := s.endpoints[route]
	switch {
	case method == fiber.MethodGet || method == fiber.MethodHead || method == fiber.MethodPost && !creates(e, route):
		if operation = e.asks; operation == "" {
			operation = operationOf(method)
		}
	default:
		operation = operationOf(method)
	}
	return e.typ, operation
}

// creates says whether a POST at the route makes a resource.
func creates(e endpoint, route string) bool {
	return e.asks == "" || e.asks == "query" && !strings.HasSuffix(route, "/.search")
}
