package examples_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples/bridgetest"
)

// What the program may hold: when nothing has been asked of it for a while, and when everything is asked at once.
const (
	restSize = 80 << 20
	peakSize = 1 << 30
)

// TestHostileClients: whatever a client sends, with a token or without, beside it a plain client's requests all succeed, and afterwards the
// program gives back the memory that it took.
func TestHostileClients(t *testing.T) {
	server := openLDAP(t, dirtest.Config("limits * size=unlimited"))
	var users strings.Builder
	for i := range dirtest.Number(t, "SCIMBRIDGE_TEST_USERS", 2_000) {
		fmt.Fprintf(&users, "dn: uid=u%d,%s\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\nuid: u%[1]d\ncn: Person %[1]d\n"+
			"sn: Family %[3]d\ntitle: Clerk\nmail: u%[1]d@contoso.example\n\n", i, server.People, i*7919%10007)
	}
	server.Load(t, users.String())
	p := startProgram(t, bridgetest.Build(t), server)
	many := func(n int, separator, format string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(list, separator)
	}
	search := func(filter string) func() {
		return func() { p.send(t, "POST", "/Users/.search", `{"count":1000,"filter":"`+filter+`"}`) }
	}
	roles := func(n int) string { return `"roles":[` + many(n, ",", `{"value":"r%d"}`) + `]` }
	large := `{"userName":"large","name":{"familyName":"F"},` + roles(190_000) + `}` // just within listen.maxBody
	victim := p.user(t, "victim")
	attacks := []struct {
		name  string
		times int // at once
		do    func()
	}{
		{"bodies without a token", 100, func() { p.flood(t) }},
		{"1,100 terms", 4, search(many(1_100, " or ", `userName eq \"u%d\"`))},
		{"5,000 terms", 4, search(many(5_000, " or ", `userName eq \"u%d\"`))},
		{"12,000 terms", 4, search(many(12_000, " or ", `userName eq \"u%d\"`))},
		{"4,500 ids", 4, search(many(4_500, " or ", `id eq \"3f2504e0-4f89-11d3-9a0c-0305e82c%04d\"`))},
		{"a heavy filter", 4, search(`not (title co \"x\") and (meta.created gt \"2001-01-01T00:00:00Z\" or displayName co \"e\")`)},
		{"50,000 roles", 4, func() {
			p.send(t, "POST", "/Users", `{"userName":"roles","name":{"familyName":"F"},`+roles(50_000)+`}`)
		}},
		{"20,000 values", 4, func() {
			p.send(t, "PATCH", "/Users/"+victim, `{"Operations":[{"op":"add","value":{`+roles(20_000)+`}}]}`)
		}},
		{"bodies with a token", 12, func() { p.send(t, "POST", "/Users", large) }},
		{"sorts", 8, func() { p.send(t, "GET", "/Users?sortBy=name.familyName&count=1000", "") }},
		{"framings", 4, func() { p.misframe(t) }},
	}
	var all sync.WaitGroup
	for _, attack := range attacks {
		p.beside(t, attack.name, func() {
			var running sync.WaitGroup
			for range attack.times {
				running.Go(attack.do)
			}
			running.Wait()
		})
	}
	p.beside(t, "all at once", func() {
		for _, attack := range attacks {
			for range attack.times {
				all.Go(attack.do)
			}
		}
		all.Wait()
	})
	begun := time.Now()
	for size := p.resident(t, "VmRSS"); size > restSize; size = p.resident(t, "VmRSS") {
		if time.Since(begun) > time.Minute {
			t.Fatalf("a minute later the program holds %d MiB", size>>20)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("back under %d MiB after %v", restSize>>20, time.Since(begun).Round(time.Second))
}

// beside runs an attack while a plain client works, each of whose requests must succeed, and says how large the program became.
func (p *program) beside(t *testing.T, name string, attack func()) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.Process.Pid), []byte("5"), 0); err != nil { // the peak begins anew
		t.Fatal(err)
	}
	var ended atomic.Bool
	served := make(chan int)
	go func() {
		n := 0
		for ; !ended.Load() || n == 0; n++ {
			if err := p.plainly(fmt.Sprintf("plain%d", n)); err != nil {
				t.Errorf("beside %s: %v", name, err)
			}
		}
		served <- n
	}()
	begun := time.Now()
	attack()
	ended.Store(true)
	peak := p.resident(t, "VmHWM")
	t.Logf("%s: %v, %d rounds beside it, %d MiB at most", name, time.Since(begun).Round(10*time.Millisecond), <-served, peak>>20)
	if peak > peakSize {
		t.Errorf("%s: the program held %d MiB", name, peak>>20)
	}
}

