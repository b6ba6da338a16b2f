package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// unresolved says that a reference to a bulkId came to nothing.
func unresolved(id string) error {
	return &reason.Error{
		Reason: reason.BulkReference, Detail: fmt.Sprintf("bulkId:%s names no resource: its operation is missing or failed", id),
	}
}

// do does one operation, or notes what kept it from being done.
func (u *bulk) do(ctx context.Context, op *bulkOp) {
	if err := caught(func() error { return u.attempt(ctx, op) }); err != nil {
		u.fail(op, err)
	}
}

// attempt fails of an operation that refers to what came to nothing (RFC 7644 §3.7.2: 409).
func (u *bulk) attempt(ctx context.Context, op *bulkOp) error {
	if op.Fault != nil {
		return op.Fault
	}
	if ctx.Err() != nil { // its client left, or its time is over: no more is begun
		return context.Cause(ctx)
	}
	ids := u.known(op)
	if id := op.Missing(ids); id != "" {
		return unresolved(id)
	}
	path, data := op.Resolved(ids)
	op.result = &scim.BulkResult{Method: op.Method, BulkID: op.BulkID}
	r, status, err := u.perform(ctx, op, path, data)
	if err != nil {
		return err
	}
	id, _ := r.Resource["id"].(string)
	told := []slog.Attr{slog.String("dn", r.DN), slog.String("name", journal.Briefly(r.Name)), slog.String("effects", r.Effects)}
	if op.Method == http.MethodPost { // the path of another has it
		told = append(told, slog.String("id", id))
	}
	u.tell(op, slog.LevelInfo, "bulk operation", status, told...)
	u.mu.Lock()
	if op.Method == http.MethodPost {
		u.ids[op.BulkID] = id
	}
	u.dropped += r.Dropped
	u.mu.Unlock()
	op.result.Location, op.result.Version, op.result.Status = r.Location, r.Version, strconv.Itoa(status)
	return nil
}

// known are the ids that what the operation refers to has come to.
func (u *bulk) known(op *bulkOp) map[string]string {
	u.mu.Lock()
	defer u.mu.Unlock()
	ids := map[string]string{}
	for _, id := range op.References() {
		ids[id] = u.ids[id]
	}
	return ids
}

// perform does the request that an operation stands for.
func (u *bulk) perform(ctx context.Context, op *bulkOp, path string, value any) (r *Result, status int, err error) {
	rt, id, err := u.b.target(path)
	if err != nil {
		return nil, 0, err
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, 0, err
	}
	call := u.callOf(op)
	call.IfMatch = op.Version
	status = http.StatusOK
	switch {
	case op.Method == http.MethodPost && id == "":
		status = http.StatusCreated
		r, err = u.b.Create(ctx, call, rt.Name, data, View{})
	case op.Method == http.MethodPut && id != "":
		r, err = u.b.Replace(ctx, call, rt.Name, id, data, View{})
	case op.Method == http.MethodPatch && id != "":
		r, err = u.b.Patch(ctx, call, rt.Name, id, data, View{})
	case op.Method == http.MethodDelete && id != "":
		if r, err = u.b.Delete(ctx, call, rt.Name, id); err == nil {
			r.Location = u.b.location(call, rt, id)
		}
	default:
		err = &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s %s is no operation", op.Method, path)}
	}
	if err == nil && r.Resource == nil {
		status = http.StatusNoContent
	}
	return r, status, err
}

// target finds the resource type, and the id if there is one, that a bulk path names.
func (b *Bridge) target(path string) (rt *schema.ResourceType, id string, err error) {
	endpoint, id, _ := strings.Cut(strings.Trim(path, "/"), "/")
	for _, t := range b.compiled.Types {
		if strings.EqualFold(strings.Trim(t.Resource.Endpoint, "/"), endpoint) {
			return t.Resource, id, nil
		}
	}
	return nil, "", &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("path %q names no endpoint", path)}
}

