package bridge

import (
	"context"
	"fmt"

	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

// tooLarge says that a bulk request is larger than announced (RFC 7644 §3.7.3).
func tooLarge(format string, limit int) error {
	return &reason.Error{Reason: reason.Payload, Detail: fmt.Sprintf(format, limit)}
}

// BulkResult is a BulkResponse's content (RFC 7644 §3.7).
type BulkResult struct {
	Operations []scim.BulkResult // in the order of the request, without those that were left undone
	Dropped    int               // attributes of the request that the map does not name
	Failed     int               // operations
}

// Bulk does the operations of a bulk request (RFC 7644 §3.7): what refers to the result of another waits for it, what concerns one resource
// or claims what another frees goes in order, and the rest goes side by side. All goes in order with failOnErrors, so that it is clear what
// was left undone, and where something is deleted beside other operations: that frees names, and takes away what others refer to.
func (b *Bridge) Bulk(ctx context.Context, c Call, body []byte) (*BulkResult, error) {
	if len(body) > b.limits.BulkPayload {
		return nil, tooLarge("the bulk request has more than maxPayloadSize, %d octets (limits.bulkPayload)", b.limits.BulkPayload)
	}
	request, err := scim.ParseBulk(body, b.dialect)
	if err != nil {
		return nil, err
	}
	if len(request.Operations) > b.limits.BulkOperations {
		return nil, tooLarge("the bulk request has more than maxOperations, %d operations (limits.bulkOperations)", b.limits.BulkOperations)
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
			if op.failed() {
				result.Failed++
			}
		}
	}
	return result, nil
}
