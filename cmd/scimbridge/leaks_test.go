package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
)

const (
	// leaksFrom is the round from which nothing may become more: what is kept has been met by then.
	leaksFrom = 10
	// leaksMost is what the live heap may grow by all the same: lists are kept for a minute, of addresses and tokens the last thousands.
	leaksMost = 3 << 20
	// leaksStored is how many connections the store keeps at the most, one that writes and some that read. One that is not given back is
	// missed by those who wait for it, and a pool that is not closed has a goroutine.
	leaksStored = 9
)

// TestNothingLeaks: whatever is asked of it, whoever leaves, and whatever is away for a while, a site that has come to rest holds what it
// held before: as many goroutines of each kind, connections and file descriptors, and no more memory but for a bound. No two rounds ask by
// the same names, ids, filters, tokens and addresses.
func TestNothingLeaks(t *testing.T) {
	l := newLeaking(t)
	var first resting
	rounds := dirtest.Number(t, "SCIMBRIDGE_TEST_LEAKS", 25) // or some more than hundreds
	for round := range rounds {
		l.round(round)
		if round == leaksFrom-1 {
			first = l.rests(nil)
		}
	}
	for kind, met := range l.met {
		if !met {
			t.Errorf("no request met an outage of the kind %q", kind)
		}
	}
	last := l.rests(&first)
	t.Logf("%d requests; goroutines %d, then %d; descriptors %d, then %d; connections to the store %d, then %d; "+
		"heap %d KiB, then %d KiB", l.asked.Load(), first.count(), last.count(), first.descriptors, last.descriptors,
		first.stored, last.stored, first.heap>>10, last.heap>>10)
	for what, n := range last.goroutines {
		if n > first.goroutines[what] {
			t.Errorf("%d goroutines, and %d before, of %s", n, first.goroutines[what], what)
		}
	}
	if last.descriptors > first.descriptors {
		t.Errorf("%d descriptors, and %d before: %v", last.descriptors, first.descriptors, last.open)
	}
	if last.stored > leaksStored {
		t.Errorf("%d connections to the store", last.stored)
	}
	if last.links > first.links {
		t.Errorf("%d connections to the directory, and %d before", last.links, first.links)
	}
	if last.heap > first.heap+leaksMost {
		t.Errorf("%d KiB are alive, and %d before", last.heap>>10, first.heap>>10)
	}
}

// leaking is a site of which everything is asked.
type leaking struct {
	*reloading
	server *dirtest.Server
	proxy  *dirtest.Proxy
	admin  string
	store  string // its file
	hook   *httptest.Server
	down   atomic.Bool // the webhook's receiver refuses
	asked  atomic.Int64
	met    map[string]bool // the kinds of outage, and whether a request has met one
}

const leakingMap = `
listen: {address: "127.0.0.1:0", readTimeout: 2s}
directory: {urls: [%q], timeout: 5s, breaker: {pause: 20ms}, bind: {dn: %q, password: %q}}
resources:
  - type: User
    base: %s
    objectClasses: [inetOrgPerson]
    dn: '"uid=" + rdn(userName) + "," + base'
    tombstone: description
    active: [{attribute: carLicense, blocked: "no"}]
    attributes:
      - {scim: userName, ldap: uid}
      - {scim: externalId, ldap: employeeNumber}
      - {scim: displayName, ldap: cn, empty: userName}
      - {scim: name.familyName, ldap: sn, empty: userName}
      - {scim: title, ldap: title}
  - type: Group
    base: %s
    objectClasses: [groupOfNames]
    dn: '"cn=" + rdn(displayName) + "," + base'
    attributes:
      - {scim: displayName, ldap: cn}
    members: {attribute: member}
access: {token: %s}
limits: {rate: 5000}
guard:
  limits:
    - {effect: deleted, off: true}
    - {effect: blocked, off: true}
    - {effect: renamed, off: true}
    - {effect: membersRemoved, off: true}
`

