package preview

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// prepare reads the tables.
func (c *cycle) prepare(o Options) error {
	var faults Faults
	match := o.Match
	if len(match) == 0 {
		match = []string{"userName"}
	}
	for _, text := range match {
		p, err := parsePath(text)
		if err != nil {
			return err
		}
		c.match = append(c.match, p)
	}
	from, unknown, err := o.Users.sources(ofUsers, o.Columns)
	if err != nil {
		return err
	}
	c.tellUnknown(o.Users, unknown, "--column")
	c.matches(o.Users, from, &faults)
	full, _ := parsePath(fullName)
	joins := !goesTo(o.Columns.sources(), full)
	active, _ := parsePath("active")
	sent := goesTo(from, active) || goesTo(o.Columns.sources(), active)
	if !sent {
		c.notes = append(c.notes, o.Users.Name+": no column goes to active: everybody is taken for enabled")
	}
	for _, row := range o.Users.Rows {
		a := o.Users.account(users, row, from, &faults)
		if !sent {
			a.values = append(a.values, value{active, true})
		}
		if joins {
			a.joinName()
		}
		c.people = append(c.people, a)
	}
	for i, a := range c.people {
		for _, name := range a.names {
			if _, other := c.byName[name]; !other {
				c.byName[name] = i
			}
		}
	}
	if err := c.prepareGroups(o, &faults); err != nil {
		return err
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// matches reports a path that users are matched by, and no column goes to.
func (c *cycle) matches(t *Table, from []source, faults *Faults) {
	for _, p := range c.match {
		if !goesTo(from, p) {
			faults.add("%s: no column goes to %s, which users are matched by: say --column '%[2]s=Column'; the file has %s",
				t.Name, p, strings.Join(t.Columns, ", "))
		}
	}
}

func goesTo(from []source, p path) bool {
	return slices.ContainsFunc(from, func(s source) bool { return strings.EqualFold(s.text, p.text) })
}

func (c *cycle) tellUnknown(t *Table, unknown []string, flag string) {
	if len(unknown) > 0 {
		c.notes = append(c.notes, fmt.Sprintf("%s: nothing is sent of what is not known: %s; %s says where a column goes, as title=%s",
			t.Name, strings.Join(unknown, ", "), flag, unknown[0]))
	}
}

func (c *cycle) prepareGroups(o Options, faults *Faults) error {
	of := map[string]int{} // the groups by their names and ids
	if o.Groups != nil {
		from, unknown, err := o.Groups.sources(ofGroups, o.GroupColumns)
		if err != nil {
			return err
		}
		c.tellUnknown(o.Groups, unknown, "--group-column")
		if o.Groups.find("displayName") < 0 && !slices.ContainsFunc(from, func(s source) bool { return s.text == "displayName" }) {
			faults.add("%s: no column goes to displayName, which groups are matched by; the file has %s",
				o.Groups.Name, strings.Join(o.Groups.Columns, ", "))
		}
		for _, row := range o.Groups.Rows {
			a := o.Groups.account(teams, row, from, faults)
			if i, again := of[a.key()]; again { // a row for each member
				c.groups[i].members = append(c.groups[i].members, a.members...)
				continue
			}
			of[a.key()] = len(c.groups)
			c.groups = append(c.groups, a)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Members)) {
		t := o.Members[name]
		at := slices.IndexFunc(c.groups, func(a account) bool { return slices.Contains(a.names, strings.ToLower(name)) })
		column := t.find("id", "objectId", "userPrincipalName")
		switch {
		case at < 0 && o.Groups == nil:
			return errors.New("--members is of a group in a file, and there is no --groups")
		case at < 0:
			faults.add("%s: %s has no group %q", t.Name, o.Groups.Name, name)
		case column < 0:
			faults.add("%s: there is no column id or userPrincipalName; the file has %s", t.Name, strings.Join(t.Columns, ", "))
		default:
			for _, row := range t.Rows {
				c.groups[at].members = append(c.groups[at].members, strings.TrimSpace(row.Values[column]))
			}
		}
	}
	return nil
}

// key is what rows of the same group have in common.
func (a *account) key() string {
	if len(a.names) == 0 {
		return fmt.Sprint("row ", a.Row)
	}
	return a.names[0]
}

// account reads a row.
func (t *Table) account(k kind, row Row, from []source, faults *Faults) account {
	a := account{Line: Line{Row: row.Line, Type: k.name}, typ: k, active: true}
	for _, s := range from {
		exact := row.Values[s.column]
		text := strings.TrimSpace(exact)
		if text == "" {
			continue // Entra sends nothing of what is not there
		}
		switch s.text {
		case managerPath:
			a.manager = text
			continue
		case membersPath:
			a.members = append(a.members, strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(";,|\n\r ", r) })...)
			continue
		case "active":
			yes, known := truths[strings.ToLower(text)]
			if !known {
				faults.add("%s:%d: %s: %q is neither True nor False", t.Name, row.Line, t.column(s.column), text)
			}
			a.active = yes
			a.values = append(a.values, value{s.path, yes})
			continue
		case "userName":
			a.names = append(a.names, strings.ToLower(text))
			exact = ofGuest(exact)
			a.Name = exact
		case "displayName":
			if k.name == teams.name {
				a.Name = text
				a.names = append(a.names, strings.ToLower(text))
			}
		}
		a.values = append(a.values, value{s.path, exact})
	}
	if i := t.find("id", "objectId"); i >= 0 {
		if id := strings.ToLower(strings.TrimSpace(row.Values[i])); id != "" {
			a.names = append([]string{id}, a.names...)
		}
	}
	return a
}

// ofGuest is the userPrincipalName as Entra sends it: of a guest without #EXT# and the domain behind it.
func ofGuest(name string) string {
	if before, _, is := strings.Cut(name, "#EXT#"); is {
		return before
	}
	return name
}

// joinName adds the whole name, which Entra joins of the two.
func (a *account) joinName() {
	full, _ := parsePath(fullName)
	given, _ := parsePath("name.givenName")
	family, _ := parsePath("name.familyName")
	first, _ := a.says(given).(string)
	last, _ := a.says(family).(string)
	if first != "" && last != "" && a.says(full) == nil {
		a.values = append(a.values, value{full, first + " " + last})
	}
}
