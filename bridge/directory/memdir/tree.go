package memdir

import (
	"cmp"
	"slices"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// tree holds the entries. Its lock is held for writing through a whole write, so that each is atomic, and for reading while a search
// gathers what to look at.
type tree struct {
	sync.RWMutex
	schema   *schema
	suffix   name
	nodes    map[string]*node // by name key
	serial   int
	index    *index
	clock    stamps
	cleaning bool              // references to what is deleted or renamed are cleaned
	written  func(ldif.Change) // called after each write, in the writes' order; nil while the starting content is loaded
}

// node is an entry's place in the tree.
type node struct {
	name     name
	serial   int // in the order in which entries were added: the order of search results
	parent   *node
	children map[*node]struct{}
	record   *record
}

// find returns the entry at a name, or noSuchObject with the name of the nearest entry above.
func (t *tree) find(n name) (*node, *result) {
	if at := t.nodes[n.key]; at != nil {
		return at, nil
	}
	failed := &result{code: ldap.LDAPResultNoSuchObject}
	for above := n.parent; above != nil; above = above.parent {
		if at := t.nodes[above.key]; at != nil {
			failed.matched = at.name.text
			break
		}
	}
	return nil, failed
}

// entry returns the entry at a name as it is now.
func (t *tree) entry(n name) (*ldif.Entry, *result) {
	t.RLock()
	defer t.RUnlock()
	at, failed := t.find(n)
	if failed != nil {
		return nil, failed
	}
	return &at.record.Entry, nil
}

// insert puts a new entry under its parent, which is there.
func (t *tree) insert(n name, r *record) *node {
	t.serial++
	at := &node{name: n, serial: t.serial, record: r, children: map[*node]struct{}{}}
	t.nodes[n.key] = at
	t.index.replace(at, nil, r)
	t.attach(at)
	return at
}

// attach enters a node among its parent's children.
func (t *tree) attach(at *node) {
	if at.name.parent == nil || t.nodes[at.name.parent.key] == nil {
		return // the suffix
	}
	at.parent = t.nodes[at.name.parent.key]
	at.parent.children[at] = struct{}{}
	t.showSubordinates(at.parent)
}

func (t *tree) detach(at *node) {
	if at.parent == nil {
		return
	}
	delete(at.parent.children, at)
	t.showSubordinates(at.parent)
	at.parent = nil
}

// showSubordinates keeps hasSubordinates true to the tree.
func (t *tree) showSubordinates(at *node) {
	shown := map[bool]string{true: "TRUE", false: "FALSE"}[len(at.children) > 0]
	if at.record.Value("hasSubordinates") != shown {
		r := at.record.clone()
		r.set(t.schema, "hasSubordinates", shown)
		at.record = r
	}
}

// replace puts a new record in an entry's place.
func (t *tree) replace(at *node, r *record) {
	t.index.replace(at, at.record, r)
	at.record = r
}

// remove takes out an entry without children.
func (t *tree) remove(at *node) {
	t.index.replace(at, at.record, nil)
	delete(t.nodes, at.name.key)
	t.detach(at)
}

// move gives an entry a new name, and with it all that is below. It returns the old names with their new ones.
func (t *tree) move(at *node, to name) map[string]name {
	moved := make(map[string]name)
	t.detach(at)
	subtree := at.subtree()
	for _, n := range subtree {
		delete(t.nodes, n.name.key)
	}
	for _, n := range subtree {
		old := n.name
		if n == at {
			n.name = to
		} else {
			text := old.text[:len(old.text)-len(old.parent.text)-1]
			key := old.key[:len(old.key)-len(old.parent.key)-1]
			n.name = name{text: text, key: key, rdn: old.rdn}.below(n.parent.name)
		}
		moved[old.key] = n.name
		t.nodes[n.name.key] = n
		r := n.record.clone()
		r.DN = n.name.text
		r.set(t.schema, "entryDN", n.name.text)
		t.replace(n, r)
	}
	t.attach(at)
	return moved
}

// subtree returns the node and all below it, each after its parent.
func (n *node) subtree() []*node {
	all := []*node{n}
	for i := 0; i < len(all); i++ {
		for child := range all[i].children {
			all = append(all, child)
		}
	}
	return all
}

// scoped returns the nodes that a search covers, oldest first, narrowed by the index where it helps. The caller holds the lock.
func (t *tree) scoped(base *node, scope int, f *ldif.Filter) []*node {
	var found []*node
	set, indexed := ldif.Candidates(f, t.index.lookup)
	switch {
	case scope == ldap.ScopeBaseObject:
		return []*node{base}
	case indexed:
		for n := range set {
			if scope == ldap.ScopeSingleLevel && n.parent == base || scope != ldap.ScopeSingleLevel && n.name.within(base.name) {
				found = append(found, n)
			}
		}
	case scope == ldap.ScopeSingleLevel:
		for n := range base.children {
			found = append(found, n)
		}
	default:
		found = base.subtree()
	}
	slices.SortFunc(found, func(a, b *node) int { return cmp.Compare(a.serial, b.serial) })
	return found
}
