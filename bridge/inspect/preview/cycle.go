package preview

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

// Run goes through the cycle, in the order of the files: the users, their managers, the groups with their members. each is told how many of
// the rows are done. Faults are of the files.
func Run(ctx context.Context, b Bridge, o Options, each func(done, all int)) (*Forecast, error) {
	c := &cycle{ctx: ctx, bridge: b, each: each, owners: map[string]Line{}, byName: map[string]int{}, dropped: map[string]int{}}
	if err := c.prepare(o); err != nil {
		return nil, err
	}
	if err := c.all(); err != nil {
		return nil, err
	}
	for i := range c.people {
		if err := c.managed(&c.people[i]); err != nil {
			return nil, err
		}
	}
	for i := range c.groups {
		if err := c.group(&c.groups[i]); err != nil {
			return nil, err
		}
		c.step()
	}
	return c.forecast(), nil
}

// cycle is one under way.
type cycle struct {
	ctx    context.Context
	bridge Bridge
	each   func(done, all int)
	done   int

	people []account
	groups []account
	match  []path
	byName map[string]int // the people, by their names and object ids in lower case

	owners  map[string]Line // by the id of the resource: the row that has it
	dropped map[string]int  // paths that the map does not name: how many rows send them
	unled   int             // whose managers get no account
	notes   []string
}

func (c *cycle) step() {
	c.done++
	if c.each != nil {
		c.each(c.done, len(c.people)+len(c.groups))
	}
}

// whole are the reasons for which nothing can be foretold of any row.
var whole = []reason.Reason{
	reason.Unavailable, reason.Unknown, reason.Hidden, reason.MapMismatch, reason.Deadline, reason.Internal, reason.Panic, reason.Role,
}

func (c *cycle) ask(a *account, method, target string, body any) (Answer, error) {
	r := Request{Method: method, Target: target}
	if body != nil {
		r.Body, _ = json.Marshal(body) // maps, lists and texts
	}
	answer, err := c.bridge.Ask(c.ctx, r)
	if err == nil {
		err = c.ctx.Err()
	}
	if err == nil && slices.Contains(whole, answer.Reason) {
		err = fmt.Errorf("%s: %s", answer.Reason, detail(answer))
	}
	if err != nil {
		return answer, fmt.Errorf("%s %s (row %d, %s): %w", a.Type, a.Name, a.Row, method, err)
	}
	for _, path := range answer.Dropped {
		c.dropped[a.Type+" "+path]++
	}
	return answer, nil
}

// person is what becomes of a user, but for the manager.
func (c *cycle) person(a *account) error {
	if found, err := c.find(a, c.match); found || err != nil {
		return err
	}
	if !a.active {
		a.Outcome, a.Why = Skipped, "the user is disabled, and nobody has an account: a disabled user is linked, and not made"
		return nil
	}
	return c.create(a)
}

