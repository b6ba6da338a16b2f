package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// BulkRequest is the body of a bulk request (RFC 7644 §3.7).
type BulkRequest struct {
	FailOnErrors int // 0: go on whatever fails
	Operations   []BulkOperation
}

// BulkOperation is one of its operations. Data is plain JSON: numbers as json.Number.
type BulkOperation struct {
	Method  string `json:"method"`
	BulkID  string `json:"bulkId"`
	Path    string `json:"path"`
	Version string `json:"version"`
	Data    any    `json:"data"`
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

// NewBulkResponse makes an empty response.
func NewBulkResponse() *BulkResponse {
	return &BulkResponse{Schemas: []string{BulkResponseURN}, Operations: []BulkResult{}}
}

// ParseBulk reads a bulk request. It returns a *Error that names the operation at fault: nothing is done then.
func ParseBulk(body []byte) (*BulkRequest, error) {
	if _, err := Decode(body); err != nil { // says where it is no JSON, and bounds its depth
		return nil, err
	}
	var read struct {
		FailOnErrors int
		Operations   []BulkOperation
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&read); err != nil {
		return nil, &Error{InvalidSyntax, "the body is not a bulk request: failOnErrors is an integer, Operations a list of objects"}
	}
	made := map[string]bool{}
	for i := range read.Operations {
		op := &read.Operations[i]
		op.Method = strings.ToUpper(op.Method)
		fault := func(detail string) error {
			return &Error{InvalidValue, fmt.Sprintf("Operations[%d]: %s", i, detail)}
		}
		switch op.Method {
		case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		default:
			return nil, fault(fmt.Sprintf("method %q is none of POST, PUT, PATCH, DELETE", op.Method))
		}
		switch {
		case op.Path == "":
			return nil, fault("path is missing")
		case op.Method == http.MethodPost && op.BulkID == "":
			return nil, fault("a POST needs a bulkId")
		case op.Method == http.MethodPost && made[op.BulkID]:
			return nil, fault(fmt.Sprintf("bulkId %q is used twice", op.BulkID))
		case op.Method != http.MethodDelete && op.Data == nil:
			return nil, fault("data is missing")
		}
		made[op.BulkID] = made[op.BulkID] || op.Method == http.MethodPost
	}
	return &BulkRequest{read.FailOnErrors, read.Operations}, nil
}

// References are the bulkIds that the operation's path and data name.
func (o BulkOperation) References() []string {
	ids := BulkReferences(o.Path)
	for _, id := range BulkReferences(o.Data) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// BulkReferences are the x of every `bulkId:x` in a JSON value: a whole text, or a segment of a path.
func BulkReferences(value any) []string {
	var ids []string
	switch v := value.(type) {
	case string:
		for part := range strings.SplitSeq(v, "/") {
			if id, ok := strings.CutPrefix(part, "bulkId:"); ok {
				ids = append(ids, id)
			}
		}
	case map[string]any:
		for _, inner := range v {
			ids = append(ids, BulkReferences(inner)...)
		}
	case []any:
		for _, inner := range v {
			ids = append(ids, BulkReferences(inner)...)
		}
	}
	return ids
}
