package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/valyala/fasthttp"
)

// bench is a run: what was made for it, and the workers.
type bench struct {
	line     commandLine
	client   *client
	log      io.Writer
	name     string           // of the run, in the names of all that it makes
	total    int              // users there are
	pool     []resource       // of them
	groups   map[int]resource // by their number of members
	made     []asked          // groups to remove
	workers  []*worker
	template *ldap.Entry
}

// measure does the whole run, and removes what it made. What was measured is told also where that fails.
func measure(ctx context.Context, line commandLine, log io.Writer) (r *report, err error) {
	b, err := newBench(line, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.cleanUp()) }()
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	r = &report{Users: b.total}
	for _, concurrency := range line.Concurrency {
		rows := b.rows(concurrency)
		for round := range line.Rounds {
			fmt.Fprintf(log, "%d at a time, round %d of %d\n", concurrency, round+1, line.Rounds)
			if err := b.round(ctx, rows); err != nil {
				return nil, err
			}
		}
		r.Rows = append(r.Rows, rows...)
	}
	return r, nil
}

// runName begins the name of each run.
const runName = "scimbench-"

// newBench is a run that has made nothing yet.
func newBench(line commandLine, log io.Writer) (*bench, error) {
	trusted, err := trust(line.CAFile)
	if err != nil {
		return nil, err
	}
	b := &bench{line: line, log: log, name: runName + strings.ToLower(rand.Text()[:8]), groups: map[int]resource{}}
	if b.client, err = newClient(line.URL, line.TokenFile, trusted); err != nil {
		return nil, err
	}
	for n := range slices.Max(line.Concurrency) {
		w := &worker{
			bench: b, n: n, attribute: line.Attribute,
			inside: map[string]bool{}, blocked: map[string]bool{}, entries: map[string]*ldap.Entry{},
		}
		b.workers = append(b.workers, w)
		if line.LDAP.URL != "" {
			if w.floor, err = line.LDAP.open(trusted); err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", line.LDAP.URL, err), b.cleanUp())
			}
		}
	}
	return b, nil
}

// rows are the operations to be measured, nothing measured yet.
func (b *bench) rows(concurrency int) []*row {
	var rows []*row
	for _, o := range operations {
		if len(b.line.Operations) == 0 || slices.Contains(b.line.Operations, o.name) {
			rows = append(rows, &row{Operation: o.name, Concurrency: concurrency, Errors: map[string]int{}, operation: o})
		}
	}
	return rows
}

// round measures each operation once, and right after it what it comes to in the directory.
func (b *bench) round(ctx context.Context, rows []*row) error {
	for _, row := range rows {
		o := row.operation
		if o.group > len(b.pool) {
			row.Skipped = fmt.Sprintf("needs %d users, there are %d", o.group, len(b.pool))
			continue
		}
		if err := b.enter(ctx, o); err != nil {
			return err
		}
		served := b.phase(ctx, row.Concurrency, o.scim)
		direct := phase{}
		if o.floor != nil && b.workers[0].floor != nil {
			direct = b.phase(ctx, row.Concurrency, o.floor)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		row.add(served, direct)
	}
	return nil
}

// prepare makes what the workers change, and reads who is there.
func (b *bench) prepare(ctx context.Context) error {
	for _, w := range b.workers {
		for range usersEach {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			u, err := w.newUser(w.newName())
			if err != nil {
				return err
			}
			w.users = append(w.users, u)
			if w.floor != nil {
				found, err := w.floor.find(w.floor.ID, u.ID, 1)
				if err != nil {
					return fmt.Errorf("the user that was made: %w", err)
				}
				w.entries[u.ID], b.template = found[0], found[0]
			}
		}
	}
	return b.meet(ctx)
}

// poolSize is how many of the users who are there are read and asked for: as many as the largest group has members.
const poolSize = 10_000

// meet reads users from all over the list.
func (b *bench) meet(ctx context.Context) error {
	size := 1000
	for n, pages := 0, 1; n < pages; n++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		start := n * max(size, b.total/pages)
		var page list
		path := fmt.Sprintf("/Users?attributes=userName&count=%d&startIndex=%d", size, 1+start)
		if err := b.client.ask(fasthttp.StatusOK, fasthttp.MethodGet, path, "", &page); err != nil {
			return err
		}
		b.pool = append(b.pool, page.Resources...)
		if n > 0 {
			continue
		}
		if len(page.Resources) == 0 {
			return errors.New("GET /Users: nobody is listed, though users were made")
		}
		size, b.total = len(page.Resources), page.TotalResults // a server may have smaller pages
		pages = (min(b.total, poolSize) + size - 1) / size
	}
	return nil
}

