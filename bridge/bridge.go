// Package bridge does what a SCIM request asks: it reads the directory, plans, has the plan judged, runs it and records it.
// There is one file an operation; write.go drives every write; reasons.go says what the client is told of what went wrong.
package bridge

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Call is who asks, and how the answer refers to itself.
type Call struct {
	RequestID string
	Activity  string        // the client's own name of what it does: Entra's; ""
	Part      *journal.Part // of a bulk request the operation; nil: the request is no bulk request
	Caller    string        // the token's name
	Role      access.Role   // its role
	Client    string        // its address
	BaseURL   string        // https://scim.corp.example/scim/v2, without a slash at the end

	Foresight *Foresight // it is only foreseen; nil: it is done

	PastLimits bool // an operator asks for it, who knows how much it is: guard.limits do not hold it, nor is it counted

	// Entity tags, as the header of the name carries them (RFC 9110 §13.1); "": the header is not there.
	IfMatch     string
	IfNoneMatch string
}

// View is what the client asked to see.
type View struct{ Attributes, Excluded []string }

// Result is an answer about one resource.
type Result struct {
	Resource scim.Resource // what is shown; nil: 204
	Location string
	Version  string // weak ETag, or ""
	Dropped  int    // attributes of the request that the map does not name
	DN       string // of the entry that was written, as it was found or made; "" of a read
	Name     string // of the resource that was written: userName, or displayName; "" of a read
	Effects  string // what was done to the directory and stands, in words; "": nothing
}

// Options is what a Bridge is made of.
type Options struct {
	Map       *compile.Map
	Place     func(key string) string // where a key of the configuration was set; nil: nobody knows
	Directory *directory.Client
	Guard     *guard.Guard
	Journal   journal.Journal // nil: none
	Store     *store.Store    // what must be there for a health check; nil: nothing
	Ledger    *journal.Ledger // the journal in the store; nil: there is no store
	Limiter   *guard.Limiter  // how much may come about in a time; nil: any. Its Settle is to observe the Ledger
	Log       *slog.Logger
	Limits    Limits
	Strict    bool             // hold clients to the RFCs
	Now       func() time.Time // nil: time.Now
}

// Bridge serves SCIM operations from a directory. Operations name their resource type by its name ("User"). It is safe for concurrent use.
type Bridge struct {
	compiled  *compile.Map
	place     func(key string) string
	directory *directory.Client
	guard     *guard.Guard
	journal   journal.Journal
	store     *store.Store
	ledger    *journal.Ledger
	limiter   *guard.Limiter
	totals    singleflight.Group  // counts under way
	secrets   map[string][]string // SCIM attributes by their type, for the ledger
	log       *slog.Logger
	limits    Limits
	dialect   scim.Dialect
	snapshots *snapshots

	unfinished *unfinished   // what creates left
	owed       *owed         // what writes that stopped left to look at
	written    *atomic.Int64 // plans that were sent to the directory

	follows atomic.Bool // the directory has shown that it moves references with their targets itself, see history.followed

	now    func() time.Time
	fits   singleflight.Group // of the map to a directory, under way
	taking chan struct{}      // held by the request that takes a number
	mu     sync.Mutex
	fit    fit
}

