// Package memdir is an LDAP directory in memory, for the demo and the tests: a server on loopback that answers as a small OpenLDAP does. It
// knows the schema, the operational attributes, the controls that scimbridge uses, and slapd's results and messages. It has no
// access rules beyond these: the root DN writes, everyone reads, and passwords are read by the root DN only.
package memdir

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"scimbridge/ldapmap/ldif"
)

// Options says what the directory is to be. The zero value is an empty dc=example,dc=org on a free port that nobody can write.
type Options struct {
	Suffix       string        // "": dc=example,dc=org
	Schema       string        // as in OpenLDAP's schema files; "": DefaultSchema
	RootDN       string        // who may write; it needs no entry
	RootPassword string        //
	Entries      []*ldif.Entry // the starting content, parents first; operational attributes may come with it
	Address      string        // a loopback address; "": 127.0.0.1:0
	// CleanReferences keeps member, uniqueMember, manager, owner, seeAlso and secretary true when an entry is deleted or renamed,
	// as the overlay refint does.
	CleanReferences bool
	Without         []string         // controls, by their OIDs, that it does not announce
	Log             func(Operation)  // called after each operation, by several goroutines; nil: nobody
	Clock           func() time.Time // nil: time.Now
	NewID           func() string    // gives an entryUUID; nil: a random one
}

// Operation is one operation that was answered.
type Operation struct {
	Name   string // bind, search, add, modify, modrdn, delete, compare, extended
	DN     string // as the client sent it; of a search its base
	Filter string // of a search
	Code   uint16 // the result
	Text   string // the diagnostic message
	Change *ldif.Change
}

// Server is a running directory.
type Server struct {
	listener     net.Listener
	tree         *tree
	root         name
	rootPassword string
	observe      func(Operation)
	without      []string
	closed       chan struct{}
	running      sync.WaitGroup

	mu          sync.Mutex // guards what follows
	connections map[*connection]struct{}
	counts      map[string]int
	changes     []ldif.Change
	fault       func(op, dn string) Fault
	down        bool
}

// Start starts a directory. An entry of the starting content that the schema refuses is an error that names it.
func Start(o Options) (*Server, error) {
	if o.Suffix == "" {
		o.Suffix = "dc=example,dc=org"
	}
	if o.Schema == "" {
		o.Schema = DefaultSchema
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.NewID == nil {
		o.NewID = uuid.NewString
	}
	s := &Server{
		rootPassword: o.RootPassword, without: o.Without,
		observe:     o.Log,
		closed:      make(chan struct{}),
		connections: make(map[*connection]struct{}),
		counts:      make(map[string]int),
	}
	schema, err := parseSchema(o.Schema)
	if err != nil {
		return nil, err
	}
	s.tree = &tree{
		schema: schema, index: newIndex(schema), nodes: make(map[string]*node), cleaning: o.CleanReferences,
		clock: stamps{now: o.Clock, newID: o.NewID},
	}
	if s.tree.suffix, err = schema.parseName(o.Suffix); err != nil || s.tree.suffix.key == "" {
		return nil, fmt.Errorf("suffix %q: %w", o.Suffix, errName)
	}
	if s.root, err = schema.parseName(o.RootDN); err != nil {
		return nil, fmt.Errorf("root DN %q: %w", o.RootDN, err)
	}
	if err := s.load(o.Entries); err != nil {
		return nil, err
	}
	s.tree.written = s.done
	if s.listener, err = listenLoopback(o.Address); err != nil {
		return nil, err
	}
	s.running.Go(s.accept)
	return s, nil
}

// listenLoopback refuses an address that others than this machine could reach: passwords are in clear text here.
func listenLoopback(address string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	if !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("address %q is not a loopback address", address)
	}
	return net.ListenTCP("tcp", resolved)
}

// URL is where the directory listens.
func (s *Server) URL() string { return "ldap://" + s.listener.Addr().String() }

// Close stops the directory and ends every connection; operations that a Fault holds back are not done.
func (s *Server) Close() {
	s.mu.Lock()
	if s.down {
		s.mu.Unlock()
		return
	}
	s.down = true
	close(s.closed)
	s.listener.Close()
	for c := range s.connections {
		c.net.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Entries returns a copy of every entry, in the order in which they were added, with the operational attributes that slapd stores.
func (s *Server) Entries() []*ldif.Entry {
	s.tree.RLock()
	nodes := slices.SortedFunc(maps.Values(s.tree.nodes), func(a, b *node) int { return a.serial - b.serial })
	entries := make([]*ldif.Entry, len(nodes))
	for i, n := range nodes {
		entries[i] = &n.record.Entry
	}
	s.tree.RUnlock()
	for i, e := range entries {
		entries[i] = e.Clone()
		for _, computed := range computedAttributes {
			entries[i].Set(computed)
		}
	}
	return entries
}

// Counts returns how many operations of each name came in: bind, unbind, search, add, modify, modrdn, delete, compare, abandon, extended;
// and panic, where the server itself is at fault.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// ResetCounts starts Counts and Operations afresh.
func (s *Server) ResetCounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.counts)
	s.changes = nil
}

// Operations returns the writes that were done, in order and as the clients sent them. Their conditions are left out.
func (s *Server) Operations() []ldif.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.changes)
}

// Fault sets what decides on each operation's fault, by its name and DN (a search's base, "" where there is none). nil ends it.
// It is called by several goroutines.
func (s *Server) Fault(decide func(op, dn string) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = decide
}

// load puts in the starting content.
func (s *Server) load(entries []*ldif.Entry) error {
	by := writer{dn: s.tree.suffix.text, root: true, loading: true}
	if s.root.key != "" {
		by.dn = s.root.text
	}
	for _, e := range entries {
		e = e.Clone()
		for _, computed := range computedAttributes {
			e.Set(computed)
		}
		if _, _, failed := s.tree.write(ldif.Change{Kind: ldif.Add, DN: e.DN, Entry: e.Attributes}, by); failed != nil {
			return fmt.Errorf("entry %q: %w", e.DN, failed)
		}
	}
	return nil
}

// acceptPause is how long the server waits after it could not accept a connection.
const acceptPause = 10 * time.Millisecond

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			select {
			case <-s.closed:
				return
			case <-time.After(acceptPause):
				continue // out of file descriptors, say
			}
		}
		c := &connection{server: s, net: conn}
		s.mu.Lock()
		if s.down {
			s.mu.Unlock()
			conn.Close()
			return
		}
		s.connections[c] = struct{}{}
		s.running.Go(func() {
			c.serve()
			s.mu.Lock()
			delete(s.connections, c)
			s.mu.Unlock()
		})
		s.mu.Unlock()
	}
}

func (s *Server) count(op string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[op]++
}

func (s *Server) faultFor(r request) Fault {
	s.mu.Lock()
	decide := s.fault
	s.mu.Unlock()
	if decide == nil {
		return Fault{}
	}
	return decide(r.name, r.dn)
}

func (s *Server) done(c ldif.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, c)
}

func (s *Server) log(r request, outcome *result) {
	if s.observe == nil {
		return
	}
	op := Operation{Name: r.name, DN: r.dn, Code: outcome.code, Text: outcome.text}
	if r.search.filter != nil {
		op.Filter = r.search.filter.String()
	}
	if r.change.Kind != "" {
		op.Change = &r.change
	}
	s.observe(op)
}