func newLeaking(t *testing.T) *leaking {
	t.Helper()
	server := dirtest.Memory(t)
	l := &leaking{server: server, proxy: dirtest.Counted(t, server), met: map[string]bool{}}
	l.hook = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if l.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(l.hook.Close)
	folder := t.TempDir()
	key := filepath.Join(folder, "webhook.key")
	if err := os.WriteFile(key, []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.store = filepath.Join(folder, "store.db")
	file := filepath.Join(folder, "scimbridge.yaml")
	text := fmt.Sprintf(leakingMap, l.proxy.URL, server.BindDN, server.Password, server.People, server.Groups, token)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l.reloading = &reloading{t: t, file: file, text: text, environ: []string{
		"SCIMBRIDGE_STORE_FILE=" + l.store, "SCIMBRIDGE_STORE_TIMEOUT=1m", "SCIMBRIDGE_WEBHOOK_URL=" + l.hook.URL,
		"SCIMBRIDGE_WEBHOOK_KEYFILE=" + key,
	}}
	o := oversee(t, file, l.environ...)
	l.root, l.admin, l.lines = o.root, o.admin, o.lines
	ready(t, l.root, "ok")
	t.Cleanup(func() {
		o.stop()
		go func() {
			for range o.lines {
			}
		}()
		if code := <-o.ended; code != exitOK {
			t.Errorf("exit code %d", code)
		}
	})
	return l
}

// sent is a request's answer, which must be one of those that are to come.
func (l *leaking) sent(method, path, body string, want ...int) (fields map[string]any) {
	l.t.Helper()
	l.asked.Add(1)
	answer := send(l.t, method, l.root+path, token, body)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || !slices.Contains(want, answer.StatusCode) {
		l.t.Fatalf("%s %.200s: %d %s %v, want %d", method, path, answer.StatusCode, content, err, want)
	}
	_ = json.Unmarshal(content, &fields) // none of a list of errors
	return fields
}

// round asks everything once.
func (l *leaking) round(n int) {
	l.t.Helper()
	var all sync.WaitGroup
	all.Go(func() { l.leave(n) })
	all.Go(func() { l.dawdle(n) })
	l.work(n)
	l.refusals(n)
	all.Wait()
	l.oversee(n)
	l.outage(n)
	if n%3 == 0 {
		l.taken(strings.Replace(l.text, "timeout: 5s", fmt.Sprintf("timeout: %ds", 6+n%7), 1))
	}
	l.quiet()
}

// quiet drops what the log says.
func (l *leaking) quiet() {
	for {
		select {
		case <-l.lines:
		default:
			return
		}
	}
}

const patchOf = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}`

// work is what a provisioning service does.
func (l *leaking) work(n int) {
	l.t.Helper()
	name := fmt.Sprintf("user%d@contoso.example", n)
	user := l.sent("POST", "/Users", fmt.Sprintf(`{"userName":%q,"externalId":"x%d","active":true}`, name, n), 201)["id"].(string)
	group := l.sent("POST", "/Groups", fmt.Sprintf(`{"displayName":"group %d","members":[{"value":%q}]}`, n, user), 201)["id"].(string)
	patch := func(path, operation string, want ...int) {
		l.t.Helper()
		l.sent("PATCH", path, fmt.Sprintf(patchOf, operation), want...)
	}
	patch("/Users/"+user, fmt.Sprintf(`{"op":"replace","path":"title","value":"title %d"}`, n), 200)
	patch("/Users/"+user, `{"op":"replace","path":"active","value":false}`, 200)
	patch("/Users/"+user, `{"op":"replace","path":"active","value":true}`, 200)
	patch("/Users/"+user, fmt.Sprintf(`{"op":"replace","path":"userName","value":"other%d"}`, n), 200)
	patch("/Users/"+user, fmt.Sprintf(`{"op":"replace","path":"userName","value":"%032x%s"}`, n, name), 200)
	patch("/Groups/"+group, fmt.Sprintf(`{"op":"remove","path":"members[value eq %q]"}`, strings.ReplaceAll(user, `"`, "")), 204, 400)
	patch("/Groups/"+group, fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, user), 204)
	l.sent("PUT", "/Users/"+user, fmt.Sprintf(`{"userName":"put%d","active":true}`, n), 200)
	l.sent("GET", "/Users?filter="+url.QueryEscape(fmt.Sprintf(`userName eq "put%d"`, n)), "", 200)
	l.sent("GET", "/Users?sortBy=userName&count=1&filter="+url.QueryEscape(fmt.Sprintf(`title co "%d"`, n)), "", 200)
	l.sent("GET", fmt.Sprintf("/Users?startIndex=%d&count=%d", 1+n%3, 1+n%7), "", 200)
	l.sent("GET", "/Users?cursor&count=1", "", 200)
	l.sent("POST", "/Bulk", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
		{"method":"POST","path":"/Users","bulkId":"b%d","data":{"userName":"bulk%[1]d"}},
		{"method":"PATCH","path":"/Groups/%s","data":%s}]}`, n, group,
		fmt.Sprintf(patchOf, fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":"bulkId:b%d"}]}`, n))), 200)
	for _, path := range []string{"/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Groups/" + group} {
		l.sent("GET", path, "", 200)
	}
	l.sent("DELETE", "/Groups/"+group, "", 204)
	for _, kind := range []string{"/Users", "/Groups"} {
		for _, found := range l.sent("GET", kind+"?count=1000", "", 200)["Resources"].([]any) {
			l.sent("DELETE", kind+"/"+found.(map[string]any)["id"].(string), "", 204, 404)
		}
	}
}

