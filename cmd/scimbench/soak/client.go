package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"scimbridge/cmd/scimbench/history"
	"scimbridge/examples/bridgetest"
)

// client keeps no connection: a copy that has gone is another at another address when it comes again.
var client = http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Second}, Timeout: 40 * time.Second}

const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	bulkSchema  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
)

type object = map[string]any

func password(n int) string { return fmt.Sprintf("Secret-of-%d", n) }

func replace(path string, value any) object {
	return object{"op": "Replace", "path": path, "value": value}
}

func patch(operations ...object) object {
	return object{"schemas": []string{patchSchema}, "Operations": operations}
}

// request is what an operation sends, and the event that it is.
type request struct {
	method, path string
	match        string // If-Match; "": none
	body         any
	event        history.Event
}

// request gives what an operation sends by what clients know; ok is false where they do not know enough.
func (s *site) request(op *history.Op) (r request, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := *op
	r.event.Op = &sent
	who, team := s.made[op.User], s.made[op.Group]
	if op.User != 0 && (who == nil || who.id == "") || op.Group != 0 && (team == nil || team.id == "") {
		return r, false
	}
	sent.Members = nil
	var members []object
	for _, n := range op.Members {
		if m := s.made[n]; m != nil && m.id != "" {
			sent.Members = append(sent.Members, n)
			members = append(members, object{"value": m.id})
		}
	}
	r.method = http.MethodPatch
	if who != nil {
		r.path = "/Users/" + who.id
	} else if team != nil {
		r.path = "/Groups/" + team.id
	}
	r.event.Name = op.Name
	titled := replace("title", history.Title(op.N))
	switch op.Kind {
	case history.Create:
		r.method, r.path = http.MethodPost, "/Users"
		r.body = object{
			"schemas": []string{userSchema}, "userName": op.Name, "externalId": history.ExternalID(op.N), "title": history.Title(op.N),
			"active": true, "password": password(op.N),
		}
	case history.Retitle:
		r.body = patch(titled)
	case history.Rename:
		r.body = patch(titled, replace("userName", op.Name))
	case history.Disable:
		r.body = patch(titled, replace("active", "False"))
	case history.Enable:
		r.body = patch(replace("active", "True"))
	case history.SoftDelete:
		r.event.Name = fmt.Sprintf("%032x%s", op.N, who.name)
		r.body = patch(replace("userName", r.event.Name), replace("active", "False"))
	case history.Restore:
		r.event.Name = who.name
		r.body = patch(replace("userName", who.name), replace("active", "True"))
	case history.Delete, history.DeleteGroup:
		r.method = http.MethodDelete
	case history.Get:
		r.method = http.MethodGet
	case history.CreateGroup:
		r.method, r.path = http.MethodPost, "/Groups"
		r.body = object{
			"schemas": []string{groupSchema}, "displayName": op.Name, "externalId": history.ExternalID(op.N), "members": members,
		}
	case history.AddMembers:
		r.body, ok = patch(object{"op": "Add", "path": "members", "value": members}), len(members) > 0
		return r, ok
	case history.RemoveMember:
		if len(members) == 0 {
			return r, false
		}
		r.body = patch(object{"op": "Remove", "path": fmt.Sprintf("members[value eq %q]", members[0]["value"])})
	case history.RenameGroup:
		r.body = patch(replace("displayName", op.Name))
	case history.Bind, history.Bulk, history.Find:
		return r, false
	}
	return r, true
}

// madeBy is how long a client waits to hear of who was made.
const madeBy = 200 * time.Millisecond