// closeCircles adds to the resources what they could not refer to when they were made.
func (u *bulk) closeCircles(ctx context.Context) {
	for _, op := range u.ops {
		if op.result == nil || op.failed() {
			continue
		}
		patch, missing := op.Closing(u.ids)
		switch {
		case missing != "":
			u.fail(op, unresolved(missing))
		case patch != nil:
			if err := u.close(ctx, op, patch); err != nil {
				u.fail(op, err)
			}
		}
	}
}

func (u *bulk) close(ctx context.Context, op *bulkOp, patch map[string]any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	rt, _, err := u.b.target(op.Path)
	if err != nil {
		return err
	}
	r, err := u.b.Patch(ctx, u.callOf(op), rt.Name, u.ids[op.BulkID], body, View{})
	if err != nil {
		return err
	}
	u.dropped += r.Dropped
	if r.Version != "" {
		op.result.Version = r.Version
	}
	return nil
}

func (op *bulkOp) failed() bool { return op.result != nil && op.result.Response != nil }

// fail notes what kept an operation from being done, or from being done whole.
func (u *bulk) fail(op *bulkOp, err error) {
	f := Explain(err)
	u.tellFailed(op, f, err)
	u.refused(op, f)
	result := scim.BulkResult{Method: op.Method, BulkID: op.BulkID, Status: strconv.Itoa(f.Status), Location: u.meant(op)}
	if op.result != nil && op.result.Location != "" {
		result.Location = op.result.Location
	}
	message := scim.NewErrorMessage(f.Status, f.ScimType, f.Detail)
	result.Response = &message
	op.result = &result
}

// refused tells the journal of an operation that came to nothing.
func (u *bulk) refused(op *bulkOp, f Failure) {
	if u.b.ledger == nil {
		return
	}
	rt, id, err := u.b.target(op.Path)
	typ := ""
	if err == nil {
		typ = rt.Name
	}
	body, err := json.Marshal(op.Data)
	if err != nil {
		body = nil
	}
	operation := map[string]string{
		http.MethodPost: "create", http.MethodPut: "replace", http.MethodPatch: "patch", http.MethodDelete: "delete",
	}[op.Method]
	u.b.Refused(u.callOf(op), operation, typ, id, body, f)
}

// tellFailed writes the log line of an operation that failed: the request itself does not.
func (u *bulk) tellFailed(op *bulkOp, f Failure, err error) {
	level, attributes := slog.LevelInfo, f.Log(true)
	if f.Status >= http.StatusInternalServerError {
		level = slog.LevelWarn
		attributes = append(attributes, slog.String("error", err.Error()))
	}
	u.tell(op, level, "bulk operation failed", f.Status, attributes...)
}

// tell writes the log line of an operation.
func (u *bulk) tell(op *bulkOp, level slog.Level, message string, status int, more ...slog.Attr) {
	attributes := []slog.Attr{
		slog.String("method", op.Method), slog.String("path", journal.Briefly(op.Path)), slog.Int("status", status),
		slog.String("request", u.call.RequestID), slog.String("caller", u.call.Caller), slog.String("client", u.call.Client),
		u.callOf(op).Part.Attr(),
	}
	if u.call.Activity != "" {
		attributes = append(attributes, slog.String("activity", u.call.Activity))
	}
	u.b.log.LogAttrs(context.Background(), level, message, append(attributes, more...)...)
}

// callOf is the request that an operation stands for.
func (u *bulk) callOf(op *bulkOp) Call {
	call := u.call
	call.Part = &journal.Part{BulkID: op.BulkID, Index: op.index}
	return call
}

// meant is the location of the resource that an operation is about, which the answer to all but a failed POST has (RFC 7644 §3.7); "" where
// its path leads to none: it names no endpoint, no id, or a bulkId that came to nothing.
func (u *bulk) meant(op *bulkOp) string {
	path, _ := op.Resolved(u.known(op))
	unresolved := scim.BulkOperation{Path: path}.References()
	rt, id, err := u.b.target(path)
	if op.Method == http.MethodPost || err != nil || id == "" || len(unresolved) > 0 {
		return ""
	}
	return u.b.location(u.call, rt, id)
}
