package main

import (
	"errors"
	"fmt"

	"github.com/go-ldap/ldap/v3"
)

// worker sends one request after another. What it changes is its own.
type worker struct {
	*bench
	n         int
	floor     *floor // nil: there is none
	attribute string
	users     []resource
	turn      int
	names     int
	cursor    string

	inside     map[string]bool // its users who are in the group
	blocked    map[string]bool
	group      resource
	groupEntry *ldap.Entry
	entries    map[string]*ldap.Entry // of its users, by id

	made   []asked  // users to remove
	copies []string // logins of entries to delete
}

// usersEach is how many users a worker changes in turn.
const usersEach = 8

// next is the worker's user whose turn it is.
func (w *worker) next() resource {
	u := w.users[w.turn%len(w.users)]
	w.turn++
	return u
}

// someone is a user who was there already, or was made for the run.
func (w *worker) someone() resource {
	w.turn++
	return w.pool[(w.turn*7919+w.n*104729)%len(w.pool)]
}

// newName is a userName that nobody has.
func (w *worker) newName() string {
	w.names++
	return fmt.Sprintf("%s-%d-%d@scimbench.example", w.name, w.n, w.names)
}

func (w *worker) cleanUp() error {
	var faults []error
	for _, user := range w.made {
		faults = append(faults, w.client.undo(user))
	}
	if w.floor == nil {
		return errors.Join(faults...)
	}
	defer w.floor.conn.Close()
	for _, login := range w.copies {
		found, err := w.floor.named(w.floor.Login, login)
		faults = append(faults, err)
		for _, entry := range found {
			faults = append(faults, w.floor.conn.Del(ldap.NewDelRequest(entry.DN, nil)))
		}
	}
	return errors.Join(faults...)
}
