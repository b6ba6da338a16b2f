package front

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/tracing"
)

// record is what the log line says about a request. It holds no query, header or body: those carry names, filter values and tokens. Of a
// write it names the resource, and why it was refused.
type record struct {
	requestID  string
	activityID string // Entra's, which its provisioning log shows
	caller     access.Caller
	refused    string         // why the caller is not let in
	ungranted  bridge.Failure // why a client gets no token: the answer to that is OAuth's own
	client     string         // its address
	proxied    bool           // by a proxy of ours
	id         string         // of the resource that is written; of a new one, once it is made
	dn         string         // of the entry that was written
	name       string         // of its resource
	effects    string         // of the write
	typ        string         // resource type that is written
	route      string         // its pattern; "" where no route was looked for
	dropped    int            // attributes of the request that the map does not name
	failed     int            // operations of a bulk request
	begun      time.Time
	incoming   incoming          // as it waits for its turn
	waited     time.Duration     // for that
	away       bool              // the breaker was open when its turn came
	foresight  *bridge.Foresight // it is only foreseen; nil: it is done
	span       *tracing.Span     // nil: it is not traced
}

type recordKey struct{}

func recordOf(c *fiber.Ctx) *record { return c.Locals(recordKey{}).(*record) }

// call is who asks.
func (r *record) call() bridge.Call {
	return bridge.Call{
		RequestID: r.requestID, Activity: r.activityID, Caller: r.caller.Name, Role: r.caller.Role, Client: r.client,
		Foresight: r.foresight,
	}
}

// panicked is the error that a panic becomes.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprint("panic: ", p.value) }

// observe gives the request its id, runs it, answers its error, and writes its log line.
func (s *Server) observe(c *fiber.Ctx) error {
	r := s.begin(c)
	r.span = s.traced(c)
	err := guarded(c)
	r.route = c.Route().Path
	s.answered(c, r, err)
	return nil
}

// begin takes the client's X-Request-Id or makes one, and sends it back.
func (s *Server) begin(c *fiber.Ctx) *record {
	r := &record{
		requestID: sole(&c.Request().Header, fiber.HeaderXRequestID), activityID: activityID(c.Get("ADSCIMVersion")), begun: s.now(),
	}
	r.client, r.proxied = s.client(c)
	if !loggable(r.requestID) {
		r.requestID = s.newID()
	}
	c.Locals(recordKey{}, r)
	c.Set(fiber.HeaderXRequestID, r.requestID)
	return r
}

// newID is a request's id that is greater than those before it, or nearly: an index of them grows at its end alone.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// guarded runs the routes. A panic ends this request, not the process.
func guarded(c *fiber.Ctx) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicked{value, debug.Stack()}
		}
	}()
	return c.Next()
}

// answered renders err, if there is one, and writes the log line.
func (s *Server) answered(c *fiber.Ctx, r *record, err error) {
	typ, doing := s.seenAs(c.Method(), r.route)
	attributes := append(make([]slog.Attr, 0, 20), slog.String("method", c.Method()), slog.String("route", r.route))
	f := r.ungranted
	if p, ok := err.(*panicked); ok {
		f = explain(refuse(reason.Panic, "internal error, logged as request "+r.requestID))
		attributes = append(attributes, slog.String("stack", string(p.stack)))
	} else if err != nil {
		f = s.explain(s.astray(c, err))
	}
	if r.away && f.Reason == reason.Unavailable {
		f.Reason = reason.BreakerOpen
	}
	if err != nil {
		fail(c, f)
	}
	if r.foresight != nil {
		r.foresight.Reason = f.Reason
	}
	status := c.Response().StatusCode()
	took := s.now().Sub(r.begun)
	r.endSpan(c.Method(), typ, doing, status, f.Reason)
	if s.seen != nil {
		s.seen(Seen{typ, doing, f.Reason, r.dropped, took, r.waited})
	}
	attributes = append(attributes,
		slog.String("operation", doing),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(took)/float64(time.Millisecond)),
		slog.String("request", r.requestID),
		slog.Int("bytes_in", len(c.Request().Body())),
		slog.Int("bytes_out", sent(c)),
	)
	if r.waited > 0 {
		attributes = append(attributes, slog.Float64("waited_ms", float64(r.waited)/float64(time.Millisecond)))
	}
	for _, optional := range []slog.Attr{
		slog.String("type", typ), slog.String("activity", r.activityID),
		slog.String("caller", r.caller.Name), slog.String("client", r.client),
		slog.String("id", journal.Briefly(r.id)), slog.String("dn", r.dn), slog.String("name", journal.Briefly(r.name)),
		slog.String("effects", r.effects), slog.String("refused", r.refused), slog.String("trace", r.span.ID()),
	} {
		if optional.Value.String() != "" {
			attributes = append(attributes, optional)
		}
	}
	if err != nil {
		if isWrite(c, r) && (f.Reason == reason.NoPath || f.Reason == reason.MethodNotAllowed) { // no route tells
			attributes = append(attributes, slog.String("path", journal.Briefly(c.Path())))
		}
		attributes = append(attributes, f.Log(isWrite(c, r))...)
		s.refused(c, r, f)
	} else {
		attributes = append(attributes, f.Log(false)...)
	}
	if s.dryRun {
		attributes = append(attributes, slog.Bool("dry_run", true))
	}
	if r.failed > 0 {
		attributes = append(attributes, slog.Int("failed", r.failed))
	}
	if r.dropped > 0 {
		attributes = append(attributes, slog.Int("dropped", r.dropped))
	}
	// What a client did wrong holds its values; what went wrong here is for the operator.
	if err != nil && status >= fiber.StatusInternalServerError {
		attributes = append(attributes, slog.String("error", err.Error()))
	}
	level := r.level(status)
	if f.Reason == reason.Attempts { // that there are too many was told once
		level = slog.LevelDebug
	}
	s.log.LogAttrs(c.UserContext(), level, "request", attributes...)
}

