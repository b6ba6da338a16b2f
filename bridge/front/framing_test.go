package front

import (
	"bufio"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// exchange sends octets as they stand, and reads the one answer. closed says that the server then ended the connection.
func (s *served) exchange(t *testing.T, octets string) (response *http.Response, closed bool) {
	t.Helper()
	conn := s.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, octets); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("%q: %v", octets, err)
	}
	if _, err := io.ReadAll(response.Body); err != nil {
		t.Fatalf("%q: %v", octets, err)
	}
	response.Body.Close()
	if !response.Close {
		return response, false
	}
	_, err = reader.ReadByte() // a server that said so, and does not, has the test hang
	return response, err == io.EOF
}

// TestFraming: where a proxy in front could see other requests than this server, the request is refused and the connection ends
// (RFC 9112 §6, §11.2).
func TestFraming(t *testing.T) {
	s := serve(t, Options{})
	const (
		get     = "GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret + "\r\n"
		post    = "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret + "\r\n"
		chunked = "Transfer-Encoding: chunked\r\n"
		chunks  = "2\r\n{}\r\n0\r\n\r\n"
	)
	for name, test := range map[string]struct {
		octets string
		status int // 400: and closed
	}{
		"plain":                     {get + "\r\n", 200},
		"an empty line before":      {"\r\n" + get + "\r\n", 200},
		"no field":                  {"GET /healthz HTTP/1.0\r\n\r\n", 200}, // closed: the version's way
		"a length":                  {post + "Content-Length: 2\r\n\r\n{}", 201},
		"chunks":                    {post + chunked + "\r\n" + chunks, 201},
		"a long chunk line":         {post + chunked + "\r\n" + "2;a=b\r\n{}\r\n0\r\n\r\n", 201},
		"LF: the request's line":    {strings.Replace(get, "\r", "", 1) + "\r\n", 400},
		"LF: a field":               {strings.Replace(get, "x\r", "x", 1) + "\r\n", 400},
		"LF: the empty line":        {get + "\n", 400},
		"LF: the last field":        {get + "X: a\n\r\n", 400},
		"LF: everywhere":            {strings.ReplaceAll(get, "\r", "") + "\n", 400},
		"LF: before":                {"\n" + get + "\r\n", 400},
		"LF: a chunk":               {post + chunked + "\r\n" + strings.Replace(chunks, "\r", "", 1), 400},
		"LF: after a chunk":         {post + chunked + "\r\n" + "2\r\n{}\n0\r\n\r\n", 400},
		"CR":                        {get + "X: a\rb\r\n\r\n", 400},
		"folded":                    {get + "X: a\r\n b\r\n\r\n", 400},
		"folded with a tab":         {get + "X: a\r\n\tb\r\n\r\n", 400},
		"folded: the first":         {strings.Replace(get, "Host", " Host", 1) + "\r\n", 400},
		"two lengths":               {post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
		"two equal lengths":         {post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
		"a list of lengths":         {post + "Content-Length: 2, 2\r\n\r\n{}", 400},
		"a signed length":           {post + "Content-Length: +2\r\n\r\n{}", 400},
		"a space before the colon":  {post + "Content-Length : 2\r\n\r\n{}", 400},
		"a length and a coding":     {post + "Content-Length: 2\r\n" + chunked + "\r\n" + chunks, 400},
		"a coding and a length":     {post + chunked + "Content-Length: 2\r\n\r\n" + chunks, 400},
		"identity":                  {post + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 400},
		"identity alone":            {get + "Transfer-Encoding: identity\r\n\r\n", 400},
		"gzip":                      {post + "Transfer-Encoding: gzip\r\n\r\n" + chunks, 400},
		"gzip and chunks":           {post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks, 400},
		"chunks twice":              {post + chunked + chunked + "\r\n" + chunks, 400},
		"chunks in HTTP/1.0":        {strings.Replace(post, "1.1", "1.0", 1) + chunked + "\r\n" + chunks, 400},
		"a chunk's size is no hex":  {post + chunked + "\r\n" + "0x2\r\n{}\r\n0\r\n\r\n", 400},
		"a length in the trailer":   {post + chunked + "\r\n" + "2\r\n{}\r\n0\r\nContent-Length: 3\r\n\r\n", 400},
		"two hosts":                 {get + "Host: y\r\n\r\n", 400},
		"two tokens":                {get + "Authorization: Bearer " + secret + "\r\n\r\n", 401},
		"two tokens, one of nobody": {get + "Authorization: Bearer x\r\n\r\n", 401},
	} {
		response, closed := s.exchange(t, test.octets)
		if response.StatusCode != test.status || closed != (test.status == 400 || name == "no field") {
			t.Errorf("%s: %d, closed %t; want %d", name, response.StatusCode, closed, test.status)
		}
	}
}

// TestFramingOfALaterRequest: what holds for the first request of a connection holds for the next.
func TestFramingOfALaterRequest(t *testing.T) {
	s := serve(t, Options{})
	conn := s.dial(t)
	defer conn.Close()
	reader := bufio.NewReader(conn)
	const get = "GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret + "\r\n\r\n"
	for _, test := range []struct {
		octets string
		status int
	}{{get, 200}, {get, 200}, {strings.Replace(get, "\r", "", 1), 400}} {
		if _, err := io.WriteString(conn, test.octets); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != test.status {
			t.Errorf("%q: %d, %v", test.octets, response.StatusCode, err)
		}
		response.Body.Close()
	}
}

// TestABodyIsReadForAKnownCallerOnly: who has no token is answered on the header. Were the body read, these would wait for it.
func TestABodyIsReadForAKnownCallerOnly(t *testing.T) {
	s := serve(t, Options{MaxBody: 1000})
	const post = "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\n"
	const token = "Authorization: Bearer " + secret + "\r\n"
	for name, test := range map[string]struct {
		octets string
		status int
	}{
		"nobody":                             {post + "Content-Length: 900\r\n\r\n", 401},
		"nobody, part of it":                 {post + "Content-Length: 900\r\n\r\n{\"userName\":", 401},
		"nobody, chunks":                     {post + "Transfer-Encoding: chunked\r\n\r\n384\r\n{\"userName\":", 401},
		"nobody, off the root":               {"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n", 405},
		"nobody, who asks":                   {post + "Expect: 100-continue\r\nContent-Length: 900\r\n\r\n", 401},
		"misframed":                          {post + token + "Content-Length: 900\r\nX: a\r\n b\r\n\r\n", 400},
		"misframed, who asks":                {post + token + "Expect: 100-continue\r\nContent-Length: 900\r\nX: a\r\n b\r\n\r\n", 400},
		"too large":                          {post + token + "Content-Length: 1001\r\n\r\n", 413},
		"too large, chunks":                  {post + token + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n{", 413},
		"somebody who asks, and may go on":   {post + token + "Expect: 100-continue\r\nContent-Length: 900\r\n\r\n", 100},
		"somebody who asks, and goes on too": {post + token + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", 100},
	} {
		response, closed := s.exchange(t, test.octets)
		if response.StatusCode != test.status || closed != (test.status != 100) {
			t.Errorf("%s: %d, closed %t; want %d", name, response.StatusCode, closed, test.status)
		}
		if got := response.Header.Get("WWW-Authenticate"); (got != "") != (test.status == 401) {
			t.Errorf("%s: WWW-Authenticate %q", name, got)
		}
	}
}

// TestWhoSendsOnIsStillAnswered: a client that sends a large body before it reads has its answer all the same, and not a reset.
func TestWhoSendsOnIsStillAnswered(t *testing.T) {
	files := TLSOptions{Certificate: filepath.Join(t.TempDir(), "tls.crt"), Key: filepath.Join(t.TempDir(), "tls.key")}
	certificate(t, files, 1)
	for name, o := range map[string]Options{"plain": {}, "TLS": {TLS: files}} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, o)
			body := strings.Repeat(" ", 2*DefaultMaxBody)
			checkError(t, "nobody", s.raw(t, "POST /scim/v2/Users", body), 401, "")
			checkError(t, "too large", s.ask(t, "POST /scim/v2/Users", body), 413, "")
		})
	}
}