// refusals are requests that are refused, each for another reason.
func (l *leaking) refusals(n int) {
	l.t.Helper()
	id := fmt.Sprintf("3f2504e0-4f89-11d3-9a0c-%012d", n)
	for _, r := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/Users/" + id, "", 404},
		{"GET", fmt.Sprintf("/Users/no-id-%d", n), "", 404},
		{"GET", fmt.Sprintf("/Nothing%d", n), "", 404},
		{"DELETE", "/Users/" + id, "", 404},
		{"PATCH", "/Users/" + id, fmt.Sprintf(patchOf, `{"op":"replace","path":"title","value":"x"}`), 404},
		{"PATCH", "/Users/" + id, fmt.Sprintf(`{"Operations":%d}`, n), 400},
		{"POST", "/Users", fmt.Sprintf(`{"displayName":"nobody %d"}`, n), 400},
		{"POST", "/Users", fmt.Sprintf(`{"userName":%d`, n), 400},
		{"GET", fmt.Sprintf("/Users?filter=colour%d+eq+1", n), "", 400},
		{"GET", fmt.Sprintf("/Users?cursor=none%d", n), "", 400},
		{"POST", "/Users", `{"userName":"` + strings.Repeat("x", 11<<20) + `"}`, 413},
		{"POST", "/Groups", fmt.Sprintf(`{"displayName":"g","members":[{"value":%q}]}`, id), 400},
	} {
		if r.want == 413 && n%10 != 0 {
			continue
		}
		l.sent(r.method, r.path, r.body, r.want)
	}
	// Who is nobody, from an address of its own each time.
	from := &net.TCPAddr{IP: net.IPv4(127, 1, byte(n>>8), byte(n))}
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: from}).DialContext}}
	defer client.CloseIdleConnections()
	for k := range 3 {
		request, err := http.NewRequest(http.MethodGet, l.root+"/Users", nil)
		if err != nil {
			l.t.Fatal(err)
		}
		request.Header.Set("Authorization", fmt.Sprintf("Bearer nobody-%d-%d-0123456789", n, k))
		answer, err := client.Do(request)
		if err != nil {
			l.t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized {
			l.t.Fatalf("nobody: %s", answer.Status)
		}
	}
}

// leave sends requests whose clients do not wait for the answer.
func (l *leaking) leave(n int) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for k := range 5 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(k*300)*time.Microsecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.root+"/Users",
			strings.NewReader(fmt.Sprintf(`{"userName":"left%d-%d"}`, n, k)))
		if err == nil {
			request.Header.Set("Authorization", "Bearer "+token)
			if answer, err := client.Do(request); err == nil {
				answer.Body.Close()
			}
		}
		cancel()
	}
}

// dawdle opens connections that send half of what they begin, or read nothing of what they ask for, and ends them.
func (l *leaking) dawdle(n int) {
	at := strings.TrimSuffix(strings.TrimPrefix(l.root, "http://"), "/scim/v2")
	head := "Host: x\r\nAuthorization: Bearer " + token + "\r\n"
	for _, text := range []string{
		"", "GET /scim/v2/Us", "GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"POST /scim/v2/Users HTTP/1.1\r\n" + head + "Content-Length: 1000\r\n\r\n{",
		"GET /scim/v2/Schemas HTTP/1.1\r\n" + head + "\r\n",
	} {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			l.t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, text)
		time.Sleep(time.Millisecond)
		if n%2 == 0 {
			_ = conn.(*net.TCPConn).SetLinger(0) // reset
		}
		conn.Close()
	}
}