// do does an operation, as often as it is to be tried.
func (s *site) do(number int, op *history.Op) {
	switch op.Kind {
	case history.Bind:
		s.bind(number, op)
		return
	case history.Bulk:
		s.bulk(number, op)
		return
	}
	for range op.Tries {
		r, ok := s.request(op)
		for until := time.Now().Add(madeBy); !ok && time.Now().Before(until); r, ok = s.request(op) { // another client makes it just now
			time.Sleep(20 * time.Millisecond)
		}
		if !ok {
			return
		}
		if op.Match && !s.read(number, op, &r) {
			continue
		}
		told := false // by the other of two
		if op.Twice {
			var both sync.WaitGroup
			again := r
			if op.Match { // they wish for two things, or nobody could tell which of them was done
				other := *op
				other.N = -op.N
				if second, ok := s.request(&other); ok {
					second.match, second.event.Matched = r.match, r.event.Matched
					again = second
				}
			}
			s.came(history.ClientTwice, true)
			both.Go(func() { s.send(number, op, &again) })
			s.send(number, op, &r)
			both.Wait()
			s.know(&r.event)
			s.know(&again.event)
			told = !again.event.Unknown()
		} else {
			s.send(number, op, &r)
		}
		if told || !r.event.Unknown() {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if op.Kind == history.Create || op.Kind == history.CreateGroup {
		s.find(number, op)
	}
}

// read reads what a request is to change, and has it change that version alone.
func (s *site) read(number int, op *history.Op, r *request) bool {
	get := request{method: http.MethodGet, path: r.path}
	get.event.Op = &history.Op{N: op.N, Kind: history.Get, User: op.User}
	body := s.send(number, op, &get)
	r.match, r.event.Matched = body.Meta.Version, get.event.Shown
	return r.match != "" && r.event.Matched != nil
}

// resource is what an answer says.
type resource struct {
	ID, UserName, Title, Detail string
	Active                      *bool
	Meta                        struct{ Version string }
	Resources                   []resource
	Operations                  []struct {
		Status   string
		Location string
		Response struct{ Detail string }
	}
}

// send sends a request to one of the copies, and notes what it was.
func (s *site) send(number int, op *history.Op, r *request) (body resource) {
	s.mu.Lock()
	s.requests++
	e := &r.event
	e.Request, e.Client, e.Copy = fmt.Sprintf("soak-%d", s.requests), number, (number+s.requests)%len(s.copies)
	root := ""
	for range s.copies {
		if root = s.copies[e.Copy].address(); root != "" {
			break
		}
		e.Copy = (e.Copy + 1) % len(s.copies)
	}
	s.mu.Unlock()
	e.Start = time.Since(s.began)
	answer, err := s.ask(root, op.Leaves, r, &body)
	e.End = time.Since(s.began)
	if op.Leaves > 0 {
		s.came(history.ClientLeaves, errors.Is(err, context.DeadlineExceeded))
	}
	if err != nil {
		e.Detail = err.Error()
		body = resource{}
	} else {
		e.Status, e.Detail = answer.StatusCode, body.Detail
	}
	s.learn(e, body)
	return body
}

func (s *site) ask(root string, leaves time.Duration, r *request, into *resource) (*http.Response, error) {
	if root == "" {
		return nil, errors.New("all copies are down")
	}
	ctx := s.Context()
	if leaves > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, leaves)
		defer cancel()
	}
	text, err := json.Marshal(r.body)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if r.body != nil {
		body = strings.NewReader(string(text))
	}
	request, err := http.NewRequestWithContext(ctx, r.method, root+r.path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+bridgetest.Token)
	request.Header.Set("Content-Type", "application/scim+json")
	if r.match != "" {
		request.Header.Set("If-Match", r.match)
	}
	request.Header.Set("X-Request-Id", r.event.Request)
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err == nil && len(content) > 0 {
		err = json.Unmarshal(content, into)
	}
	return answer, err
}