// find asks for the account by what it is matched by, and has what is found be as the row says. found: there is no more to be done.
func (c *cycle) find(a *account, match []path) (found bool, err error) {
	asked := false
	for _, by := range match {
		text, _ := a.says(by).(string)
		if text == "" {
			continue
		}
		asked = true
		filter := by.text + ` eq "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
		answer, err := c.ask(a, http.MethodGet, a.typ.endpoint+"?"+a.typ.more+"filter="+url.QueryEscape(filter), nil)
		if err != nil {
			return true, err
		}
		var list struct{ Resources []map[string]any }
		if err := json.Unmarshal(answer.Body, &list); answer.Status != http.StatusOK || err != nil {
			a.fails(answer)
			return true, nil
		}
		switch len(list.Resources) {
		case 0:
			continue
		case 1:
			return true, c.link(a, by, list.Resources[0], answer.Found)
		}
		a.Outcome, a.Answer = Ambiguous, answer.Status
		which := cmp.Or(joined(answer.Found), joined(idsOf(list.Resources)))
		a.Why = fmt.Sprintf("%d are found by %s: %s", len(list.Resources), by, few(which))
		return true, nil
	}
	if !asked {
		a.Outcome, a.Why = Refused, "the row has no value to be matched by ("+joined(texts(match))+"): nothing is sent"
		return true, nil
	}
	return false, nil
}

// link has the resource that was found be as the row says.
func (c *cycle) link(a *account, by path, resource map[string]any, dns []string) error {
	id, _ := resource["id"].(string)
	a.Answer = http.StatusOK
	if len(dns) == 1 {
		a.DN = dns[0]
	}
	if owner, is := c.owners[id]; is {
		a.Outcome = Ambiguous
		a.Why = fmt.Sprintf("row %d (%s) finds it by %s too: one of them can have it", owner.Row, owner.Name, by)
		return nil
	}
	a.id, a.resource, a.Outcome = id, resource, Unchanged
	c.owners[id] = a.Line
	var operations []any
	for _, v := range a.values {
		if shown := v.of(resource); !same(shown, v.value) {
			operations = append(operations, operation(v, shown != nil))
		}
	}
	if len(operations) == 0 {
		return nil
	}
	return c.patch(a, "", operations...)
}

// operation is how Entra's default dialect changes a value: with yes and no as texts.
func operation(v value, replace bool) map[string]any {
	op := "Add"
	if replace {
		op = "Replace"
	}
	said := v.value
	if yes, is := said.(bool); is {
		said = map[bool]string{true: "True", false: "False"}[yes]
	}
	return map[string]any{"op": op, "path": v.text, "value": said}
}

// patch changes the resource. what is told of an error beside it; "": nothing.
func (c *cycle) patch(a *account, what string, operations ...any) error {
	answer, err := c.ask(a, http.MethodPatch, a.typ.endpoint+"/"+url.PathEscape(a.id), map[string]any{
		"schemas": []string{scim.PatchOpURN}, "Operations": operations,
	})
	if err != nil {
		return err
	}
	if answer.Status >= http.StatusBadRequest {
		a.fails(answer)
		a.Why = strings.TrimPrefix(what+": "+a.Why, ": ")
		return nil
	}
	a.did(answer)
	if a.Outcome == Unchanged && len(a.Changes) > 0 {
		a.Outcome = Linked
	}
	return nil
}

// create makes the account, or has the bridge link one that it finds by the map's keys.
func (c *cycle) create(a *account) error {
	body := map[string]any{"schemas": a.typ.schemas, "meta": map[string]any{"resourceType": a.typ.name}}
	for _, v := range a.values {
		v.set(body, v.value)
	}
	answer, err := c.ask(a, http.MethodPost, a.typ.endpoint, body)
	if err != nil {
		return err
	}
	if answer.Status >= http.StatusBadRequest {
		a.fails(answer)
		return nil
	}
	a.Outcome = Created
	for _, p := range answer.Plans { // the last is the entry's: counters, and who gives up a name, are written ahead of it
		if len(p.Done) == 0 {
			continue
		}
		if a.DN, a.Outcome = p.DN, Created; p.Before != nil {
			a.Outcome = Linked
		}
	}
	a.did(answer)
	a.id, _ = a.resource["id"].(string)
	c.owners[a.id] = a.Line
	return nil
}

// managed gives a user its manager, once both have accounts.
func (c *cycle) managed(a *account) error {
	if a.manager == "" || a.id == "" {
		return nil
	}
	manager := c.called(a.manager)
	if manager == nil || manager.id == "" {
		c.unled++
		a.Notes = append(a.Notes, "the manager "+a.manager+" has no account: nothing is sent of that")
		return nil
	}
	by, _ := parsePath(managerPath)
	shown, _ := by.of(a.resource).(map[string]any)
	if member(shown, "value") == manager.id {
		return nil
	}
	return c.patch(a, "the manager", operation(value{by, manager.id}, shown != nil))
}

// called is whom a row calls so; nil: nobody.
func (c *cycle) called(name string) *account {
	i, known := c.byName[strings.ToLower(strings.TrimSpace(name))]
	if !known {
		return nil
	}
	return &c.people[i]
}

// atOnce is how many members one request adds. Entra adds them one by one, or some at a time.
const atOnce = 100

// group is what becomes of a group, with its members.
func (c *cycle) group(a *account) error {
	by, _ := parsePath("displayName")
	found, err := c.find(a, []path{by})
	if !found && err == nil {
		err = c.create(a)
	}
	if err != nil || a.id == "" {
		return err
	}
	var ids, without []string
	for _, name := range a.members {
		if m := c.called(name); m != nil && m.id != "" {
			ids = append(ids, m.id)
		} else {
			without = append(without, name)
		}
	}
	if len(without) > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("%d of %d members have no account: %s", len(without), len(a.members), few(joined(without))))
	}
	for some := range slices.Chunk(ids, atOnce) {
		var members []any
		for _, id := range some {
			members = append(members, map[string]any{"value": id})
		}
		add := map[string]any{"op": "Add", "path": membersPath, "value": members}
		if err := c.patch(a, "members", add); err != nil || a.Outcome.IsOpen() {
			return err
		}
	}
	return nil
}

func (c *cycle) forecast() *Forecast {
	f := &Forecast{Users: []Line{}, Groups: []Line{}, Notes: c.notes}
	for _, a := range c.people {
		f.Users = append(f.Users, a.Line)
	}
	for _, a := range c.groups {
		f.Groups = append(f.Groups, a.Line)
	}
	for _, of := range slices.Sorted(maps.Keys(c.dropped)) {
		typ, path, _ := strings.Cut(of, " ")
		f.Notes = append(f.Notes, fmt.Sprintf("%s: the map has no place for %s, which is dropped (%d)", typ, path, c.dropped[of]))
	}
	if c.unled > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d users have a manager who has no account: nothing is sent of that", c.unled))
	}
	return f
}

func idsOf(resources []map[string]any) (ids []string) {
	for _, r := range resources {
		ids = append(ids, fmt.Sprint("id ", r["id"]))
	}
	return ids
}

func texts(paths []path) (all []string) {
	for _, p := range paths {
		all = append(all, p.text)
	}
	return all
}

func joined(names []string) string { return strings.Join(names, " | ") }

// few cuts a list that would be long.
func few(list string) string {
	if names := strings.Split(list, " | "); len(names) > 5 {
		return joined(names[:5]) + fmt.Sprintf(" | %d more", len(names)-5)
	}
	return list
}
