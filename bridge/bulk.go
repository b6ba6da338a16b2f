package bridge

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

// bulkWorkers is how many operations of a bulk request are under way at a time.
const bulkWorkers = 8

// tooLarge says that a bulk request is larger than announced (RFC 7644 §3.7.3).
func tooLarge(format string, limit int) error {
	return &reason.Error{Reason: reason.Payload, Detail: fmt.Sprintf(format, limit)}
}

// unresolved says that a reference to a bulkId came to nothing.
func unresolved(id string) error {
	return &reason.Error{
		Reason: reason.BulkReference, Detail: fmt.Sprintf("bulkId:%s names no resource: its operation is missing or failed", id),
	}
}

// BulkResult is a BulkResponse's content (RFC 7644 §3.7).
type BulkResult struct {
	Operations []scim.BulkResult // in the order of the request, without those that were left undone
	Dropped    int               // attributes of the request that the map does not name
}

// Bulk does the operations of a bulk request (RFC 7644 §3.7): what refers to the result of another waits for it, what concerns one resource
// or claims what another frees goes in order, and the rest goes side by side. All goes in order with failOnErrors, so that it is clear what
// was left undone, and where something is deleted beside other operations: that frees names, and takes away what others refer to.
func (b *Bridge) Bulk(ctx context.Context, c Call, body []byte) (*BulkResult, error) {
	if len(body) > b.limits.BulkPayload {
		return nil, tooLarge("the bulk request has more than maxPayloadSize, %d octets", b.limits.BulkPayload)
	}
	request, err := scim.ParseBulk(body, b.dialect)
	if err != nil {
		return nil, err
	}
	if len(request.Operations) > b.limits.BulkOperations {
		return nil, tooLarge("the bulk request has more than maxOperations, %d operations", b.limits.BulkOperations)
	}
	u := newBulk(b, c, request.Steps(b.claims(ctx)))
	if request.FailOnErrors > 0 || u.deletesAmongOthers() {
		u.inOrder(ctx, request.FailOnErrors)
	} else {
		u.sideBySide(ctx)
	}
	u.closeCircles(ctx)
	result := &BulkResult{Dropped: u.dropped}
	for _, op := range u.ops {
		if op.result != nil {
			result.Operations = append(result.Operations, *op.result)
		}
	}
	return result, nil
}

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
	done   chan struct{}
	result *scim.BulkResult // nil: not tried
}

func newBulk(b *Bridge, c Call, steps []scim.BulkStep) *bulk {
	c.IfMatch, c.IfNoneMatch = "", "" // of the bulk request; an operation has its version
	u := &bulk{b: b, call: c, ids: map[string]string{}}
	for _, step := range steps {
		u.ops = append(u.ops, &bulkOp{BulkStep: step, done: make(chan struct{})})
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
