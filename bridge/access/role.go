package access

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/bridge/reason"
)

// Role is what a caller may do.
type Role int

// The roles.
const (
	Provisioner Role = iota // the default
	UsersOnly
	GroupsOnly
	Reader
	Operator // a reader to clients' requests: what operators do besides, they do by commands, with the rights of the machine and the store
)

// right is what a role may do with the resources of a kind.
type right int

const (
	none  right = iota
	read        // GET, and queries by POST
	write       // POST, PUT, PATCH and DELETE too
)

// roles is what each role may: its name, and its right to users, to groups and to the resources of types of the map's own. Discovery and
// /Me are for all. Whoever keeps groups finds their members among the users.
var roles = [...]struct {
	name                  string
	users, groups, others right
}{
	Provisioner: {"provisioner", write, write, write},
	UsersOnly:   {"users-only", write, none, none},
	GroupsOnly:  {"groups-only", read, write, none},
	Reader:      {"reader", read, read, read},
	Operator:    {"operator", read, read, read},
}

func (r Role) String() string { return roles[r].name }

// roleOf is the role of the name; "" names the default.
func roleOf(name string) (Role, bool) {
	if name == "" {
		return Provisioner, true
	}
	for r := range roles {
		if roles[r].name == name {
			return Role(r), true
		}
	}
	return 0, false
}

// noRole says what is wrong with a role's name.
func noRole() string {
	var names []string
	for _, row := range roles {
		names = append(names, row.name)
	}
	return "is not one of " + strings.Join(names, ", ")
}

// reads are the operations that change nothing.
var reads = []string{"get", "query"}

// to is the role's right to a resource type.
func (r Role) to(typ string) right {
	switch typ {
	case "User":
		return roles[r].users
	case "Group":
		return roles[r].groups
	}
	return roles[r].others
}

// Check refuses an operation (get, query, create, patch, replace, delete) on the resource type that the role does not allow.
func (r Role) Check(operation, typ string) error {
	needed := write
	if slices.Contains(reads, operation) {
		needed = read
	}
	if r.to(typ) >= needed {
		return nil
	}
	return &reason.Error{Reason: reason.Role, Detail: fmt.Sprintf("the role %s may %s; it may not %s %s", r, r.may(), operation, typ)}
}

// may says in words what the role may.
func (r Role) may() string {
	row := roles[r]
	var kinds [write + 1][]string
	kinds[row.users] = append(kinds[row.users], "User")
	kinds[row.groups] = append(kinds[row.groups], "Group")
	kinds[row.others] = append(kinds[row.others], "other types")
	var rights []string
	if len(kinds[read]) > 0 {
		rights = append(rights, "read "+strings.Join(kinds[read], ", "))
	}
	if len(kinds[write]) > 0 {
		rights = append(rights, "read and write "+strings.Join(kinds[write], ", "))
	}
	return strings.Join(rights, ", and ")
}
