package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
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

// Bulk does the operations of a bulk request (RFC 7644 §3.7): what refers to the result of another waits for it, what concerns one
// resource goes in order, and the rest goes side by side. All goes in order with failOnErrors, so that it is clear what was left undone, and where
// something is deleted beside other operations: that frees names, and takes away what others refer to. The answer names the operations in the order
// of the request.
func (b *Bridge) Bulk(ctx context.Context, c Call, body []byte) (*scim.BulkResponse, error) {
	if len(body) > b.limits.BulkPayload {
		return nil, tooLarge("the bulk request has more than maxPayloadSize, %d octets", b.limits.BulkPayload)
	}
	request, err := scim.ParseBulk(body)
	if err != nil {
		return nil, err
	}
	if b.strict() {
		if err := request.CheckStrict(); err != nil {
			return nil, err
		}
	}
	if len(request.Operations) > b.limits.BulkOperations {
		return nil, tooLarge("the bulk request has more than maxOperations, %d operations", b.limits.BulkOperations)
	}
	u := newBulk(b, c, request)
	if request.FailOnErrors > 0 || u.deletesAmongOthers() {
		u.inOrder(ctx, request.FailOnErrors)
	} else {
		u.sideBySide(ctx)
	}
	response := scim.NewBulkResponse()
	for _, op := range u.ops {
		if op.result != nil {
			response.Operations = append(response.Operations, *op.result)
		}
	}
	return response, nil
}

// strict says that clients are held to the RFCs.
func (b *Bridge) strict() bool {
	return len(b.compiled.Types) > 0 && b.compiled.Types[0].ResourceType().Strict
}

// bulk is a bulk request on its way.
type bulk struct {
	b    *Bridge
	call Call
	ops  []*bulkOp

	mu  sync.Mutex
	ids map[string]string // bulkId -> the id that it came to; "" where it failed
}

// bulkOp is one operation with what it waits for.
type bulkOp struct {
	scim.BulkOperation
	waits  []*bulkOp // what must be done before
	circle []string  // bulkIds that it refers to and cannot wait for: they wait for it in turn
	done   chan struct{}
	result *scim.BulkResult
}

func newBulk(b *Bridge, c Call, request *scim.BulkRequest) *bulk {
	c.IfMatch, c.IfNoneMatch = "", "" // of the bulk request; an operation has its version
	u := &bulk{b: b, call: c, ids: map[string]string{}}
	makers := map[string]*bulkOp{}
	for _, o := range request.Operations {
		op := &bulkOp{BulkOperation: o, done: make(chan struct{})}
		u.ops = append(u.ops, op)
		if o.BulkID != "" && o.Method == http.MethodPost {
			makers[o.BulkID] = op
		}
	}
	last := map[string]*bulkOp{} // by resource
	for _, op := range u.ops {
		if op.Method != http.MethodPost {
			key := strings.ToLower(strings.Trim(op.Path, "/"))
			if before := last[key]; before != nil {
				op.waits = append(op.waits, before)
			}
			last[key] = op
		}
		for _, id := range op.References() {
			maker := makers[id]
			switch {
			case maker == nil || maker == op:
				op.circle = append(op.circle, id)
			case maker.reaches(op):
				op.circle = append(op.circle, id)
			default:
				op.waits = append(op.waits, maker)
			}
		}
	}
	return u
}

// reaches says whether op waits, through any number of others, for target.
func (op *bulkOp) reaches(target *bulkOp) bool {
	seen := map[*bulkOp]bool{}
	var visit func(*bulkOp) bool
	visit = func(o *bulkOp) bool {
		if o == target {
			return true
		}
		if seen[o] {
			return false
		}
		seen[o] = true
		return slices.ContainsFunc(o.waits, visit)
	}
	return visit(op)
}

