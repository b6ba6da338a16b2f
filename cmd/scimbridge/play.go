package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// play sends an initial and an incremental provisioning cycle as Entra does, and prints each request, its answer and the LDIF
// that it caused.
type play struct {
	out    io.Writer
	url    string
	token  string
	caused *records
	client *retryablehttp.Client
	ids    map[string]string // by the name that the steps give them
	made   []string          // paths of what was created
	from   string            // where the token is read from; "": it was made here
	domain string            // of everybody's userName, in the place of the cycle's own; "": that
	strict bool              // the first answer that is not as expected is the last
}

// requestTimeout bounds one request, its retries included.
const requestTimeout = 20 * time.Second

func newPlay(out io.Writer, url, token string, caused *records) *play {
	client := retryablehttp.NewClient()
	client.Logger = nil // what went wrong is said where the request is
	client.RetryMax = 2
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	client.CheckRetry = func(ctx context.Context, answer *http.Response, err error) (bool, error) {
		again, fault := retryablehttp.DefaultRetryPolicy(ctx, answer, err)
		if until, bounded := ctx.Deadline(); again && answer != nil && bounded { // a Retry-After beyond it would end without the answer
			again = client.Backoff(client.RetryWaitMin, client.RetryWaitMax, 0, answer) < time.Until(until)
		}
		return again, fault
	}
	return &play{out: out, url: url, token: token, caused: caused, client: client, ids: map[string]string{}}
}

// A step is one request and what must hold of its answer. {mara} stands for the id that an earlier step kept as mara.
type step struct {
	says   string
	method string
	path   string
	body   string
	status int
	keep   string // the name to keep the answer's id under
	holds  func(answer map[string]any) bool
	silent bool // no LDIF may be caused
}

var errNotAsExpected = errors.New("not every answer was as expected")

// run plays every step, whatever the ones before came to.
func (p *play) run(ctx context.Context) error {
	good, sent := 0, 0
	for i, s := range cycle {
		sent++
		if p.step(ctx, i+1, s) {
			good++
		} else if p.strict {
			break
		}
	}
	requests := "requests"
	if sent == 1 {
		requests = "request"
	}
	fmt.Fprintf(p.out, "\n%d %s, %d as expected\n", sent, requests, good)
	if sent < len(cycle) {
		fmt.Fprintf(p.out, "It ends there: %d are not sent.\n", len(cycle)-sent)
	}
	if good < len(cycle) {
		return errNotAsExpected
	}
	return nil
}

func (p *play) step(ctx context.Context, number int, s step) bool {
	path, body := p.named(s.path), p.named(s.body)
	fmt.Fprintf(p.out, "\n%2d. %s\n    %s %s\n", number, s.says, s.method, path)
	if body != "" {
		fmt.Fprintf(p.out, "    %s\n", body)
	}
	status, answer, err := p.send(ctx, s.method, path, body)
	if err != nil {
		fmt.Fprintf(p.out, "    failed: %v\n", err)
		return false
	}
	if s.keep != "" {
		p.ids[s.keep], _ = answer["id"].(string)
	}
	if s.method == http.MethodPost && status == http.StatusCreated {
		p.made = append(p.made, fmt.Sprintf("%s/%v", s.path, answer["id"]))
	}
	plans := p.caused.take()
	good := status == s.status && (s.holds == nil || s.holds(p.asOwn(answer))) && (!s.silent || len(plans) == 0)
	verdict := "as expected"
	if !good {
		verdict = notAsExpected(status, s.status, answer)
	}
	fmt.Fprintf(p.out, "  = %d %s, %s%s\n", status, http.StatusText(status), summary(answer), verdict)
	if status == http.StatusUnauthorized && p.from != "" {
		fmt.Fprintf(p.out, "    The token that it refuses is that of %s.\n", p.from)
	}
	for _, plan := range plans {
		fmt.Fprintf(p.out, "      %s\n", strings.ReplaceAll(strings.TrimRight(plan.String(), "\n"), "\n", "\n      "))
	}
	return good
}

// notAsExpected says what was, or shows in what an answer of the right status is wrong.
func notAsExpected(status, expected int, answer map[string]any) string {
	if status != expected {
		return fmt.Sprintf("NOT as expected (%d was)", expected)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return "NOT as expected"
	}
	return "NOT as expected: " + string(text)
}

// ownDomain is that of everybody's userName in the cycle.
const ownDomain = "contoso.example"

// named puts ids, and the domain, in place of what stands for them.
func (p *play) named(text string) string {
	for name, id := range p.ids {
		text = strings.ReplaceAll(text, "{"+name+"}", id)
	}
	return strings.ReplaceAll(text, ownDomain, cmp.Or(p.domain, ownDomain))
}

// asOwn is an answer as it would be in the cycle's own domain.
func (p *play) asOwn(answer map[string]any) (own map[string]any) {
	if p.domain == "" {
		return answer
	}
	text, err := json.Marshal(answer)
	if err == nil {
		err = json.Unmarshal(bytes.ReplaceAll(text, []byte("@"+p.domain), []byte("@"+ownDomain)), &own)
	}
	if err != nil {
		return answer
	}
	return own
}

func (p *play) send(ctx context.Context, method, path, body string) (int, map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := retryablehttp.NewRequestWithContext(ctx, method, p.url+path, []byte(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/scim+json")
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || len(content) == 0 {
		return response.StatusCode, nil, err
	}
	var answer map[string]any
	err = json.Unmarshal(content, &answer)
	return response.StatusCode, answer, err
}

// summary is an answer in a few words.
func summary(answer map[string]any) string {
	switch {
	case answer["detail"] != nil:
		if answer["scimType"] == nil {
			return fmt.Sprintf("%v, ", answer["detail"])
		}
		return fmt.Sprintf("%v: %v, ", answer["scimType"], answer["detail"])
	case answer["totalResults"] != nil:
		return fmt.Sprintf("totalResults %v, ", answer["totalResults"])
	case answer["userName"] != nil:
		return fmt.Sprintf("userName %v, active %v, ", answer["userName"], answer["active"])
	}
	return ""
}

// query writes a filter as Entra does.
func query(endpoint, filter, more string) string {
	return endpoint + "?" + more + "filter=" + url.QueryEscape(filter)
}

func patch(operations ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(operations, ",") + `]}`
}

// What answers must show.
func total(n float64) func(map[string]any) bool {
	return func(answer map[string]any) bool { return answer["totalResults"] == n }
}

func shows(attribute string, value any) func(map[string]any) bool {
	return func(answer map[string]any) bool { return answer[attribute] == value }
}

func both(a, b func(map[string]any) bool) func(map[string]any) bool {
	return func(answer map[string]any) bool { return a(answer) && b(answer) }
}

func members(n int) func(map[string]any) bool {
	return func(answer map[string]any) bool { list, _ := answer["members"].([]any); return len(list) == n }
}
