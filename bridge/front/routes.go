package front

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// The paths of the health checks, which need no token.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// readyTimeout answers a health check before it is given up: Kubernetes waits a second unless told otherwise.
const readyTimeout = 900 * time.Millisecond

// routes registers every path. Paths ignore case and a trailing slash; what they do not name ends in 404 or 405.
func (s *Server) routes() {
	s.app.Use(s.observe)
	s.app.Use(singleSlashes)
	s.app.Get(healthPath, alive)
	s.app.Get(readyPath, s.ready)
	s.serves(healthPath, endpoint{asks: "health"})
	s.serves(readyPath, endpoint{asks: "health"})
	s.serves(tokenPath, endpoint{asks: "token"})
	if s.gate.Issues() {
		s.app.Post(tokenPath, s.token)
	}

	root := s.app.Group(s.options.BasePath)
	root.Use(s.authenticate, s.unflagged, s.deadline, s.admit, s.weigh, s.queue)
	for _, path := range []string{"/ServiceProviderConfig", "/ServiceProviderConfigs"} { // the plural is in old clients
		root.Get(path, s.providerConfig)
	}
	root.Get("/ResourceTypes", s.resourceTypes)
	root.Get("/ResourceTypes/:id", s.resourceType)
	root.Get("/Schemas", s.schemas)
	root.Get("/Schemas/:id", s.schema)
	root.All("/Me", s.me)
	root.Post("/Bulk", s.bulk)
	for path, asks := range map[string]string{
		"/ServiceProviderConfig": discovery, "/ServiceProviderConfigs": discovery, "/ResourceTypes": discovery,
		"/ResourceTypes/:id": discovery, "/Schemas": discovery, "/Schemas/:id": discovery, "/Me": "me", "/Bulk": "bulk",
		"/": "query", "/.search": "query",
	} {
		s.serves(strings.TrimRight(s.options.BasePath, "/")+path, endpoint{asks: asks})
	}
	everything := &resources{Server: s}
	root.Get("/", everything.query)
	root.Post("/.search", everything.search)
	// The endpoints stand in the map: with a context that has ended, the start does not wait for the directory.
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, rt := range s.bridge.Types(ended) {
		r := &resources{Server: s, typ: rt.Name}
		collection := root.Group(rt.Endpoint)
		collection.Get("", r.query)
		collection.Post("", r.create)
		collection.Post("/.search", r.search)
		collection.Get("/:id", r.get)
		collection.Put("/:id", r.replace)
		collection.Patch("/:id", r.patch)
		collection.Delete("/:id", r.delete)
		base := strings.TrimRight(s.options.BasePath, "/") + rt.Endpoint
		s.serves(base, endpoint{rt.Name, "query"})
		s.serves(base+"/.search", endpoint{rt.Name, "query"})
		s.serves(base+"/:id", endpoint{rt.Name, "get"})
	}
}

// discovery is what asks how the bridge is to be asked.
const discovery = "discovery"

var slashes = regexp.MustCompile(`//+`)

// singleSlashes routes //Users as /Users: a tenant URL that ends in a slash has the client write two.
func singleSlashes(c *fiber.Ctx) error {
	if strings.Contains(c.Path(), "//") {
		c.Path(slashes.ReplaceAllString(c.Path(), "/"))
	}
	return c.Next()
}

// authenticate lets nothing below the base path be asked without a token.
func (s *Server) authenticate(c *fiber.Ctx) error {
	r := recordOf(c)
	if f := foreseenOf(c); f != nil {
		r.caller, r.foresight = f.caller, f.foresight
		return c.Next()
	}
	caller, err := s.gate.Authenticate(c.UserContext(), sole(&c.Request().Header, fiber.HeaderAuthorization), r.client)
	if err != nil {
		r.refused = refusal(err)
		return err
	}
	if r.caller = caller; s.dryRun {
		r.foresight = &bridge.Foresight{DryRun: true}
	}
	return c.Next()
}

// admit lets in as many requests as there may be.
func (s *Server) admit(c *fiber.Ctx) error {
	r := recordOf(c)
	if foreseenOf(c) != nil { // of this program itself, which sends one after the other
		return c.Next()
	}
	r.incoming = incoming{method: c.Method(), body: c.Request().Body()}
	if err := s.crowd.enter(r.caller.Name, r.begun, &r.incoming); err != nil {
		return err
	}
	defer s.crowd.leave(r.caller.Name)
	return c.Next()
}