// learn notes an event, and what clients know by it: of two at once when both are answered. Who is renamed between two that make him is
// made a second time, and rightly so.
func (s *site) learn(e *history.Event, body resource) {
	if e.Done() && body.ID != "" {
		e.ID = body.ID
		if body.Active != nil {
			e.Shown = &history.Shown{Name: body.UserName, Title: body.Title, Active: *body.Active}
		}
	}
	if !e.Op.Twice {
		defer s.know(e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	s.report.Requests++
	if e.Done() {
		s.report.Done++
		s.report.Did[e.Op.Kind]++
	}
	switch e.Op.Kind {
	case history.Get, history.Find, history.Bind, history.Bulk: // each part of a bulk request is an event of its own
	default:
		s.report.Writes++
		if e.Done() {
			s.report.Written++
		}
	}
	if e.Refused() {
		s.report.Refused[e.Op.Kind]++
	}
	s.report.Statuses[e.Status]++
	if e.Unknown() {
		s.report.Unknown++
	}
}

// know has clients know what an event says of who there is.
func (s *site) know(e *history.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := e.Op.N
	switch e.Op.Kind {
	case history.Create, history.CreateGroup, history.Find:
		if e.Op.Kind == history.Find {
			n = max(e.Op.User, e.Op.Group)
		}
		if e.ID != "" {
			if s.made[n] == nil {
				s.made[n] = &known{name: e.Name}
			}
			s.made[n].id = e.ID
		}
	case history.Rename:
		if who := s.made[e.Op.User]; who != nil && !e.Refused() {
			who.name = e.Name
		}
	}
}

// find looks for who was made without an answer, as a client does that was told of no id.
func (s *site) find(number int, op *history.Op) {
	s.mu.Lock()
	made := s.made[op.N]
	s.mu.Unlock()
	if made != nil {
		return
	}
	path, of := "/Users", history.Op{N: op.N, Kind: history.Find, User: op.N, Name: op.Name}
	if op.Kind == history.CreateGroup {
		path, of = "/Groups", history.Op{N: op.N, Kind: history.Find, Group: op.N, Name: op.Name}
	}
	filter := url.QueryEscape(fmt.Sprintf("externalId eq %q", history.ExternalID(op.N)))
	r := request{method: http.MethodGet, path: path + "?filter=" + filter}
	r.event.Op = &of
	body := s.send(number, op, &r)
	if len(body.Resources) == 1 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.made[op.N] = &known{id: body.Resources[0].ID, name: op.Name}
	}
}

// bind tries to bind as the user at the directory itself, wherever he is.
func (s *site) bind(number int, op *history.Op) {
	s.slapd.Lock() // it is there
	defer s.slapd.Unlock()
	for _, e := range s.server.Entries(s, s.server.People, "uid", "scimExternalId") {
		if e.Value("scimExternalId") != history.ExternalID(op.User) {
			continue
		}
		event := &history.Event{Op: op, Client: number, Request: "bind", Start: time.Since(s.began), Status: http.StatusUnauthorized}
		if s.server.Bind(s, e.DN, password(op.User)) == nil {
			event.Status = http.StatusOK
		}
		event.End = time.Since(s.began)
		s.mu.Lock()
		s.events = append(s.events, event)
		if event.Done() {
			s.report.Did[history.Bind]++
		}
		s.mu.Unlock()
	}
}

// bulk sends the parts in one request; each is an event.
func (s *site) bulk(number int, op *history.Op) {
	var parts []request
	var operations []object
	for i, part := range op.Parts {
		r, ok := s.request(part)
		if !ok {
			continue
		}
		if r.method == http.MethodGet {
			continue
		}
		one := object{"method": r.method, "path": r.path, "bulkId": fmt.Sprintf("b%d", i)}
		if r.body != nil {
			one["data"] = r.body
		}
		parts, operations = append(parts, r), append(operations, one)
	}
	if len(parts) == 0 {
		return
	}
	whole := request{method: http.MethodPost, path: "/Bulk", body: object{"schemas": []string{bulkSchema}, "Operations": operations}}
	whole.event.Op = op
	body := s.send(number, op, &whole)
	for i := range parts {
		e := &parts[i].event
		e.Request, e.Part, e.Client, e.Copy = whole.event.Request, i+1, number, whole.event.Copy
		e.Start, e.End, e.Status, e.Detail = whole.event.Start, whole.event.End, whole.event.Status, whole.event.Detail
		var made resource
		if e.Done() {
			e.Status = 0
			if i < len(body.Operations) {
				of := body.Operations[i]
				_, _ = fmt.Sscan(of.Status, &e.Status)
				e.Detail = of.Response.Detail
				if e.Op.Kind == history.Create || e.Op.Kind == history.CreateGroup {
					made.ID = of.Location[strings.LastIndex(of.Location, "/")+1:]
				}
			}
		}
		s.learn(e, made)
		if e.Op.Kind == history.Create || e.Op.Kind == history.CreateGroup {
			s.find(number, e.Op)
		}
	}
}
