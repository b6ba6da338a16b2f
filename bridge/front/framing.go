package front

import (
	"bytes"
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"scimbridge/bridge/reason"
)

// This file refuses a request before its body is read: where its framing lets a proxy in front and this server disagree on where it ends
// (RFC 9112 §6.1, §11.2), and where its caller is not known. fasthttp reads the header, asks room, reads the body, and calls the handler.

// room leaves the body unread that comes behind such a header: the handler then sees a request without one, and the connection ends.
func (s *Server) room(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if length := h.ContentLength(); length <= 0 && length != chunked {
		return fasthttp.RequestConfig{} // no body
	}
	if s.asksToken(h) && !misframed(h.RawHeaders()) {
		return fasthttp.RequestConfig{MaxRequestBodySize: tokenBody}
	}
	if !s.gate.Knows(context.Background(), sole(h, fiber.HeaderAuthorization)) || misframed(h.RawHeaders()) {
		h.SetContentLength(0)
		h.SetConnectionClose()
		h.Del(fiber.HeaderExpect) // RFC 9110 §10.1.1: the answer takes the place of 100
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: s.options.MaxBody}
}

// chunked is what fasthttp has for the length of a body in chunks.
const chunked = -1

// handler answers the requests whose header could be read.
func (s *Server) handler(route fasthttp.RequestHandler) fasthttp.RequestHandler {
	known := map[string]bool{}
	for _, method := range fiber.DefaultMethods {
		known[method] = true
	}
	return func(request *fasthttp.RequestCtx) {
		connection := connectionOf(request.Conn())
		bare := connection.bare
		connection.next(bare || request.Request.Header.ConnectionClose())
		switch {
		case bare || misframed(request.Request.Header.RawHeaders()):
			request.SetConnectionClose()
			s.unrouted(request, refuse(reason.Unreadable, ""))
		case len(request.Request.Header.RequestURI()) > s.options.MaxURL:
			s.unrouted(request, refuse(reason.LongURL, ""))
		case !known[string(request.Method())]: // the router would answer it in plain text
			s.unrouted(request, refuse(reason.NotImplemented, ""))
		default:
			route(request)
		}
	}
}

// unrouted answers a request that no route sees.
func (s *Server) unrouted(request *fasthttp.RequestCtx, err error) {
	c := s.app.AcquireCtx(request)
	defer s.app.ReleaseCtx(c)
	s.answered(c, s.begin(c), err)
}

// unreadable answers a request that fasthttp could not read.
func (s *Server) unreadable(c *fiber.Ctx, err error) error {
	connectionOf(c.Context().Conn()).next(true)
	s.answered(c, s.begin(c), err)
	return nil
}

// misframed says whether a header block, as it was sent, is one that fasthttp takes and others read otherwise: a line that is folded
// (RFC 9112 §5.2), a length beside a transfer coding (§6.1), a coding that is not chunked. Ends of lines are the connection's.
func misframed(block []byte) bool {
	length, coded := false, false
	for line := range bytes.SplitSeq(block, []byte("\n")) {
		if bytes.HasPrefix(line, []byte(" ")) || bytes.HasPrefix(line, []byte("\t")) {
			return true
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch name = bytes.TrimSpace(name); {
		case bytes.EqualFold(name, []byte(fiber.HeaderContentLength)):
			length = true
		case bytes.EqualFold(name, []byte(fiber.HeaderTransferEncoding)):
			coded = true
			if !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
				return true
			}
		}
	}
	return length && coded
}

// sole is the value of a field that is to be given once; "" where it is not there, or more than once.
func sole(h *fasthttp.RequestHeader, name string) string {
	values := h.PeekAll(name)
	if len(values) != 1 {
		return ""
	}
	return string(values[0])
}
