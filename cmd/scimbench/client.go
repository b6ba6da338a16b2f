package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// client speaks SCIM. It is built on fasthttp, which leaves more of the machine to the server than net/http does.
type client struct {
	base, token string
	http        *fasthttp.Client
}

func newClient(base, tokenFile string, trusted *x509.CertPool) (*client, error) {
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(base); err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no URL", base)
	}
	return &client{
		base: strings.TrimRight(base, "/"), token: "Bearer " + strings.TrimSpace(string(token)),
		http: &fasthttp.Client{
			MaxConnsPerHost: 1000, ReadTimeout: 2 * time.Minute, WriteTimeout: time.Minute, MaxResponseBodySize: 256 << 20,
			TLSConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
		},
	}, nil
}

// trust reads the certificates to trust besides the system's; nil where no file is named.
func trust(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

// ask sends a request and wants the status; answer, where it is not nil, is filled from the body.
func (c *client) ask(status int, method, path, body string, answer any) error {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI(c.base + path)
	request.Header.SetMethod(method)
	request.Header.Set(fasthttp.HeaderAuthorization, c.token)
	if body != "" {
		request.Header.SetContentType("application/scim+json")
		request.SetBodyString(body)
	}
	if err := c.http.Do(request, response); err != nil {
		return fmt.Errorf("%s %s: %w", method, kind(path), err)
	}
	if got := response.StatusCode(); got != status {
		return fmt.Errorf("%s %s: %d in the place of %d: %s", method, kind(path), got, status, detail(response.Body()))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(response.Body(), answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, kind(path), err)
	}
	return nil
}

// detail is what an answer says of itself (RFC 7644 §3.12), or how it begins.
func detail(body []byte) string {
	var fault struct{ Detail string }
	if json.Unmarshal(body, &fault) == nil && fault.Detail != "" {
		return fault.Detail
	}
	return fmt.Sprintf("%.200s", body)
}

// kind is the path up to what is one resource's own, so that errors of a kind are one.
func kind(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if parts := strings.SplitN(path, "/", 3); len(parts) == 3 {
		return "/" + parts[1] + "/…"
	}
	return path
}

// resource is what the runs need to see of a resource.
type resource struct {
	ID       string `json:"id"`
	UserName string `json:"userName"`
}

// list is a page of a ListResponse.
type list struct {
	TotalResults int        `json:"totalResults"`
	NextCursor   string     `json:"nextCursor"`
	Resources    []resource `json:"Resources"`
}

// asked is a resource that the run asked for: it may be there whatever the server answered.
type asked struct {
	endpoint, attribute, name string
	id                        string // "" until the server tells it
}

func userNamed(name string) asked {
	return asked{endpoint: "/Users", attribute: "userName", name: name}
}

// create asks for a resource, and remembers it before.
func (c *client) create(made *[]asked, a asked, content string) (r resource, err error) {
	*made = append(*made, a)
	err = c.ask(fasthttp.StatusCreated, fasthttp.MethodPost, a.endpoint, "{"+content+"}", &r)
	(*made)[len(*made)-1].id = r.ID
	return r, err
}

// undo removes what was asked for; without an id, whatever has its name.
func (c *client) undo(a asked) error {
	if a.id != "" {
		return c.remove(a.endpoint + "/" + a.id)
	}
	found, err := c.named(a)
	return errors.Join(err, c.removeAll(a.endpoint, found))
}

func (c *client) removeAll(endpoint string, found list) (err error) {
	for _, r := range found.Resources {
		err = errors.Join(err, c.remove(endpoint+"/"+r.ID))
	}
	return err
}

// undoRun removes what an earlier run left, which begins with its name.
func (c *client) undoRun(name string) error {
	var faults []error
	for _, a := range []asked{{endpoint: "/Groups", attribute: "displayName", name: name}, userNamed(name)} {
		for {
			found, err := c.filtered(a, "sw")
			if err == nil {
				err = c.removeAll(a.endpoint, found)
			}
			if faults = append(faults, err); err != nil || len(found.Resources) == 0 {
				break
			}
		}
	}
	return counted(faults)
}

func (c *client) named(a asked) (found list, err error) { return c.filtered(a, "eq") }

func (c *client) filtered(a asked, operator string) (found list, err error) {
	path := a.endpoint + "?filter=" + url.QueryEscape(fmt.Sprintf("%s %s %q", a.attribute, operator, a.name))
	err = c.ask(fasthttp.StatusOK, fasthttp.MethodGet, path, "", &found)
	return found, err
}

func (c *client) remove(path string) error {
	return c.ask(fasthttp.StatusNoContent, fasthttp.MethodDelete, path, "", nil)
}

// patch sends one operation.
func (c *client) patch(status int, path, operation string) error {
	return c.ask(status, fasthttp.MethodPatch, path,
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operation+`]}`, nil)
}

// find asks for the users of a name and wants so many.
func (c *client) find(userName string, want int) error {
	found, err := c.named(userNamed(userName))
	if err == nil && found.TotalResults != want {
		err = fmt.Errorf("a query found %d users in the place of %d", found.TotalResults, want)
	}
	return err
}
