package front

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
)

// Message is an HTTP message: a request, or the answer to one.
type Message struct {
	Method string // of a request
	Target string // of a request: its path with the query, below the SCIM root or with that
	Status int    // of an answer
	Header []Field
	Body   []byte
}

// Field is a line of a header.
type Field struct{ Name, Value string }

// ParseRequest reads a request as text: the request line, the lines of the header, an empty line, the body. The HTTP version may be left
// out, and so may a header.
func ParseRequest(text string) (m Message, err error) {
	text = strings.TrimLeft(text, "\r\n")
	head, body, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	first := strings.Fields(lines[0])
	if len(first) < 2 || len(first) > 3 || len(first) == 3 && !strings.HasPrefix(first[2], "HTTP/") {
		return m, fmt.Errorf("line 1: %q is no request line, as POST /Users", lines[0])
	}
	m.Method, m.Target, m.Body = first[0], first[1], []byte(body)
	for i, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		if !found || strings.ContainsAny(name, " \t") || name == "" {
			return m, fmt.Errorf("line %d: %q is no line of a header, as If-Match: W/\"1\"; an empty line comes before the body", i+2, line)
		}
		m.Header = append(m.Header, Field{name, strings.TrimSpace(value)})
	}
	return m, nil
}

// foresightKey is under what a request has that is only foreseen.
type foresightKey struct{}

// foreseen is such a request.
type foreseen struct {
	ctx       context.Context
	foresight *bridge.Foresight
	caller    access.Caller
}

func foreseenOf(c *fiber.Ctx) *foreseen {
	f, _ := c.Context().UserValue(foresightKey{}).(*foreseen)
	return f
}

// Foresee answers a request of the caller's as it would be answered, and has nothing written.
func (s *Server) Foresee(ctx context.Context, f *bridge.Foresight, caller access.Caller, m Message) (answer Message, err error) {
	var request fasthttp.Request
	request.Header.SetMethod(m.Method)
	target := m.Target
	if scheme, rest, absolute := strings.Cut(target, "://"); absolute && (scheme == "http" || scheme == "https") {
		host, path, _ := strings.Cut(rest, "/")
		request.Header.SetHost(host)
		target = "/" + path
	}
	if !strings.HasPrefix(target, "/") {
		return answer, fmt.Errorf("%q is no path, as /Users", m.Target)
	}
	if root := strings.TrimRight(s.options.BasePath, "/"); !strings.HasPrefix(target, root+"/") {
		target = root + target
	}
	request.SetRequestURI(target)
	for _, field := range m.Header {
		if strings.EqualFold(field.Name, fiber.HeaderContentLength) || strings.EqualFold(field.Name, fiber.HeaderTransferEncoding) {
			continue // the body is whole
		}
		request.Header.Set(field.Name, field.Value)
	}
	if len(request.Header.Host()) == 0 {
		request.Header.SetHost("localhost")
	}
	if len(m.Body) > s.options.MaxBody {
		return answer, errors.New("the body is larger than listen.maxBody")
	}
	if len(m.Body) > 0 {
		request.SetBody(m.Body)
		if len(request.Header.ContentType()) == 0 {
			request.Header.SetContentType("application/scim+json")
		}
	}
	var c fasthttp.RequestCtx
	c.Init(&request, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
	c.SetUserValue(foresightKey{}, &foreseen{ctx: ctx, foresight: f, caller: caller})
	s.app.Handler()(&c)
	answer.Status = c.Response.StatusCode()
	for _, name := range []string{fiber.HeaderLocation, fiber.HeaderETag, fiber.HeaderRetryAfter, fiber.HeaderAllow} {
		if value := string(c.Response.Header.Peek(name)); value != "" {
			answer.Header = append(answer.Header, Field{name, value})
		}
	}
	answer.Body = append(answer.Body, c.Response.Body()...)
	return answer, nil
}
