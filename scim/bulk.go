package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// BulkRequest is the body of a bulk request (RFC 7644 §3.7).
type BulkRequest struct {
	FailOnErrors int // 0: go on whatever fails
	Operations   []BulkOperation
}

// BulkOperation is one of its operations. Data is plain JSON: numbers as json.Number.
type BulkOperation struct {
	Fault   *Error // what is wrong with it: it is answered by that, and the others are done; nil: nothing
	Method  string // in capitals
	BulkID  string
	Path    string
	Version string
	Data    any
}

// BulkResponse is the body of its response, which is 200 whatever its operations came to.
type BulkResponse struct {
	Schemas    []string     `json:"schemas"`
	Operations []BulkResult `json:"Operations"`
}

// BulkResult is what one operation came to. Response is there for a failure only.
type BulkResult struct {
	Location string        `json:"location,omitempty"`
	Method   string        `json:"method"`
	BulkID   string        `json:"bulkId,omitempty"`
	Version  string        `json:"version,omitempty"`
	Status   string        `json:"status"`
	Response *ErrorMessage `json:"response,omitempty"`
}

// NewBulkResponse makes the response. Operations is always an array.
func NewBulkResponse(results []BulkResult) BulkResponse {
	if results == nil {
		results = []BulkResult{}
	}
	return BulkResponse{Schemas: []string{BulkResponseURN}, Operations: results}
}

// ParseBulk reads a bulk request. It returns a *Error where the request is none; an operation that is none has a Fault.
func ParseBulk(body []byte, d Dialect) (*BulkRequest, error) {
	o, err := Decode(body)
	if err != nil {
		return nil, err
	}
	if err := d.Announces(o, BulkRequestURN); err != nil {
		return nil, err
	}
	request := &BulkRequest{}
	if v, _ := o.Get("failOnErrors"); v != nil {
		number, _ := v.(json.Number)
		n, err := strconv.ParseInt(number.String(), 10, 32)
		if err != nil || n < 0 {
			return nil, wrongType("failOnErrors", "the number of errors to stop at")
		}
		request.FailOnErrors = int(n)
	}
	v, _ := o.Get("Operations")
	list, ok := v.([]any)
	if !ok {
		return nil, &Error{Type: InvalidSyntax, Detail: "Operations must be an array"}
	}
	if len(list) == 0 && !d.noBulkOperations() {
		return nil, &Error{Type: InvalidSyntax, Detail: "Operations must have an operation"}
	}
	made := map[string]bool{}
	for i, raw := range list {
		op, fault := bulkOperation(raw, made)
		if fault != nil {
			op.Fault = &Error{Type: fault.Type, Detail: fmt.Sprintf("Operations[%d]: %s", i, fault.Detail), Attribute: fault.Attribute}
		}
		request.Operations = append(request.Operations, op)
	}
	return request, nil
}

// bulkOperation reads one operation. made holds the bulkIds of the POSTs before it. A method in small letters is taken: it can mean nothing
// else.
func bulkOperation(raw any, made map[string]bool) (op BulkOperation, fault *Error) {
	o, ok := raw.(Object)
	if !ok {
		return op, &Error{Type: InvalidSyntax, Detail: "it must be a JSON object"}
	}
	for _, member := range []struct {
		name string
		to   *string
	}{{"method", &op.Method}, {"bulkId", &op.BulkID}, {"path", &op.Path}, {"version", &op.Version}} {
		v, _ := o.Get(member.name)
		if *member.to, ok = v.(string); !ok && v != nil && fault == nil {
			fault = wrongType(member.name, "a string")
		}
	}
	op.Method = strings.ToUpper(op.Method)
	if fault != nil {
		return op, fault
	}
	data, _ := o.Get("data")
	op.Data = plainJSON(data)
	switch op.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return op, &Error{Type: InvalidValue, Detail: fmt.Sprintf("method %q is none of POST, PUT, PATCH, DELETE", op.Method)}
	}
	switch {
	case op.Path == "":
		return op, &Error{Type: InvalidValue, Detail: "path is missing"}
	case op.Method == http.MethodPost && op.BulkID == "":
		return op, &Error{Type: InvalidValue, Detail: "a POST needs a bulkId"}
	case strings.Contains(op.BulkID, "/"): // it could not stand in a path
		return op, &Error{Type: InvalidValue, Detail: fmt.Sprintf("bulkId %q has a slash", op.BulkID)}
	case op.Method == http.MethodPost && made[op.BulkID]:
		return op, &Error{Type: InvalidValue, Detail: fmt.Sprintf("bulkId %q is used twice", op.BulkID)}
	case op.Method != http.MethodDelete && op.Data == nil:
		return op, &Error{Type: InvalidValue, Detail: "data is missing"}
	}
	made[op.BulkID] = made[op.BulkID] || op.Method == http.MethodPost
	return op, nil
}

// plainJSON makes maps of Objects. Of a name that is repeated the last counts.
func plainJSON(v any) any {
	switch v := v.(type) {
	case Object:
		m := make(map[string]any, len(v))
		for _, member := range v {
			m[member.Name] = plainJSON(member.Value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plainJSON(e)
		}
		return list
	}
	return v
}
