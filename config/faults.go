package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Faults is everything that is wrong with a configuration, in the file's order; what the environment did wrong comes last.
type Faults []Fault

// Fault is one thing that is wrong.
type Fault struct {
	Origin  string // file:line:column, or the environment variable
	Path    string // the key: resources[0].attributes[2].ldap
	Problem string
	// Absent says that it is of a secret, or a file, that is not here: a map can be judged where its secrets are not.
	Absent bool
}

func (f Fault) String() string {
	if f.Path == "" {
		return f.Origin + ": " + f.Problem
	}
	return f.Origin + ": " + f.Path + ": " + f.Problem
}

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// reader reads the file and the environment, remembers where each key came from, and collects the faults.
type reader struct {
	file string
	// unreadable says that there is nothing that a room could look at.
	unreadable bool
	origins    map[string]origin // by key path
	faults     []located         // of the reading
	doubts     []located         // of the rooms
	unread     map[string]string // keys of the file that name a file, by path, and the variables that take their places
}

// origin is where a key was set: a place in the file, or a variable.
type origin struct {
	line, column int
	variable     string
}

type located struct {
	origin
	path, problem string
	meant         []string // the paths of the keys that may have been meant
	absent        bool
}

// fault records a fault of the reading itself, which stands at a known place.
func (r *reader) fault(at origin, path, problem string) {
	r.faults = append(r.faults, located{origin: at, path: path, problem: problem})
}

// doubt records what a room found, at its key or the nearest one above that was set. What only follows from a fault of the reading, as
// that a misspelt key is missing, is not repeated.
func (r *reader) doubt(path, problem string, absent bool) {
	for _, f := range r.faults {
		if f.path != "" && (within(path, f.path) || parent(f.path) == path) ||
			slices.ContainsFunc(f.meant, func(meant string) bool { return within(path, meant) }) {
			return
		}
	}
	r.doubts = append(r.doubts, located{origin: r.nearest(path), path: path, problem: problem, absent: absent})
}

// nearest is where the key was set, or the nearest one above it.
func (r *reader) nearest(path string) origin {
	for near := path; near != ""; near = parent(near) {
		if set, ok := r.origins[near]; ok {
			return set
		}
	}
	return origin{line: 1, column: 1}
}

func (r *reader) place(at origin) string {
	if at.variable != "" {
		return at.variable
	}
	return fmt.Sprintf("%s:%d:%d", r.file, at.line, at.column)
}

// inOrder returns the faults: the file's in its order, then the environment's by name. Where sections are named, those of others are left
// out, but for what may have been meant for one of these.
func (r *reader) inOrder(sections []string) Faults {
	found := slices.DeleteFunc(slices.Concat(r.faults, r.doubts), func(f located) bool {
		return len(sections) > 0 && f.path != "" && !slices.ContainsFunc(sections, func(section string) bool {
			return within(f.path, section) || slices.ContainsFunc(f.meant, func(meant string) bool { return within(meant, section) })
		})
	})
	slices.SortStableFunc(found, func(a, b located) int {
		return cmp.Or(cmp.Compare(a.variable, b.variable), cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	var all Faults
	for _, f := range found {
		all = append(all, Fault{r.place(f.origin), f.path, f.problem, f.absent})
	}
	return all
}

// parent is the path of the key above: resources[0].base, resources[0], resources, "".
func parent(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// within says whether path is key or lies below it.
func within(path, key string) bool {
	rest, ok := strings.CutPrefix(path, key)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
