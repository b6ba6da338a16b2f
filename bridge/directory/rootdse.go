package directory

import (
	"context"
	"encoding/hex"
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

// Server returns what the directory told about itself, connecting on first use.
func (c *Client) Server(ctx context.Context) (*ldif.Server, error) {
	if s := c.known(); s != nil {
		return s, nil
	}
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return nil, &Error{Reason: reason.Unavailable, Cause: context.Cause(ctx)}
	}
	if s := c.known(); s != nil {
		return s, nil
	}
	s, err := c.ask(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.contact = contact{server: s, from: c.pool.server(), at: time.Now()}
	return s, nil
}

// known returns what was read from the server in use, unless it is too old.
func (c *Client) known() *ldif.Server {
	current := c.pool.server()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.contact.server == nil || time.Since(c.contact.at) > staleAfter || current >= 0 && current != c.contact.from {
		return nil
	}
	return c.contact.server
}

// ask reads the root DSE (RFC 4512 §5.1) and the subschema that it names.
func (c *Client) ask(ctx context.Context) (*ldif.Server, error) {
	root, err := c.one(ctx, "", "objectClass", "vendorName", "supportedControl", "supportedCapabilities",
		"namingContexts", "defaultNamingContext", "dsServiceName", "subschemaSubentry")
	if err != nil {
		return nil, err
	}
	s := &ldif.Server{
		Traits:   c.options.Kind.Or(ldif.KindOf(root)).Traits(),
		Controls: set(root.Values("supportedControl")),
		Contexts: root.Values("namingContexts"),
		Default:  root.Value("defaultNamingContext"),
	}
	if service := root.Value(s.InstanceAttribute); service != "" {
		controller, err := c.one(ctx, service, "invocationId")
		if err != nil {
			return nil, err
		}
		s.Instance = hex.EncodeToString([]byte(controller.Value("invocationId")))
	}
	subentry := root.Value("subschemaSubentry")
	if subentry == "" {
		return s, nil
	}
	schema, err := c.one(ctx, subentry, "attributeTypes", "objectClasses")
	if err != nil {
		return nil, err
	}
	s.Schema, err = ldif.ParseSubschema(schema.Values("attributeTypes"), schema.Values("objectClasses"))
	if err != nil {
		c.log.Warn("directory: definitions of the schema were left out", "error", err)
	}
	c.log.Info("directory: read the root DSE and the schema", "kind", s.Kind, "contexts", s.Contexts)
	return s, nil
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
