package front

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

// This file tells of clients that were set up with a URL that is not the bridge's, in the answer where there can be one.

// flags are those that Entra takes at the end of a tenant URL. They end in digits.
var flags = [][]byte{[]byte("aadOptscim"), []byte("AzureAdScimPatch")}

// unflagged refuses what asks for a path behind a flag of Entra's: it stands inside the tenant URL. In a query such a request would be one
// for all resources.
func (s *Server) unflagged(c *fiber.Ctx) error {
	if !hasPathBehindFlag(c.Request().RequestURI()) {
		return c.Next()
	}
	return refuse(reason.NoPath,
		"the tenant URL has a flag of Entra's in its path: write "+s.baseURL(c)+" alone, for the bridge needs no flag")
}

// hasPathBehindFlag says whether a URL is as in /scim/v2/?aadOptscim062020/Users.
func hasPathBehindFlag(uri []byte) bool {
	for _, flag := range flags {
		before, behind, found := bytes.Cut(uri, flag)
		begins := bytes.HasSuffix(before, []byte("/")) || bytes.HasSuffix(before, []byte("?")) || bytes.HasSuffix(before, []byte("%3F"))
		if found && begins && bytes.HasPrefix(bytes.TrimLeft(behind, "0123456789"), []byte("/")) {
			return true
		}
	}
	return false
}

// astray says where SCIM is to whom asks for what is nowhere, and not below it: a tenant URL without the bridge's path, as a rule.
func (s *Server) astray(c *fiber.Ctx, err error) error {
	router, is := errors.AsType[*fiber.Error](err)
	root := strings.TrimRight(s.options.BasePath, "/") + "/"
	path := c.Path() + "/"
	if !is || router.Code != http.StatusNotFound || len(path) >= len(root) && strings.EqualFold(path[:len(root)], root) {
		return err
	}
	return refuse(reason.NoPath, "there is nothing at this path: the tenant URL is "+s.baseURL(c))
}

// handshake is the octet that TLS begins with (RFC 8446 §5.1), and no request.
const handshake = 0x16

// alien tells, once a minute at the most, of a client that speaks TLS where the port does not, which understands no answer.
func (l *listener) alien(c net.Conn) {
	l.mistaken.Do(func() {
		l.log.Warn("a client speaks TLS at a port that speaks plain HTTP", "client", c.RemoteAddr().String(),
			"mend", "set listen.tls, or have a proxy in front speak HTTPS to clients and HTTP to this port")
	})
}

// plain answers a client that speaks HTTP where the port speaks TLS, and tells of it. It says whether there was one.
func (l *listener) plain(c net.Conn, err error) bool {
	header, is := errors.AsType[tls.RecordHeaderError](err)
	if !is || header.Conn == nil || !bytes.ContainsAny(header.RecordHeader[:1], "GHPDOCT") { // as methods begin
		return false
	}
	const why = "this port speaks HTTPS: the URL begins with https://"
	l.mistaken.Do(func() {
		l.log.Warn("a client speaks plain HTTP at a port that speaks HTTPS", "client", c.RemoteAddr().String(), "mend", why)
	})
	body, _ := scim.AppendJSON(nil, scim.NewErrorMessage(http.StatusBadRequest, "", why)) // texts and an int do not fail
	_, _ = fmt.Fprintf(header.Conn, "HTTP/1.1 400 Bad Request\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		scim.MediaType, len(body), body)
	linger(header.Conn)
	return true
}

// linger reads what the client still sends, to its end or for a while, so that it sees the answer.
func linger(c net.Conn) {
	half, ok := c.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingering)) == nil {
		_, _ = io.Copy(io.Discard, c)
	}
}
