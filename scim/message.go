package scim

import "strconv"

// The URNs of RFC 7644 §8.
const (
	ErrorURN        = "urn:ietf:params:scim:api:messages:2.0:Error"
	ListResponseURN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	PatchOpURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	SearchURN       = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	BulkRequestURN  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	BulkResponseURN = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// MediaType is SCIM's media type (RFC 7644 §8.1).
const MediaType = "application/scim+json"

// ErrorMessage is the body of an error response (RFC 7644 §3.12). Its status is a string, as the RFC has it.
type ErrorMessage struct {
	Schemas  []string `json:"schemas"`
	ScimType ScimType `json:"scimType,omitempty"`
	Detail   string   `json:"detail"`
	Status   string   `json:"status"`
}

// NewErrorMessage makes an error's body. scimType is "" where RFC 7644 has none for the status.
func NewErrorMessage(status int, scimType ScimType, detail string) ErrorMessage {
	return ErrorMessage{Schemas: []string{ErrorURN}, ScimType: scimType, Detail: detail, Status: strconv.Itoa(status)}
}

// ListResponse is the body of a query's response (RFC 7644 §3.4.2, RFC 9865 §2).
type ListResponse[T any] struct {
	Schemas      []string `json:"schemas"`
	TotalResults int      `json:"totalResults"`
	StartIndex   int      `json:"startIndex,omitempty"` // absent where the page was asked for by cursor
	ItemsPerPage int      `json:"itemsPerPage"`
	NextCursor   string   `json:"nextCursor,omitempty"` // absent on the last page
	Resources    []T      `json:"Resources"`
}

// NewListResponse makes a page. Resources is always an array: Entra's matching reads it without asking.
func NewListResponse[T any](total, startIndex int, page []T) ListResponse[T] {
	if page == nil {
		page = []T{}
	}
	return ListResponse[T]{
		Schemas: []string{ListResponseURN}, TotalResults: total, StartIndex: startIndex, ItemsPerPage: len(page), Resources: page,
	}
}