// refused tells the journal of a write that came to nothing, and of whom the bridge does not know.
func (s *Server) refused(c *fiber.Ctx, r *record, f bridge.Failure) {
	if !isWrite(c, r) && f.Reason != reason.Unauthenticated && f.Reason != reason.Role || f.Status < fiber.StatusBadRequest {
		return
	}
	var body []byte
	if r.caller.Name != "" {
		body = c.Request().Body()
	}
	s.bridge.Refused(r.call(), operation(c), r.typ, r.id, body, f)
}

// operation is what a request asks for.
func operation(c *fiber.Ctx) string { return operationOf(c.Method()) }

func operationOf(method string) string {
	switch method {
	case fiber.MethodPost:
		return "create"
	case fiber.MethodPut:
		return "replace"
	case fiber.MethodPatch:
		return "patch"
	case fiber.MethodDelete:
		return "delete"
	}
	return "read"
}

// isWrite says whether a request is to change something.
func isWrite(c *fiber.Ctx, r *record) bool {
	switch c.Method() {
	case fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete:
		return true
	}
	return c.Method() == fiber.MethodPost && !strings.HasSuffix(r.route, "/.search")
}

// client is the address that the request comes from; where that is a proxy's, the one that the outermost of ours saw.
func (s *Server) client(c *fiber.Ctx) (address string, proxied bool) {
	address = c.Context().RemoteIP().String()
	if !s.proxies.Hold(address) {
		return address, false
	}
	lines := c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) // each proxy appends, to the line or a line
	seen := bytes.Split(bytes.Join(lines, []byte(",")), []byte(","))
	for _, item := range slices.Backward(seen) {
		ip := addressOf(strings.TrimSpace(string(item)))
		if ip == nil {
			break
		}
		if address = ip.String(); !s.proxies.Hold(address) {
			break
		}
	}
	return address, true
}

// addressOf reads an address, with a port or without; nil where it is none.
func addressOf(text string) net.IP {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	return net.ParseIP(strings.Trim(text, "[]"))
}

// sent is how many octets of a body the answer has on the wire (RFC 9110 §6.4.1).
func sent(c *fiber.Ctx) int {
	if c.Method() == fiber.MethodHead {
		return 0
	}
	return len(c.Response().Body())
}

// level keeps health probes out of the usual log, and marks what an operator should look at.
func (r *record) level(status int) slog.Level {
	switch {
	case r.route == healthPath || r.route == readyPath:
		return slog.LevelDebug
	case status == fiber.StatusServiceUnavailable:
		return slog.LevelWarn
	case status >= fiber.StatusInternalServerError && status != fiber.StatusNotImplemented:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// activityID reads Entra's header, `ADSCIMVersion: Date:…, ActivityId:<guid>`.
func activityID(header string) string {
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), ":")
		if value = strings.TrimSpace(value); strings.EqualFold(name, "ActivityId") && loggable(value) {
			return value
		}
	}
	return ""
}

// loggable says whether a client's id may stand in a log and a header: a short token (RFC 9110 §5.6.2).
func loggable(id string) bool {
	const longest = 128
	return id != "" && len(id) <= longest && !strings.ContainsFunc(id, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
