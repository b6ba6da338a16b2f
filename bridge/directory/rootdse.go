package directory

import (
	"context"
	"errors"
	"time"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// contact is what a server told about itself.
type contact struct {
	server *ldif.Server
	from   int // index of the server
	at     time.Time
}

// Server returns what the directory told about itself, connecting on first use. What is stale is read again beside the requests.
func (c *Client) Server(ctx context.Context) (*ldif.Server, error) {
	for {
		s, stale := c.known()
		if s != nil {
			if stale {
				c.Refresh()
			}
			return s, nil
		}
		q, ours := c.question()
		if ours {
			return c.answer(ctx, q)
		}
		select {
		case <-q.answered:
		case <-ctx.Done():
			return nil, &Error{Reason: reason.Unavailable, Cause: context.Cause(ctx)}
		}
		if q.away != nil { // to ask again would take its time once more
			return nil, &Error{Reason: q.away.Reason, Code: q.away.Code, Cause: q.away.Cause, RetryAfter: c.breaker.retryAfter()}
		}
	}
}

// question is the reading of the root DSE that requests wait for, and one of them does.
type question struct {
	answered chan struct{}
	away     *Error // the directory is; nil: it is not, or its request waited no longer
}

func (c *Client) question() (q *question, ours bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked != nil {
		return c.asked, false
	}
	c.asked = &question{answered: make(chan struct{})}
	return c.asked, true
}

func (c *Client) answer(ctx context.Context, q *question) (s *ldif.Server, err error) {
	defer func() {
		if e, _ := errors.AsType[*Error](err); e != nil && e.Reason == reason.Unavailable && ctx.Err() == nil {
			q.away = e
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked = nil
		close(q.answered)
	}()
	return c.learn(ctx)
}

// Refresh reads the root DSE and the schema again, beside the requests: Server then returns another value.
func (c *Client) Refresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refreshing || c.aside.Err() != nil {
		return
	}
	c.refreshing = true
	c.refreshes.Go(func() {
		_, err := c.learn(c.aside)
		if err != nil {
			c.log.Warn("directory: the root DSE and the schema could not be read again", "error", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.refreshing = false
		if err != nil { // not again at once: what is known may do
			c.contact.at = time.Now().Add(refreshPause - staleAfter)
		}
	})
}

const (
	// staleAfter is how long the root DSE and the schema are believed: a schema change shows without a restart.
	staleAfter = time.Hour
	// refreshPause is the time to another attempt when they could not be read again.
	refreshPause = time.Minute
)

// known returns what was read from the server in use, and whether that is long ago.
func (c *Client) known() (s *ldif.Server, stale bool) {
	current := c.pool.server()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.contact.server == nil || current >= 0 && current != c.contact.from {
		return nil, false
	}
	return c.contact.server, time.Since(c.contact.at) > staleAfter
}

// learned returns what was read last, of whichever server.
func (c *Client) learned() *ldif.Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.contact.server
}

// learn asks the server in use about itself, and keeps that.
func (c *Client) learn(ctx context.Context) (*ldif.Server, error) {
	s, err := c.ask(ctx)
	answer, _ := errors.AsType[*Error](err)
	c.unread.Store(answer != nil && answer.Reason == reason.Unavailable)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.contact = contact{server: s, from: c.pool.server(), at: time.Now()}
	return s, nil
}

// ask reads the root DSE (RFC 4512 §5.1) and the subschema that it names.
func (c *Client) ask(ctx context.Context) (*ldif.Server, error) {
	root, err := c.one(ctx, "", "objectClass", "vendorName", "supportedControl", "supportedExtension", "supportedCapabilities",
		"namingContexts", "defaultNamingContext", "dsServiceName", "subschemaSubentry")
	if err != nil {
		return nil, notShown(err, ErrRootDSE)
	}
	s := &ldif.Server{
		Traits:   c.options.Kind.Or(ldif.KindOf(root)).Traits().With(c.options.told()),
		Controls: set(root.Values("supportedControl")),
		Extended: set(root.Values("supportedExtension")),
		Contexts: root.Values("namingContexts"),
		Default:  root.Value("defaultNamingContext"),
	}
	if service := root.Value(s.InstanceAttribute); service != "" {
		controller, err := c.one(ctx, service, "invocationId")
		if err != nil {
			return nil, err
		}
		s.Instance = ldif.Instance(controller.Value("invocationId"))
	}
	subentry := root.Value("subschemaSubentry")
	if subentry == "" {
		return s, nil
	}
	schema, err := c.one(ctx, subentry, "attributeTypes", "objectClasses")
	if err == nil && len(schema.Values("attributeTypes")) == 0 {
		err = &Error{Reason: reason.NoSuchObject}
	}
	if err != nil {
		return nil, notShown(err, ErrSchema)
	}
	s.Schema, err = ldif.ParseSubschema(schema.Values("attributeTypes"), schema.Values("objectClasses"))
	if err != nil {
		c.log.Warn("directory: definitions of the schema were left out", "error", err)
	}
	c.log.Info("directory: read the root DSE and the schema", "kind", s.Kind, "contexts", s.Contexts)
	if s.Kind == ldif.Generic {
		c.log.Warn("directory: the product is not known; what is assumed of it the configuration tells otherwise below `directory`",
			"vendor", root.Value("vendorName"), "id", s.IDAttribute, "entryDN", s.DNAttribute, "version", s.VersionAttribute,
			"created", s.CreatedAttribute, "modified", s.ModifiedAttribute, "blocked", s.Blocks, "keepsReferences", s.KeepsReferences)
	}
	return s, nil
}

// What a server must show of itself, and does not.
var (
	ErrRootDSE = errors.New("the root DSE, by which a server tells what it is, is hidden from the bridge's account")
	ErrSchema  = errors.New("the schema (the subschema subentry) is hidden from the bridge's account")
)

// notShown says what it is that the server does not show.
func notShown(err, what error) error {
	answer, ok := errors.AsType[*Error](err)
	if !ok || answer.Reason != reason.NoSuchObject && answer.Reason != reason.Refused {
		return err
	}
	return &Error{Reason: reason.Hidden, Code: answer.Code, Cause: what}
}

// one reads one entry.
func (c *Client) one(ctx context.Context, dn string, attributes ...string) (*ldif.Entry, error) {
	entries, err := c.search(ctx, Search{Base: dn, Scope: BaseObject, Attributes: attributes})
	if err != nil {
		return nil, c.explain(err, nil)
	}
	if len(entries) != 1 {
		return nil, &Error{Reason: reason.NoSuchObject}
	}
	return entries[0], nil
}

func set(values []string) map[string]bool {
	s := make(map[string]bool, len(values))
	for _, v := range values {
		s[v] = true
	}
	return s
}
