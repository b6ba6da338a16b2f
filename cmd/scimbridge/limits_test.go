package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/front"
	"scimbridge/bridge/logtest"
)

// limited is a program under one limit, which a row of TestLimits crosses.
type limited struct {
	*testing.T
	root string
	ldap *memdir.Server
	id   string // of a user
	key  string // of the limit, which what is refused names, with what it is
	is   string
	log  logtest.Log

	heard <-chan struct{} // of modifications that are held
}

// answers sends a request and sees that it is answered so, with a word that says why.
func (l *limited) answers(status int, says, method, path, body string) *http.Response {
	l.Helper()
	answer := send(l.T, method, l.root+path, token, body)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		l.Fatal(err)
	}
	if answer.StatusCode != status || !strings.Contains(string(content), says) {
		l.Errorf("%s %.100s %.100s: %d %.200s, want %d and %q", method, path, body, answer.StatusCode, content, status, says)
	}
	l.names(status, string(content))
	if waits := status == 503 || status == 429; waits {
		if n, err := strconv.Atoi(answer.Header.Get("Retry-After")); err != nil || n < 1 {
			l.Errorf("%s %s: Retry-After %q", method, path, answer.Header.Get("Retry-After"))
		}
	}
	return answer
}

// names sees that an answer that refuses names the limit, unless it is the directory's, of which the log tells.
func (l *limited) names(status int, answer string) {
	l.Helper()
	if status < 400 || l.key == "directory.timeout" {
		return
	}
	if !strings.Contains(answer, l.key) || !strings.Contains(answer, l.is) {
		l.Errorf("it does not name %s, which is %s: %.400s", l.key, l.is, answer)
	}
}

// logs sees that a line of the log names the limit, and says this of it.
func (l *limited) logs(says string) {
	l.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(l.log.String()) {
			if strings.Contains(line, l.key) && strings.Contains(line, says) {
				return
			}
		}
		if time.Now().After(until) {
			l.Errorf("no line names %s and says %q:\n%s", l.key, says, l.log.String())
			return
		}
	}
}

// raw opens a connection and sends what stands there, with CRLF for LF.
func (l *limited) raw(text string) net.Conn {
	l.Helper()
	u, err := url.Parse(l.root)
	if err != nil {
		l.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { conn.Close() })
	_, _ = io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")) // the server may have gone
	return conn
}

// ends reads a connection to the end that the server makes of it.
func (l *limited) ends(conn net.Conn) string {
	l.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		l.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		l.Error("the server keeps the connection")
	}
	return string(said)
}

const authorized = "Host: x\nAuthorization: Bearer " + token + "\n"

// hold has the directory keep operations until the row's end. It may be asked for a search by the bridge itself, which looks at its places
// at the start for as long as that takes.
func (l *limited) hold(operation string) (release func()) {
	held, heard := make(chan struct{}), make(chan struct{}, 1)
	l.heard = heard
	l.ldap.Fault(func(op, _ string) memdir.Fault {
		if op != operation {
			return memdir.Fault{}
		}
		select {
		case heard <- struct{}{}:
		default:
		}
		return memdir.Fault{Until: held}
	})
	return func() { l.ldap.Fault(nil); close(held) }
}

// changes begins a request that the directory hears of, and holds, and gives its status. Nothing else asks for a modification.
func (l *limited) changes() <-chan int {
	l.Helper()
	status := make(chan int, 1)
	const change = `{"Operations":[{"op":"replace","path":"displayName","value":"x"}]}`
	request, err := http.NewRequestWithContext(l.Context(), "PATCH", l.root+"/Users/"+l.id, strings.NewReader(change))
	if err != nil {
		l.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	go func() {
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			status <- 0
			return
		}
		answer.Body.Close()
		status <- answer.StatusCode
	}()
	select {
	case <-l.heard:
	case <-time.After(10 * time.Second):
		l.Fatal("the directory does not hear of it")
	}
	return status
}

func search(filter string) string { return `{"filter":` + strconv.Quote(filter) + `}` }