// enter has the workers ready for an operation: its group is made where it is not there.
func (b *bench) enter(ctx context.Context, o operation) error {
	if o.group == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	group, made := b.groups[o.group]
	if !made {
		fmt.Fprintf(b.log, "a group of %d\n", o.group)
		name := fmt.Sprintf("%s-%d", b.name, o.group)
		wanted := asked{endpoint: "/Groups", attribute: "displayName", name: name}
		var err error
		if group, err = b.client.create(&b.made, wanted, fmt.Sprintf(`"displayName":%q`, name)); err != nil {
			return err
		}
		b.groups[o.group] = group
		for chunk := range slices.Chunk(b.pool[:o.group], 500) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var values []string
			for _, u := range chunk {
				values = append(values, fmt.Sprintf(`{"value":%q}`, u.ID))
			}
			operation := `{"op":"add","path":"members","value":[` + strings.Join(values, ",") + `]}`
			if err := b.client.patch(fasthttp.StatusNoContent, "/Groups/"+group.ID, operation); err != nil {
				return err
			}
		}
	}
	for _, w := range b.workers {
		if w.group == group {
			continue
		}
		w.group, w.inside = group, map[string]bool{}
		for _, u := range w.users { // who may be in the pool too
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := b.client.patch(fasthttp.StatusNoContent, "/Groups/"+group.ID,
				fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, u.ID)); err != nil {
				return err
			}
		}
		if w.floor != nil {
			found, err := w.floor.find(w.floor.Name, fmt.Sprintf("%s-%d", b.name, o.group), 1)
			if err != nil {
				return fmt.Errorf("the group that was made: %w", err)
			}
			w.groupEntry = ldap.NewEntry(found[0].DN, map[string][]string{w.floor.ID: {group.ID}})
		}
	}
	return nil
}

// phase is what came of one operation in one round.
type phase struct {
	took   []time.Duration
	errors map[string]int
	rate   float64 // a second; 0: it was not measured
}

// phase has some of the workers do an operation until its time is over, each once at the least, however short that is.
func (b *bench) phase(caller context.Context, concurrency int, do func(*worker) error) phase {
	ctx, cancel := context.WithTimeout(caller, b.line.Duration)
	defer cancel()
	p := phase{errors: map[string]int{}}
	var mu sync.Mutex
	var wait sync.WaitGroup
	begun := time.Now()
	for _, w := range b.workers[:concurrency] {
		wait.Go(func() {
			var took []time.Duration
			errors := map[string]int{}
			for once := false; ctx.Err() == nil || !once && caller.Err() == nil; once = true {
				begun := time.Now()
				if err := do(w); err != nil {
					errors[err.Error()]++
					time.Sleep(time.Millisecond)
					continue
				}
				took = append(took, time.Since(begun))
			}
			mu.Lock()
			defer mu.Unlock()
			p.took = append(p.took, took...)
			for text, n := range errors {
				p.errors[text] += n
			}
		})
	}
	wait.Wait()
	p.rate = float64(len(p.took)) / time.Since(begun).Seconds()
	return p
}

// cleanUp removes what the run made.
func (b *bench) cleanUp() error {
	var faults []error
	for _, group := range b.made {
		faults = append(faults, b.client.undo(group))
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	for _, w := range b.workers {
		wait.Go(func() {
			fault := w.cleanUp()
			mu.Lock()
			defer mu.Unlock()
			faults = append(faults, fault)
		})
	}
	wait.Wait()
	if fault := counted(faults); fault != nil {
		return fmt.Errorf("not all that was made is removed; once that is mended, --remove %s removes the rest:\n%w", b.name, fault)
	}
	return nil
}

// counted is each fault once, with how often it came; nil: there is none.
func counted(faults []error) error {
	times := map[string]int{}
	for _, fault := range each(errors.Join(faults...)) {
		times[fault.Error()]++
	}
	var texts []string
	for _, text := range slices.Sorted(maps.Keys(times)) {
		texts = append(texts, fmt.Sprintf("%d times %s", times[text], text))
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(strings.Join(texts, "\n"))
}

// each are the faults that one joins, or it alone.
func each(fault error) (faults []error) {
	joined, is := fault.(interface{ Unwrap() []error })
	if !is {
		return slices.DeleteFunc([]error{fault}, func(err error) bool { return err == nil })
	}
	for _, one := range joined.Unwrap() {
		faults = append(faults, each(one)...)
	}
	return faults
}