// plainly is what a provisioning service does of a user.
func (p *program) plainly(name string) error {
	var made struct{ ID string }
	step := func(method, path, body string, status int) error {
		answer, content, err := p.try(method, path, body)
		if err != nil {
			return err
		}
		if answer.StatusCode != status {
			return fmt.Errorf("%s %s: %d %.300s", method, path, answer.StatusCode, content)
		}
		if method == http.MethodPost {
			return json.Unmarshal([]byte(content), &made)
		}
		return nil
	}
	if err := step(http.MethodGet, "/Users?filter="+url.QueryEscape(`userName eq "`+name+`"`), "", 200); err != nil {
		return err
	}
	if err := step(http.MethodPost, "/Users", resource("/Users", `"userName":"`+name+`"`), 201); err != nil {
		return err
	}
	if err := step(http.MethodPatch, "/Users/"+made.ID, operations(replace("title", `"Clerk"`)), 200); err != nil {
		return err
	}
	return step(http.MethodDelete, "/Users/"+made.ID, "", 204)
}

// send is a hostile request with a token: whatever it is answered, it must be answered.
func (p *program) send(t *testing.T, method, path, body string) {
	answer, content, err := p.try(method, path, body)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return
	}
	if answer.StatusCode >= 500 && answer.StatusCode != 503 {
		t.Errorf("%s %s %.60s: %d %.300s", method, path, body, answer.StatusCode, content)
	}
}

// raw sends what is no request of http's, and returns the answer.
func (p *program) raw(t *testing.T, header string, body io.Reader) string {
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSuffix(p.url, "/scim/v2"), "http://"))
	if err != nil {
		t.Error(err)
		return ""
	}
	defer conn.Close()
	go func() { // the answer may come before the end, and then the connection ends
		_, _ = io.WriteString(conn, strings.ReplaceAll(header, "\n", "\r\n"))
		_, _ = io.Copy(conn, body)
	}()
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// flood sends a large body without a token.
func (p *program) flood(t *testing.T) {
	const size = 16 << 20
	body := io.LimitReader(zeroes{}, size)
	answer := p.raw(t, fmt.Sprintf("POST /scim/v2/Users HTTP/1.1\nHost: x\nContent-Length: %d\n\n", size), body)
	if !strings.HasPrefix(answer, "HTTP/1.1 401 ") && !strings.HasPrefix(answer, "HTTP/1.1 429 ") { // once there were many
		t.Errorf("a body without a token: %.100q", answer)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// misframe sends requests that could be read two ways, another request in the body of each.
func (p *program) misframe(t *testing.T) {
	const inner = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, framing := range []string{
		"Content-Length: 4\nTransfer-Encoding: chunked\n", "Transfer-Encoding: gzip, chunked\n", "Content-Length: 4\nContent-Length: 4\n",
		"Content-Length: 4\nX: y\n z\n", "Transfer-Encoding: chunked\nTransfer-Encoding: chunked\nContent-Length: 4\n",
	} {
		header := "POST /scim/v2/Users HTTP/1.1\nHost: x\nAuthorization: Bearer " + token + "\n" + framing + "\n"
		answer := p.raw(t, header, strings.NewReader("0\r\n\r\n"+inner))
		if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || strings.Count(answer, "HTTP/1.1 ") != 1 {
			t.Errorf("%q: %.200q", framing, answer)
		}
	}
}

// resident reads a size of the program's memory.
func (p *program) resident(t *testing.T, field string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatalf("no %s in the status", field)
	return 0
}