// New makes a Bridge. It asks nothing of the directory yet.
func New(o Options) *Bridge {
	if o.Journal == nil {
		o.Journal = func(journal.Record) {}
	}
	if o.Place == nil {
		o.Place = func(key string) string { return key }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Bridge{
		compiled: o.Map, place: o.Place, directory: o.Directory, guard: o.Guard, journal: o.Journal, store: o.Store, log: o.Log,
		limits: o.Limits.WithDefaults(), dialect: scim.Dialect{Strict: o.Strict, Limits: o.Limits.ofRequest()},
		snapshots: newSnapshots(o.Now), written: new(atomic.Int64),
		unfinished: newUnfinished(o.Now), owed: newOwed(), now: o.Now, taking: make(chan struct{}, 1),
		ledger: o.Ledger, limiter: o.Limiter,
	}
	b.secrets = secretNames(o.Map)
	if o.Limiter != nil {
		o.Limiter.CountBy(func(typ string) { b.counted(typ) })
	}
	return b
}

// request is one request about resources of a type: who asks, what is to be shown, and the map as it stands in the directory at hand.
type request struct {
	*Bridge
	call      Call
	operation string // create, get, patch, replace, delete
	account   *account
	world     *ldapmap.Map
	typ       *ldapmap.Type
	server    *ldif.Server
	shown     *scim.Projection
	foreseen  *Foreseen // nil: it is done
}

// begin finds the type that a request names, if its caller may do that.
func (b *Bridge) begin(ctx context.Context, c Call, operation, typ string, v View) (*request, error) {
	if err := c.Role.Check(operation, typ); err != nil {
		return nil, err
	}
	m, server, err := b.world(ctx)
	if err != nil {
		return nil, err
	}
	t := m.Type(typ)
	if t == nil {
		return nil, errNotFound
	}
	p, err := scim.NewProjection(t.Resource, b.dialect, v.Attributes, v.Excluded)
	if err != nil {
		return nil, err
	}
	return &request{Bridge: b, call: c, operation: operation, world: m, typ: t, server: server, shown: p}, nil
}

// Types returns the resource types that the map serves, with their schemas true to the map; while the directory cannot be asked, without
// what its schema demands.
func (b *Bridge) Types(ctx context.Context) []*schema.ResourceType {
	var types []*schema.ResourceType
	m, _, err := b.world(ctx)
	if err != nil {
		for _, t := range b.compiled.Types {
			types = append(types, t.Resource)
		}
		return types
	}
	for _, t := range m.Types {
		types = append(types, t.Resource)
	}
	return types
}

// Limits are what one request may cost, for discovery.
func (b *Bridge) Limits() Limits { return b.limits }

// Dialect is how clients are read.
func (b *Bridge) Dialect() scim.Dialect { return b.dialect }

// attributes are those to read of an entry that may be written: what is asked for, and what the guard must see.
func (b *Bridge) attributes(t *ldapmap.Type, wants func(schema.Ref) bool) []string {
	return withNeeds(read.Attributes(t, wants), b.guard.Needs(t.Map))
}

// withNeeds adds the names that are not there yet.
func withNeeds(names, needs []string) []string {
	for _, needed := range needs {
		if !ldif.Named(names, needed) {
			names = append(names, needed)
		}
	}
	return names
}

// find reads the entry with the id, with the attributes that wants names (nil: all but members), or errNotFound.
func (b *Bridge) find(ctx context.Context, t *ldapmap.Type, id string, wants func(schema.Ref) bool) (*ldif.Entry, error) {
	return b.findAs(ctx, t, id, b.attributes(t, wants))
}

// findAs reads the entry with the id, with these attributes, or errNotFound.
func (b *Bridge) findAs(ctx context.Context, t *ldapmap.Type, id string, attributes []string) (*ldif.Entry, error) {
	text, ok := t.IDFilter(id)
	if !ok {
		return nil, errNotFound
	}
	found, err := b.directory.Search(ctx, directory.Search{Base: t.Base, More: t.More, Filter: text, Attributes: attributes})
	if err != nil {
		return nil, err
	}
	return oneOf(found, t, id)
}

// oneOf is the entry of the type with the id among those found, or errNotFound.
func oneOf(found []*ldif.Entry, t *ldapmap.Type, id string) (*ldif.Entry, error) {
	for _, e := range found {
		if t.ID(e) == id && t.Holds(e) {
			return e, nil
		}
	}
	return nil, errNotFound
}

// all wants everything where the whole is asked for, and else all but members.
func all(whole bool) func(schema.Ref) bool {
	if !whole {
		return nil
	}
	return func(schema.Ref) bool { return true }
}

// together is how many entries are looked up in the search that reads the entry which is to refer to them. Each is read with all that is
// read of that, and so none where that is read with its members: those of groups in groups may be many.
const together = 16

// findWith reads the entry with the id as find does, and what it and the ids refer to: in the same search, where there are few ids.
func (b *Bridge) findWith(
	ctx context.Context, t *ldapmap.Type, id string, ids []string, whole bool,
) (e *ldif.Entry, refs ldapmap.Refs, err error) {
	wants := all(whole)
	var found []*ldif.Entry
	searches := t.Map.LookUp(append([]string{id}, ids...), nil, nil)
	if whole || len(ids) == 0 || len(ids) > together || len(searches) != 1 {
		e, err = b.find(ctx, t, id, wants)
	} else {
		s := directory.Search{Base: searches[0].Base, Filter: searches[0].Filter}
		attributes, _ := read.Targets(t, wants)
		s.Attributes = withNeeds(b.attributes(t, wants), attributes)
		if found, err = b.directory.Search(ctx, s); err == nil {
			e, err = oneOf(found, t, id)
		}
		ids = nil
	}
	if err != nil {
		return nil, refs, err
	}
	refs, err = b.refs(ctx, t, wants, ids, read.References(t, e, nil), read.PrimaryGroups(t, e, nil), found...)
	return e, refs, err
}

// refs resolves ids and names that entries of a type refer to, with what wants names of their targets, and finds the members of primary
// groups, in one batched search; none for the names of what is known. What many ids and names have in common is looked up once.
func (b *Bridge) refs(
	ctx context.Context, t *ldapmap.Type, wants func(schema.Ref) bool, ids []string, names []ldapmap.Name, groups []ldif.SID,
	known ...*ldif.Entry,
) (ldapmap.Refs, error) {
	if len(ids)+len(names)+len(groups)+len(known) == 0 {
		return ldapmap.Refs{}, nil
	}
	attributes, name := read.Targets(t, wants)
	if len(known) > 0 && len(names) > 0 {
		refs := t.Map.Refs(known, nil)
		names = slices.DeleteFunc(names, func(name ldapmap.Name) bool {
			_, there := refs.ByName(name)
			return there
		})
	}
	lookUp := func(ids []string, names []ldapmap.Name, groups []ldif.SID) error {
		var searches []directory.Search
		for _, s := range t.Map.LookUp(ids, names, groups) {
			searches = append(searches, directory.Search{Base: s.Base, Filter: s.Filter, Attributes: attributes})
		}
		found, err := b.directory.SearchAll(ctx, searches)
		known = append(known, found...)
		return err
	}
	if len(ids) > 0 && len(names) > 0 && len(ids)+len(names) > ldapmap.SearchChunk { // of a list that is replaced most may be the same
		if err := lookUp(nil, names, nil); err != nil {
			return ldapmap.Refs{}, err
		}
		ids, names = t.Map.Without(ids, known), nil
	}
	if err := lookUp(ids, names, groups); err != nil {
		return ldapmap.Refs{}, err
	}
	return t.Map.Refs(known, name), nil
}

// show turns an entry into what the client asked to see of it.
func (b *Bridge) show(c Call, t *ldapmap.Type, e *ldif.Entry, refs ldapmap.Refs, p *scim.Projection) *Result {
	r := b.resource(c, t, e, refs)
	meta, _ := r["meta"].(map[string]any)
	location, _ := meta["location"].(string)
	version, _ := meta["version"].(string)
	return &Result{Resource: p.Apply(r), Location: location, Version: version}
}

// resource turns an entry into its resource with what only the bridge knows: addresses and the version.
func (b *Bridge) resource(c Call, t *ldapmap.Type, e *ldif.Entry, refs ldapmap.Refs) scim.Resource {
	r := read.Resource(t, e, refs)
	if meta, ok := r["meta"].(map[string]any); ok {
		meta["location"], meta["version"] = b.location(c, t.Resource, t.ID(e)), etag(t, e)
	}
	read.Locate(t, r, c.BaseURL)
	return r
}

func (b *Bridge) location(c Call, rt *schema.ResourceType, id string) string {
	return c.BaseURL + rt.Endpoint + "/" + url.PathEscape(id)
}
