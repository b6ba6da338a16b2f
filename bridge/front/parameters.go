package front

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// params are a request's query parameters under their names in lower case. Those that nothing here asks for are ignored, as
// aadOptscim062020 from an Entra tenant URL.
type params map[string][]string

// parameters reads the request's query string.
func parameters(c *fiber.Ctx) (params, error) {
	return readParameters(string(c.Request().URI().QueryString()))
}

// readParameters refuses what it cannot read: dropping a broken filter would list every resource.
func readParameters(query string) (params, error) {
	if query == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, refuse(reason.InvalidSyntax, "the query string is not form-encoded: a %, & or ; in a value must be escaped")
	}
	p := params{}
	for name, given := range values {
		name = strings.ToLower(name)
		p[name] = append(p[name], given...)
	}
	return p, nil
}

// view reads attributes and excludedAttributes (RFC 7644 §3.9).
func (p params) view() bridge.View {
	return bridge.View{Attributes: p.list("attributes"), Excluded: p.list("excludedattributes")}
}

// query reads the parameters of a list request (RFC 7644 §3.4.2).
func (p params) query() (q bridge.Query, err error) {
	q.View = p.view()
	if filters, given := p["filter"]; given {
		if len(filters) > 1 || strings.TrimSpace(filters[0]) == "" {
			return q, refuse(reason.InvalidFilter, "filter must be given once and not be empty")
		}
		q.Filter = filters[0]
	}
	if q.StartIndex, err = p.integer("startIndex", 1); err != nil {
		return q, err
	}
	if q.Count, err = p.integer("count", bridge.Unlimited); err != nil {
		return q, err
	}
	if p.given("count") {
		q.Count = min(q.Count, bridge.Unlimited-1) // a large count is not the same as none
	}
	q.StartIndex = max(q.StartIndex, 1)
	if cursors, given := p["cursor"]; given { // RFC 9865 §2: without a value it asks for the first page
		q.Cursor = &cursors[0]
	} else {
		q.Count = max(q.Count, 0)
	}
	if p.given("sortBy") {
		q.SortBy = p["sortby"][0]
	}
	if p.given("sortOrder") {
		q.Descending, err = descending(p["sortorder"][0])
	}
	return q, err
}

// integer reads a whole number, or what stands for it where the parameter is absent or has no value.
func (p params) integer(name string, absent int) (int, error) {
	if !p.given(name) {
		return absent, nil
	}
	given := p[strings.ToLower(name)]
	n, err := strconv.Atoi(given[0])
	if err != nil || len(given) > 1 {
		return 0, refuse(reason.InvalidValue, name+" must be one whole number")
	}
	return n, nil
}

// given says whether the parameter is there with a value.
func (p params) given(name string) bool {
	values := p[strings.ToLower(name)]
	return len(values) > 1 || len(values) == 1 && values[0] != ""
}

// list returns what was given of a list of attribute paths. scim splits it, for a comma may stand in a value filter.
func (p params) list(name string) []string {
	blank := func(given string) bool { return strings.TrimSpace(given) == "" }
	return slices.DeleteFunc(slices.Clone(p[name]), blank)
}