// limits has a row for each limit: what the configuration says, and what is done within it and beyond.
var limits = map[string]struct {
	is    string
	cross func(*limited)
}{
	"listen.maxBody": {"300", func(l *limited) {
		l.answers(201, "", "POST", "/Users", `{"userName":"within"}`)
		l.answers(413, "body is larger", "POST", "/Users", `{"userName":"`+strings.Repeat("x", 300)+`"}`)
	}},
	"listen.maxHeader": {"2000", func(l *limited) {
		within := l.raw("GET /scim/v2/Schemas HTTP/1.1\n" + authorized + "Connection: close\nX: " + strings.Repeat("x", 1_500) + "\n\n")
		beyond := l.raw("GET /scim/v2/Schemas HTTP/1.1\n" + authorized + "X: " + strings.Repeat("x", 2_500) + "\n\n")
		if said := l.ends(within); !strings.HasPrefix(said, "HTTP/1.1 200") {
			l.Errorf("within: %.100s", said)
		}
		if said := l.ends(beyond); !strings.HasPrefix(said, "HTTP/1.1 431") || !strings.Contains(said, "headers are larger") {
			l.Errorf("beyond: %.300s", said)
		} else {
			l.names(431, said)
		}
	}},
	"listen.maxURL": {"200", func(l *limited) {
		l.answers(200, "", "GET", "/Users?x="+strings.Repeat("x", 100), "")
		l.answers(414, "/.search", "GET", "/Users?x="+strings.Repeat("x", 200), "")
	}},
	"listen.maxConnections": {"3", func(l *limited) {
		var open []net.Conn
		for range 2 { // beside the one of the test's client
			conn := l.raw("GET /healthz HTTP/1.1\nHost: x\n\n")
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				l.Fatalf("within: %v", err)
			}
			open = append(open, conn)
		}
		if said := l.ends(l.raw("GET /healthz HTTP/1.1\nHost: x\n\n")); said != "" {
			l.Errorf("beyond: %.100s", said)
		}
		l.logs(`"open":` + l.is)
		open[0].Close()
		for until := time.Now().Add(time.Minute); ; { // once the server has seen it
			if said := l.ends(l.raw("GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n")); said != "" {
				break
			}
			if time.Now().After(until) {
				l.Fatal("the place of a connection that has ended is not given to another")
			}
		}
	}},
	"listen.requestTimeout": {"300ms", func(l *limited) {
		defer l.hold("search")()
		l.answers(503, "the time that a request may take", "GET", "/Users/"+l.id, "")
		l.logs(`"status":503`)
	}},
	"listen.readTimeout": {"300ms", func(l *limited) {
		for what, text := range map[string]string{
			"a header": "GET /scim/v2/Schemas HTTP/1.1\nHost: x\nX: ",
			"a body":   "POST /scim/v2/Users HTTP/1.1\n" + authorized + "Content-Length: 100\n\n{",
		} {
			if said := l.ends(l.raw(text)); !strings.HasPrefix(said, "HTTP/1.1 408") {
				l.Errorf("%s: %.100s", what, said)
			} else {
				l.names(408, said)
			}
		}
	}},
	"listen.writeTimeout": {"300ms", func(l *limited) {
		conn := l.raw("") // and the answers are not read
		if err := conn.SetWriteDeadline(time.Now().Add(front.DefaultWriteTimeout * 2 / 3)); err != nil {
			l.Fatal(err)
		}
		request := strings.ReplaceAll("GET /scim/v2/Schemas HTTP/1.1\n"+authorized+"\n", "\n", "\r\n")
		var err error
		for err == nil {
			_, err = io.WriteString(conn, strings.Repeat(request, 1000))
		}
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			l.Error("the server waits for a client that does not read")
		}
	}},
	"listen.idleTimeout": {"300ms", func(l *limited) {
		if said := l.ends(l.raw("GET /healthz HTTP/1.1\nHost: x\n\n")); !strings.HasPrefix(said, "HTTP/1.1 200") {
			l.Errorf("said %.100s", said)
		}
	}},
	"limits.lookThrough": {"2", func(l *limited) {
		l.answers(201, "", "POST", "/Users", `{"userName":"second"}`)
		l.answers(200, "", "GET", "/Users?sortBy=displayName", "")
		l.answers(201, "", "POST", "/Users", `{"userName":"third"}`)
		l.answers(400, "tooMany", "GET", "/Users?sortBy=displayName", "")
	}},
	"limits.page": {"2", func(l *limited) {
		for _, name := range []string{"b", "c", "d"} {
			l.answers(201, "", "POST", "/Users", `{"userName":"`+name+`"}`)
		}
		l.answers(200, `"itemsPerPage":2`, "GET", "/Users", "")
		l.answers(200, `"itemsPerPage":2`, "GET", "/Users?count=3", "")
		l.answers(400, "invalidCount", "GET", "/Users?cursor&count=3", "")
		l.answers(200, `"maxResults":2`, "GET", "/ServiceProviderConfig", "")
		l.answers(200, `"defaultPageSize":2,"maxPageSize":2`, "GET", "/ServiceProviderConfig", "")
	}},
	"limits.bulkOperations": {"2", func(l *limited) {
		const operation = `{"method":"DELETE","path":"/Users/none"}`
		l.answers(200, "", "POST", "/Bulk", `{"Operations":[`+operation+`,`+operation+`]}`)
		l.answers(413, "2 operations", "POST", "/Bulk", `{"Operations":[`+operation+`,`+operation+`,`+operation+`]}`)
		l.answers(200, `"maxOperations":2`, "GET", "/ServiceProviderConfig", "")
	}},
	"limits.bulkPayload": {"200", func(l *limited) {
		const operation = `{"method":"DELETE","path":"/Users/none"}`
		l.answers(200, "", "POST", "/Bulk", `{"Operations":[`+operation+`]}`)
		l.answers(413, "200 octets", "POST", "/Bulk", `{"Operations":[`+operation+strings.Repeat(" ", 200)+`]}`)
		l.answers(200, `"maxPayloadSize":200`, "GET", "/ServiceProviderConfig", "")
	}},
	"limits.patchOperations": {"2", func(l *limited) {
		const operation = `{"op":"replace","path":"displayName","value":"x"}`
		l.answers(200, "", "PATCH", "/Users/"+l.id, `{"Operations":[`+operation+`,`+operation+`]}`)
		l.answers(400, "2 operations", "PATCH", "/Users/"+l.id, `{"Operations":[`+operation+`,`+operation+`,`+operation+`]}`)
	}},
	"limits.values": {"2", func(l *limited) {
		l.answers(201, "", "POST", "/Users", `{"userName":"within","roles":[{"value":"a"},{"value":"b"}]}`)
		l.answers(400, "more than 2 values", "POST", "/Users", `{"userName":"beyond","roles":[{"value":"a"},{"value":"b"},{"value":"c"}]}`)
	}},
	"limits.filterLength": {"30", func(l *limited) {
		l.answers(200, "", "POST", "/Users/.search", search(`userName eq "mara"`))
		l.answers(400, "longer than 30 bytes", "POST", "/Users/.search", search(`userName eq "`+strings.Repeat("x", 30)+`"`))
	}},
	"limits.filterTerms": {"2", func(l *limited) {
		l.answers(200, "", "POST", "/Users/.search", search(`userName eq "a" or userName eq "b"`))
		l.answers(400, "more than 2 comparisons", "POST", "/Users/.search", search(`userName eq "a" or userName eq "b" or userName pr`))
	}},
	"limits.filterDepth": {"2", func(l *limited) {
		l.answers(200, "", "POST", "/Users/.search", search(`((userName eq "a"))`))
		l.answers(400, "deeper than 2 levels", "POST", "/Users/.search", search(`(((userName eq "a")))`))
	}},
	"limits.requests": {"1", func(l *limited) {
		l.answers(200, "", "GET", "/Users/"+l.id, "")
		release := l.hold("modify")
		first := l.changes()
		l.answers(503, "at a time", "GET", "/Schemas", "")
		release()
		if status := <-first; status != 200 {
			l.Errorf("the first: %d", status)
		}
		l.answers(200, "", "GET", "/Schemas", "")
	}},
	"limits.working": {"1", func(l *limited) {
		release := l.hold("modify")
		first := l.changes()
		second := make(chan int)
		go func() {
			answer := send(l.T, "GET", l.root+"/Schemas", token, "")
			answer.Body.Close()
			second <- answer.StatusCode
		}()
		select {
		case status := <-second:
			l.Errorf("the second, before its turn: %d", status)
			return
		case <-time.After(100 * time.Millisecond):
		}
		release()
		if one, two := <-first, <-second; one != 200 || two != 200 {
			l.Errorf("the first: %d, the second: %d", one, two)
		}
	}},
	"limits.rate": {"1", func(l *limited) {
		for until := time.Now().Add(time.Minute); ; {
			answer := send(l.T, "GET", l.root+"/ResourceTypes", token, "")
			answer.Body.Close()
			if answer.StatusCode == 429 {
				break
			}
			if time.Now().After(until) {
				l.Fatal("the limit is never reached")
			}
		}
		l.answers(429, "in a second", "GET", "/ResourceTypes", "")
	}},
	"directory.timeout": {"300ms", func(l *limited) {
		defer l.hold("search")()
		l.answers(503, "unavailable", "GET", "/Users/"+l.id, "")
		l.logs(`"status":503`)
	}},
}