// sideBySide does every operation as soon as what it waits for is done.
func (u *bulk) sideBySide(ctx context.Context) {
	var running sync.WaitGroup
	slots := make(chan struct{}, bulkWorkers)
	for _, op := range u.ops {
		running.Go(func() {
			defer close(op.done)
			for _, before := range op.waits {
				<-before.done
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			u.do(ctx, op)
		})
	}
	running.Wait()
	u.closeCircles(ctx)
}

func (u *bulk) deletesAmongOthers() bool {
	deletes := func(op *bulkOp) bool { return op.Method == http.MethodDelete }
	return slices.ContainsFunc(u.ops, deletes) && slices.ContainsFunc(u.ops, func(op *bulkOp) bool { return !deletes(op) })
}

// inOrder does the operations in the order of the request, those that wait behind what they wait for, until so many have failed (0: to the end).
func (u *bulk) inOrder(ctx context.Context, failOnErrors int) {
	failed := 0
	tried := map[*bulkOp]bool{}
	var visit func(op *bulkOp)
	visit = func(op *bulkOp) {
		if tried[op] {
			return
		}
		tried[op] = true
		for _, before := range op.waits {
			visit(before)
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
	u.closeCircles(ctx)
}

func (op *bulkOp) failed() bool { return op.result != nil && op.result.Response != nil }

// do does one operation. References that go in a circle are left out of a POST, and follow when their targets are there.
func (u *bulk) do(ctx context.Context, op *bulkOp) {
	defer func() {
		if value := recover(); value != nil { // beside the request's own goroutine it would end the process
			u.fail(op, fmt.Errorf("panic: %v\n%s", value, debug.Stack()))
		}
	}()
	path, data, err := u.resolved(op)
	if err != nil {
		u.fail(op, err)
		return
	}
	op.result = &scim.BulkResult{Method: op.Method, BulkID: op.BulkID}
	call := u.call
	call.IfMatch = op.Version
	typ, id, err := u.b.target(ctx, path)
	if err != nil {
		u.fail(op, err)
		return
	}
	var r *Result
	status := http.StatusOK
	switch {
	case op.Method == http.MethodPost && id == "":
		if r, err = u.b.Create(ctx, call, typ, data, View{}); err == nil {
			status = http.StatusCreated
			u.mu.Lock()
			u.ids[op.BulkID], _ = r.Resource["id"].(string)
			u.mu.Unlock()
		}
	case op.Method == http.MethodPut && id != "":
		r, err = u.b.Replace(ctx, call, typ, id, data, View{})
	case op.Method == http.MethodPatch && id != "":
		r, err = u.b.Patch(ctx, call, typ, id, data, View{})
	case op.Method == http.MethodDelete && id != "":
		r, err = &Result{Location: u.b.location(call, u.b.compiled.Type(typ), id)}, u.b.Delete(ctx, call, typ, id)
	default:
		err = &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s %s is no operation", op.Method, path)}
	}
	if err != nil {
		u.fail(op, err)
		return
	}
	if r.Resource == nil {
		status = http.StatusNoContent
	}
	op.result.Location, op.result.Version, op.result.Status = r.Location, r.Version, strconv.Itoa(status)
}

// target finds the resource type, and the id if there is one, that a bulk path names.
func (b *Bridge) target(ctx context.Context, path string) (typ, id string, err error) {
	endpoint, id, _ := strings.Cut(strings.Trim(path, "/"), "/")
	for _, rt := range b.Types(ctx) {
		if strings.EqualFold(strings.Trim(rt.Endpoint, "/"), endpoint) {
			return rt.Name, id, nil
		}
	}
	return "", "", &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("path %q names no endpoint", path)}
}

// resolved puts ids in place of the bulkIds in the path and the data. One whose operation failed is a fault of its own (RFC 7644 §3.7.2: 409).
func (u *bulk) resolved(op *bulkOp) (path string, data []byte, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, id := range op.References() {
		if u.ids[id] == "" && !(op.Method == http.MethodPost && slices.Contains(op.circle, id) && u.makes(id)) {
			return "", nil, unresolved(id)
		}
	}
	value := op.Data
	if op.Method == http.MethodPost && len(op.circle) > 0 {
		value, _ = without(value, op.circle)
	}
	data, err = json.Marshal(replaced(value, u.ids))
	path, _ = replaced(op.Path, u.ids).(string)
	return path, data, err
}

// makes says whether an operation of the request makes the bulkId.
func (u *bulk) makes(id string) bool {
	return slices.ContainsFunc(u.ops, func(op *bulkOp) bool { return op.BulkID == id && op.Method == http.MethodPost })
}

// unresolved says that a reference to a bulkId came to nothing.
func unresolved(id string) error {
	return &reason.Error{
		Reason: reason.BulkReference, Detail: fmt.Sprintf("bulkId:%s names no resource: its operation is missing or failed", id),
	}
}

// closeCircles adds to the resources what they could not refer to when they were made.
func (u *bulk) closeCircles(ctx context.Context) {
	for _, op := range u.ops {
		if op.Method != http.MethodPost || len(op.circle) == 0 || op.result == nil || op.failed() {
			continue
		}
		_, taken := without(op.Data, op.circle)
		for _, id := range op.circle {
			if u.ids[id] == "" {
				u.fail(op, unresolved(id))
			}
		}
		if op.failed() {
			continue
		}
		body, err := json.Marshal(map[string]any{
			"schemas":    []string{scim.PatchOpURN},
			"Operations": []any{map[string]any{"op": "add", "value": replaced(taken, u.ids)}},
		})
		typ, _, targetErr := u.b.target(ctx, op.Path)
		if err == nil {
			err = targetErr
		}
		if err == nil {
			var r *Result
			if r, err = u.b.Patch(ctx, u.call, typ, u.ids[op.BulkID], body, View{}); err == nil && r.Version != "" {
				op.result.Version = r.Version
			}
		}
		if err != nil {
			u.fail(op, err)
		}
	}
}

func (u *bulk) fail(op *bulkOp, err error) {
	f := Explain(err)
	if f.Status >= http.StatusInternalServerError { // the request itself does not fail
		u.b.log.Warn("bulk operation failed", "request", u.call.RequestID, "method", op.Method, "bulkId", op.BulkID, "status", f.Status, "reason", f.Reason, "error", err)
	}
	result := scim.BulkResult{Method: op.Method, BulkID: op.BulkID, Status: strconv.Itoa(f.Status)}
	if op.result != nil {
		result.Location = op.result.Location
	}
	if op.Method != http.MethodPost && result.Location == "" {
		result.Location = u.call.BaseURL + "/" + strings.Trim(op.Path, "/")
	}
	message := scim.NewErrorMessage(f.Status, f.ScimType, f.Detail)
	result.Response = &message
	op.result = &result
}

const bulkPrefix = "bulkId:"

// replaced puts ids in place of `bulkId:x`, wherever it stands as a whole text, and in a path as one segment.
func replaced(value any, ids map[string]string) any {
	switch v := value.(type) {
	case string:
		parts := strings.Split(v, "/")
		for i, part := range parts {
			if id, ok := strings.CutPrefix(part, bulkPrefix); ok && ids[id] != "" {
				parts[i] = ids[id]
			}
		}
		return strings.Join(parts, "/")
	case map[string]any:
		result := make(map[string]any, len(v))
		for name, inner := range v {
			result[name] = replaced(inner, ids)
		}
		return result
	case []any:
		result := make([]any, len(v))
		for i, inner := range v {
			result[i] = replaced(inner, ids)
		}
		return result
	}
	return value
}

// without splits a resource: what does not refer to the bulkIds, and the attributes (of extensions, theirs) that do.
func without(value any, circle []string) (rest, taken any) {
	object, ok := value.(map[string]any)
	if !ok {
		return value, nil
	}
	kept, left := map[string]any{}, map[string]any{}
	for name, inner := range object {
		if !slices.ContainsFunc(scim.BulkReferences(inner), func(id string) bool { return slices.Contains(circle, id) }) {
			kept[name] = inner
			continue
		}
		if strings.HasPrefix(strings.ToLower(name), "urn:") {
			if part, ok := inner.(map[string]any); ok {
				kept[name], left[name] = without(part, circle)
				continue
			}
		}
		left[name] = inner
	}
	return kept, left
}