// oversee asks the operator's listener.
func (l *leaking) oversee(n int) {
	l.t.Helper()
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/log", fmt.Sprintf("/nothing%d", n)} {
		answer, err := http.Get(l.admin + path)
		if err != nil {
			l.t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

// outage takes the directory away, in one way after another, and the webhook's receiver.
func (l *leaking) outage(n int) {
	l.t.Helper()
	l.down.Store(n%2 == 0)
	l.proxy.ResetCounts()
	var kind string
	lasts := false                       // else a connection ends, and the bridge binds over another
	switch resets := n%50 < leaksFrom; { // which end what is left of earlier rounds too: many go by without
	case resets && n%3 == 0:
		kind, lasts = "refused", true
		l.proxy.Refuse()
		l.proxy.Reset()
	case resets && n%3 == 1:
		kind = "reset"
		l.proxy.Reset()
	case n%3 == 0:
		kind = "a search is cut"
		l.proxy.Cut("search", dirtest.NoAnswer)
	case n%3 == 1:
		kind = "an add is cut"
		l.proxy.Cut("add", dirtest.HalfAnswer)
	default:
		kind, lasts = "busy", true
		l.proxy.Answer(51, "busy", "search", "add")
	}
	refused := false
	for k := range 4 {
		added := l.sent("POST", "/Users", fmt.Sprintf(`{"userName":"out%d-%d"}`, n, k), 503, 201)
		found := l.sent("GET", fmt.Sprintf("/Users?filter=userName+eq+%%22out%d%%22", n), "", 503, 200)
		refused = refused || added["status"] == "503" || found["status"] == "503"
	}
	l.met[kind] = l.met[kind] || refused || !lasts && l.proxy.Counts()["bind"] > 0
	l.proxy.Mend(l.t)
	l.down.Store(false)
	ready(l.t, l.root, "ok")
}

// resting is what a site holds that has come to rest.
type resting struct {
	goroutines  map[string]int // by where they began
	descriptors int            // but of the store
	open        []string
	stored      int // connections to the store
	links       int
	heap        uint64
}

func (r resting) count() (n int) {
	for _, of := range r.goroutines {
		n += of
	}
	return n
}

// rests looks until it holds no more than it did, or nothing of it became less for a while, and returns the least that it held of each:
// what is leaked is held all the time, and what is only under way is not.
func (l *leaking) rests(before *resting) (least resting) {
	l.sendsAll()
	l.server.Mem.ResetCounts() // it remembers each change
	http.DefaultClient.CloseIdleConnections()
	enough := 3 * time.Second
	if before != nil {
		enough = 15 * time.Second // the longest timeout of the directory is over
	}
	least = l.holds()
	for at := time.Now(); time.Since(at) < enough && (before == nil || !least.within(*before)); time.Sleep(100 * time.Millisecond) {
		if least.lower(l.holds()) {
			at = time.Now()
		}
	}
	return least
}

// holds is what it holds now.
func (l *leaking) holds() resting {
	l.t.Helper()
	l.quiet()
	l.hook.CloseClientConnections() // of which some are kept
	runtime.GC()
	r := resting{goroutines: beganAt(), open: descriptors(l.t), links: l.proxy.Links(), heap: alive()}
	for _, file := range r.open {
		switch {
		case file == l.store:
			r.stored++
		case !strings.HasPrefix(file, l.store): // -wal and -shm
			r.descriptors++
		}
	}
	return r
}

// lower takes what is less of another look, and says whether anything that is counted is.
func (r *resting) lower(now resting) (less bool) {
	for what, n := range r.goroutines {
		if now.goroutines[what] < n {
			r.goroutines[what], less = now.goroutines[what], true
		}
	}
	if now.descriptors < r.descriptors {
		r.descriptors, r.open, less = now.descriptors, now.open, true
	}
	if now.stored < r.stored || now.links < r.links {
		less = true
	}
	r.stored, r.links, r.heap = min(r.stored, now.stored), min(r.links, now.links), min(r.heap, now.heap)
	return less
}

// sendsAll waits until the webhook's receiver has heard of everything.
func (l *leaking) sendsAll() {
	l.t.Helper()
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		l.quiet()
		answer, err := http.Get(l.admin + "/metrics")
		if err != nil {
			l.t.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			l.t.Fatal(err)
		}
		if nothingWaits.Match(content) {
			return
		}
		if time.Now().After(until) {
			l.t.Fatalf("messages wait: %s", content)
		}
	}
}

var nothingWaits = regexp.MustCompile(`(?m)^scimbridge_webhook_messages(\{[^}]*\})? 0$`)

func (r resting) within(before resting) bool {
	for what, n := range r.goroutines {
		if n > before.goroutines[what] {
			return false
		}
	}
	return r.descriptors <= before.descriptors && r.links <= before.links && r.heap <= before.heap+leaksMost && r.stored <= leaksStored
}

var (
	began = regexp.MustCompile(`(?m)^created by (\S+)`)
	// spare is a goroutine of fasthttp's that has no connection, and is kept for the next some ten seconds: how many there are tells only
	// how many connections were served at a time.
	spare = regexp.MustCompile(`^goroutine \d+ \[chan receive[^]]*\]:\ngithub\.com/valyala/fasthttp\.\(\*workerPool\)\.workerFunc\(`)
)

// beganAt counts the goroutines by where they began, without spare ones.
func beganAt() map[string]int {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	counts := map[string]int{}
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if found := began.FindSubmatch(stack); found != nil && !spare.Match(stack) {
			counts[string(found[1])]++
		}
	}
	return counts
}

// descriptors are what the process has open.
func descriptors(t *testing.T) (open []string) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, os.ErrNotExist) { // of Linux alone
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		if to, err := os.Readlink("/proc/self/fd/" + d.Name()); err == nil {
			open = append(open, to)
		}
	}
	return open
}

// alive are the octets of the objects that are in use.
func alive() uint64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