// others are timeouts that end a request too: where one is crossed, the other is too far away to answer for it.
var others = map[string]string{"listen.requestTimeout": "directory.timeout", "directory.timeout": "listen.requestTimeout"}

// TestLimits: each limit of the configuration is kept, and what is beyond is told; within it everything is done.
func TestLimits(t *testing.T) {
	for key, limit := range limits {
		t.Run(key, func(t *testing.T) {
			l := &limited{T: t, ldap: company(t), key: key, is: limit.is}
			file := configuration(t, l.ldap.URL())
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.Replace(text, []byte("ldap: uid}\n"), []byte("ldap: uid}\n      - {scim: roles.value, ldap: employeeType}\n"), 1)
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			variable := func(key string) string { return "SCIMBRIDGE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_")) }
			environ := []string{variable(key) + "=" + limit.is}
			if other := others[key]; other != "" {
				environ = append(environ, variable(other)+"=10m")
			}
			log, stop, ended := start(t, file, environ)
			root, lines := listening(t, log)
			go func() {
				for line := range lines { // or the program would wait for somebody to read them
					_, _ = io.WriteString(&l.log, line+"\n") // it does not fail
				}
			}()
			l.root = root
			made := send(t, "POST", l.root+"/Users", token, `{"userName":"mara"}`)
			var user struct{ ID string }
			if err := json.NewDecoder(made.Body).Decode(&user); err != nil || user.ID == "" {
				t.Fatalf("%s %v", made.Status, err)
			}
			made.Body.Close()
			l.id = user.ID
			limit.cross(l)
			stop()
			<-ended
		})
	}
}

// TestEveryLimitIsCrossed: a limit that the configuration knows and no row crosses shows nothing.
func TestEveryLimitIsCrossed(t *testing.T) {
	for section, of := range map[string]reflect.Type{
		"limits": reflect.TypeFor[bridge.Limits](), "listen": reflect.TypeFor[front.Options](),
	} {
		for field := range of.Fields() {
			key := field.Tag.Get("koanf")
			number := field.Type.Kind() == reflect.Int || field.Type == reflect.TypeFor[time.Duration]()
			_, crossed := limits[section+"."+key]
			if key == "shutdownDelay" { // is no limit: TestHealthChecksHearOfTheEndFirst waits for it
				continue
			}
			if number && !crossed {
				t.Errorf("%s.%s", section, key)
			}
		}
	}
}
