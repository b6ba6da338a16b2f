package bridge

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"scimbridge/scim"
)

// bulkWorkers is how many operations of a bulk request are under way at a time.
const bulkWorkers = 8

// bulk is a bulk request on its way.
type bulk struct {
	b    *Bridge
	call Call
	ops  []*bulkOp // in the order of the request

	mu      sync.Mutex
	ids     map[string]string // bulkId -> the id that it came to; absent where it failed
	dropped int
}

// bulkOp is one operation on its way.
type bulkOp struct {
	scim.BulkStep
	index  int // in the request
	done   chan struct{}
	result *scim.BulkResult // nil: not tried
}

func newBulk(b *Bridge, c Call, steps []scim.BulkStep) *bulk {
	c.IfMatch, c.IfNoneMatch = "", "" // of the bulk request; an operation has its version
	u := &bulk{b: b, call: c, ids: map[string]string{}}
	for i, step := range steps {
		u.ops = append(u.ops, &bulkOp{BulkStep: step, index: i, done: make(chan struct{})})
	}
	return u
}

// sideBySide does every operation as soon as what it waits for is done.
func (u *bulk) sideBySide(ctx context.Context) {
	var running sync.WaitGroup
	slots := make(chan struct{}, bulkWorkers)
	for _, op := range u.ops {
		running.Go(func() {
			defer close(op.done)
			for _, before := range op.Waits {
				<-u.ops[before].done
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			u.do(ctx, op)
		})
	}
	running.Wait()
}

func (u *bulk) deletesAmongOthers() bool {
	deletes := func(op *bulkOp) bool { return op.Method == http.MethodDelete }
	return slices.ContainsFunc(u.ops, deletes) && slices.ContainsFunc(u.ops, func(op *bulkOp) bool { return !deletes(op) })
}

// inOrder does the operations in the order of the request, those that wait behind what they wait for, until so many have failed (0: to the
// end).
func (u *bulk) inOrder(ctx context.Context, failOnErrors int) {
	failed := 0
	tried := map[*bulkOp]bool{}
	var visit func(op *bulkOp)
	visit = func(op *bulkOp) {
		if tried[op] {
			return
		}
		tried[op] = true
		for _, before := range op.Waits {
			visit(u.ops[before])
		}
		if failOnErrors > 0 && failed >= failOnErrors {
			return
		}
		u.do(ctx, op)
		if op.failed() {
			failed++
		}
	}
	for _, op := range u.ops {
		visit(op)
	}
}