// errOver is why the context of a request ends where that took longer than it may.
var errOver = fmt.Errorf("the time of the request was over (listen.requestTimeout): %w", context.DeadlineExceeded)

// deadline bounds the request, which ends with its client besides.
func (s *Server) deadline(c *fiber.Ctx) error {
	var ctx context.Context
	if f := foreseenOf(c); f != nil {
		ctx = f.ctx
	} else {
		var answered func()
		ctx, answered = s.clients.follow(c.UserContext(), connectionOf(c.Context().Conn()))
		defer answered()
	}
	if f := recordOf(c).foresight; f != nil {
		ctx = f.In(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.options.RequestTimeout, errOver)
	defer cancel()
	c.SetUserContext(ctx)
	return c.Next()
}

// weigh has a large body wait until what is worked on leaves room for it.
func (s *Server) weigh(c *fiber.Ctx) error {
	done, err := s.heavy.take(c.UserContext(), recordOf(c).caller.Name, len(c.Request().Body()))
	if err != nil {
		return err
	}
	defer done()
	return c.Next()
}

// queue has a request wait until it may be worked on. While the directory is away none waits for those that hang there still: its answer is
// known.
func (s *Server) queue(c *fiber.Ctx) error {
	if foreseenOf(c) != nil {
		return c.Next()
	}
	r := recordOf(c)
	if r.away = s.bridge.Away(); r.away {
		return c.Next()
	}
	var err error
	if r.waited, err = s.crowd.wait(c.UserContext(), r.caller.Name, &r.incoming); err != nil {
		return err
	}
	began := time.Now()
	defer func() { s.crowd.done(r.caller.Name, time.Since(began), s.bridge.Away()) }()
	return c.Next()
}

// alive says that the process answers.
func alive(c *fiber.Ctx) error { return c.SendString("ok\n") }

// ready says whether the bridge can do its work, and what kind of thing is in the way, or is missing all the same. More stands in the log
// alone: anybody may ask.
func (s *Server) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), readyTimeout)
	defer cancel()
	lack, err := s.bridge.Ready(ctx)
	tell := func(prefix string, err error) error {
		why := explain(err).Reason
		return c.SendString(prefix + why.String() + ": " + why.Row().Told() + "\n")
	}
	if s.door != nil { // it serves
		if lack == nil {
			lack = s.door.lack()
		}
		if s.door.ending.Load() {
			err = refuse(reason.Ending, "")
		}
	}
	switch {
	case err != nil:
		c.Status(fiber.StatusServiceUnavailable)
		return tell("", err)
	case lack != nil:
		return tell("ok, but ", lack)
	}
	return c.SendString("ok\n")
}

// call describes the request to the bridge.
func (s *Server) call(c *fiber.Ctx) bridge.Call {
	call := recordOf(c).call()
	call.BaseURL, call.IfMatch, call.IfNoneMatch = s.baseURL(c), c.Get(fiber.HeaderIfMatch), c.Get(fiber.HeaderIfNoneMatch)
	return call
}

// baseURL is the SCIM root as this client writes it, without a slash at the end.
func (s *Server) baseURL(c *fiber.Ctx) string {
	if s.options.PublicURL != "" {
		return s.options.PublicURL
	}
	root := url.URL{Scheme: "http", Host: string(c.Request().Host()), Path: s.options.BasePath}
	if c.Context().IsTLS() {
		root.Scheme = "https"
	}
	if recordOf(c).proxied {
		if proto := strings.ToLower(first(c.Get(fiber.HeaderXForwardedProto))); proto == "http" || proto == "https" {
			root.Scheme = proto
		}
		if host := first(c.Get(fiber.HeaderXForwardedHost)); host != "" {
			root.Host = host
		}
	}
	return strings.TrimRight(root.String(), "/")
}

// first returns the first item of a comma separated header: what the outermost proxy saw.
func first(header string) string {
	item, _, _ := strings.Cut(header, ",")
	return strings.TrimSpace(item)
}
