package memdir

import (
	"slices"
	"strconv"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// selection is what a search wants returned of each entry (RFC 4511 §4.5.1.8, RFC 3673).
type selection struct {
	schema      *schema
	user        bool // all user attributes
	operational bool // all operational attributes
	names       []string
	typesOnly   bool
	values      []*ldif.Filter             // RFC 3876; nil: every value
	wanted      map[string]map[string]bool // of values those that compare them: attribute, then key
	secrets     bool                       // userPassword may be read
}

func (s *schema) selection(names []string) selection {
	sel := selection{schema: s, user: len(names) == 0}
	for _, name := range names {
		switch name {
		case "*":
			sel.user = true
		case "+":
			sel.operational = true
		case "1.1": // no attributes
		default:
			sel.names = append(sel.names, name)
		}
	}
	return sel
}

// of returns the entry with what is selected.
func (sel selection) of(e *ldif.Entry) *ldif.Entry {
	out := &ldif.Entry{DN: e.DN}
	var computed []ldif.Attribute // slapd shows them last
	for _, a := range e.Attributes {
		def := sel.schema.Attribute(a.Name)
		operational := def != nil && def.Operational
		covered := func(name string) bool { return sel.schema.Covers(name, a.Name) }
		switch {
		case !sel.secrets && covered("userPassword"):
			continue
		case sel.user && !operational, sel.operational && operational, slices.ContainsFunc(sel.names, covered):
		default:
			continue
		}
		if a.Values = sel.matched(a); len(a.Values) == 0 {
			continue
		}
		if sel.typesOnly {
			a.Values = nil
		}
		if slices.Contains(computedAttributes, a.Name) {
			computed = append(computed, a)
		} else {
			out.Attributes = append(out.Attributes, a)
		}
	}
	out.Attributes = append(out.Attributes, computed...)
	return out
}

// match has the matched values control let values through. What it compares it does by key: else each of many members would be compared
// with each of many others.
func (sel *selection) match(filters []*ldif.Filter) {
	if filters == nil {
		return
	}
	sel.values, sel.wanted = []*ldif.Filter{}, map[string]map[string]bool{}
	for _, f := range filters {
		name, value, compares := f.Compares()
		def := sel.schema.Attribute(name)
		if !compares || def == nil || def.Equality == "" || def.Equality == "objectIdentifierMatch" { // which knows superclasses
			sel.values = append(sel.values, f)
			continue
		}
		if sel.wanted[name] == nil {
			sel.wanted[name] = map[string]bool{}
		}
		sel.wanted[name][ldif.Key(sel.schema.Subschema, name, value)] = true
	}
}

// matched returns the values that the matched values control lets through.
func (sel selection) matched(a ldif.Attribute) []string {
	if sel.values == nil {
		return a.Values
	}
	var kept []string
	for _, v := range a.Values {
		if sel.wants(a.Name, v) {
			kept = append(kept, v)
		}
	}
	return kept
}

func (sel selection) wants(name, value string) bool {
	for attribute, keys := range sel.wanted {
		if sel.schema.Covers(attribute, name) && keys[ldif.Key(sel.schema.Subschema, attribute, value)] {
			return true
		}
	}
	alone := &ldif.Entry{Attributes: []ldif.Attribute{{Name: name, Values: []string{value}}}}
	return slices.ContainsFunc(sel.values, func(f *ldif.Filter) bool { return f.Matches(alone, sel.schema.Subschema) })
}

// pages is a paged search that is under way on a connection: one at a time, as with slapd.
type pages struct {
	cookie string
	nodes  []*node // still to be looked at
	sent   int
}

// search sends the entries found and returns the result, with the cookie of the next page.
func (c *connection) search(id int64, r request, with controls) (*result, string) {
	t := c.server.tree
	sel := t.schema.selection(r.search.selection)
	sel.typesOnly, sel.secrets = r.search.typesOnly, c.isRoot()
	sel.match(with.valueFilter)
	if e := c.server.special(r.dn); e != nil && (r.dn != "" || r.search.scope == ldap.ScopeBaseObject) {
		if r.search.scope != ldap.ScopeSingleLevel && r.search.filter.Matches(e, t.schema.Subschema) {
			c.send(id, encodeEntry(sel.of(e)), nil)
		}
		return success, ""
	}
	base, err := t.schema.parseName(r.dn)
	if err != nil {
		return fail(ldap.LDAPResultInvalidDNSyntax, "invalid DN"), ""
	}
	page, failed := c.page(base, r, with)
	if failed != nil {
		return failed, ""
	}
	return c.sendPage(id, page, r, with, sel)
}

// page returns what a search has to look at: from the start, or where its cookie left off.
func (c *connection) page(base name, r request, with controls) (*pages, *result) {
	c.paging.Lock()
	defer c.paging.Unlock()
	under := c.pages
	if with.paging != nil {
		c.pages = nil // a new paged search ends the one under way
		if with.paging.cookie != "" {
			if under == nil {
				return nil, fail(ldap.LDAPResultProtocolError, "paged results cookie is invalid")
			}
			if under.cookie != with.paging.cookie {
				return nil, fail(ldap.LDAPResultUnwillingToPerform, "paged results cookie is invalid or old")
			}
			return under, nil
		}
	}
	t := c.server.tree
	t.RLock()
	defer t.RUnlock()
	at, failed := t.find(base)
	if failed != nil {
		return nil, failed
	}
	if with.assertion != nil && !with.assertion.Matches(&at.record.Entry, t.schema.Subschema) {
		return nil, &result{code: ldap.LDAPResultAssertionFailed}
	}
	return &pages{nodes: t.scoped(at, r.search.scope, r.search.filter)}, nil
}

// sendPage sends what matches, up to the page's size or the client's limit.
func (c *connection) sendPage(id int64, page *pages, r request, with controls, sel selection) (*result, string) {
	if with.paging != nil && with.paging.size == 0 && with.paging.cookie != "" {
		return success, "" // RFC 2696 §3: the client gives the search up
	}
	for batch := 0; len(page.nodes) > 0; {
		e := c.server.tree.current(page.nodes[0])
		if e == nil || !r.search.filter.Matches(e, sel.schema.Subschema) {
			page.nodes = page.nodes[1:]
			continue
		}
		if r.search.sizeLimit > 0 && page.sent >= r.search.sizeLimit {
			return &result{code: ldap.LDAPResultSizeLimitExceeded}, ""
		}
		if with.paging != nil && with.paging.size > 0 && batch >= with.paging.size {
			return success, c.keep(page)
		}
		c.queue(id, encodeEntry(sel.of(e)))
		page.nodes = page.nodes[1:]
		page.sent++
		batch++
	}
	return success, ""
}

// keep remembers a paged search until its next page is asked for.
func (c *connection) keep(page *pages) string {
	c.paging.Lock()
	defer c.paging.Unlock()
	c.cookies++
	page.cookie = strconv.Itoa(c.cookies)
	c.pages = page
	return page.cookie
}

// current returns an entry as it is now, or nil if it is gone.
func (t *tree) current(n *node) *ldif.Entry {
	t.RLock()
	defer t.RUnlock()
	if t.nodes[n.name.key] != n {
		return nil
	}
	return &n.record.Entry
}
