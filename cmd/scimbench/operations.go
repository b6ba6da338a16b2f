package main

import (
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"
)

// operation is what is measured.
type operation struct {
	name  string
	scim  func(*worker) error
	floor func(*worker) error // what it comes to in the directory, as few operations as can do it; nil: it is not measured there
	group int                 // members of the worker's group; 0: it needs none
}

// operations are all of them, in the order of the report.
var operations = []operation{
	{
		name:  "query-hit",
		scim:  func(w *worker) error { return w.client.find(w.someone().UserName, 1) },
		floor: func(w *worker) error { _, err := w.floor.find(w.floor.Login, w.someone().UserName, 1); return err },
	},
	{
		name:  "query-miss",
		scim:  func(w *worker) error { return w.client.find(w.newName(), 0) },
		floor: func(w *worker) error { _, err := w.floor.find(w.floor.Login, w.newName(), 0); return err },
	},
	{
		name: "get",
		scim: func(w *worker) error {
			return w.client.ask(fasthttp.StatusOK, fasthttp.MethodGet, "/Users/"+w.someone().ID, "", nil)
		},
		floor: func(w *worker) error { _, err := w.floor.find(w.floor.ID, w.someone().ID, 1); return err },
	},
	{name: "create", scim: (*worker).create, floor: (*worker).copy},
	{
		name: "patch",
		scim: func(w *worker) error {
			return w.client.patch(fasthttp.StatusOK, "/Users/"+w.next().ID,
				fmt.Sprintf(`{"op":"replace","path":%q,"value":%q}`, w.attribute, w.newName()))
		},
		floor: func(w *worker) error { return w.floor.replace(w.next().ID, w.newName()) },
	},
	{
		name: "disable",
		scim: func(w *worker) error {
			id := w.next().ID
			w.blocked[id] = !w.blocked[id]
			return w.client.patch(fasthttp.StatusOK, "/Users/"+id,
				fmt.Sprintf(`{"op":"replace","path":"active","value":%t}`, !w.blocked[id]))
		},
		floor: func(w *worker) error { return w.floor.replace(w.next().ID, w.newName()) },
	},
	{name: "member-of-1", group: 1, scim: (*worker).join, floor: (*worker).joinDirectly},
	{name: "member-of-1000", group: 1000, scim: (*worker).join, floor: (*worker).joinDirectly},
	{name: "member-of-10000", group: 10000, scim: (*worker).join, floor: (*worker).joinDirectly},
	{name: "list-by-index", scim: func(w *worker) error { return w.page("startIndex=" + strconv.Itoa(1+w.turn*7919*pageSize%w.total)) }},
	{name: "list-by-cursor", scim: func(w *worker) error { return w.page("cursor=" + w.cursor) }},
	{name: "entra-cycle", group: 1, scim: (*worker).cycle},
}

// pageSize is how many resources a page of a list has.
const pageSize = 100

// page reads a page of all users.
func (w *worker) page(from string) error {
	w.turn++
	var l list
	err := w.client.ask(fasthttp.StatusOK, fasthttp.MethodGet, fmt.Sprintf("/Users?count=%d&%s", pageSize, from), "", &l)
	w.cursor = l.NextCursor
	return err
}

func (w *worker) create() error {
	_, err := w.newUser(w.newName())
	return err
}

func (w *worker) newUser(name string) (resource, error) {
	return w.client.create(&w.made, userNamed(name), user(name))
}

func (w *worker) copy() error {
	name := w.newName()
	w.copies = append(w.copies, name)
	return w.floor.copy(w.template, name)
}

// join adds one of the worker's users to its group, or takes it out.
func (w *worker) join() error {
	u := w.next()
	if w.inside[u.ID] = !w.inside[u.ID]; w.inside[u.ID] {
		return w.client.patch(fasthttp.StatusNoContent, "/Groups/"+w.group.ID,
			fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, u.ID))
	}
	return w.client.patch(fasthttp.StatusNoContent, "/Groups/"+w.group.ID,
		fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, u.ID))
}

func (w *worker) joinDirectly() error {
	u := w.next()
	entry := w.entries[u.ID]
	w.inside[u.ID] = !w.inside[u.ID]
	return w.floor.member(w.groupEntry, entry, w.inside[u.ID])
}

// cycle is a person's life as Entra tells it: looked for, made, found, changed, made a member, disabled and deleted.
func (w *worker) cycle() error {
	name := w.newName()
	if err := w.client.find(name, 0); err != nil {
		return err
	}
	made, err := w.newUser(name)
	if err != nil {
		return err
	}
	path := "/Users/" + made.ID
	for _, step := range []func() error{
		func() error { return w.client.find(name, 1) },
		func() error {
			return w.client.patch(fasthttp.StatusOK, path, `{"op":"Replace","path":"displayName","value":"Of A Cycle"},`+
				`{"op":"Add","path":"emails[type eq \"work\"].value","value":"`+name+`"}`)
		},
		func() error {
			return w.client.patch(fasthttp.StatusNoContent, "/Groups/"+w.group.ID,
				fmt.Sprintf(`{"op":"Add","path":"members","value":[{"value":%q}]}`, made.ID))
		},
		func() error {
			return w.client.ask(fasthttp.StatusOK, fasthttp.MethodGet,
				"/Groups/"+w.group.ID+"?excludedAttributes=members", "", nil)
		},
		func() error {
			return w.client.patch(fasthttp.StatusOK, path, `{"op":"Replace","path":"active","value":"False"}`)
		},
		func() error { return w.client.remove(path) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	w.made = w.made[:len(w.made)-1]
	return nil
}

// user is the content of a user as identity providers send one.
func user(name string) string {
	return fmt.Sprintf(`"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%[1]q,"active":true,`+
		`"displayName":"Bench Mark","title":"Clerk","name":{"givenName":"Bench","familyName":"Mark","formatted":"Bench Mark"},`+
		`"emails":[{"primary":true,"type":"work","value":%[1]q}]`, name)
}
