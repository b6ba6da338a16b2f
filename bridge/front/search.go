package front

import (
	"encoding/json"
	"strings"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

// searchRequest reads a SearchRequest (RFC 7644 §3.4.3, RFC 9865 §2.2). Names ignore case, and what is null is not there.
func searchRequest(body []byte, d scim.Dialect) (q bridge.Query, err error) {
	object, err := scim.Decode(body)
	if err == nil {
		err = d.Announces(object, scim.SearchURN)
	}
	if err != nil {
		return q, err
	}
	q.StartIndex, q.Count = 1, bridge.Unlimited
	for _, member := range object {
		if member.Value == nil {
			continue
		}
		ok := true
		switch strings.ToLower(member.Name) {
		case "attributes":
			q.View.Attributes, ok = texts(member.Value)
		case "excludedattributes":
			q.View.Excluded, ok = texts(member.Value)
		case "filter":
			if q.Filter, ok = member.Value.(string); ok && strings.TrimSpace(q.Filter) == "" {
				return q, refuse(reason.InvalidFilter, "filter must not be empty")
			}
		case "sortby":
			q.SortBy, ok = member.Value.(string)
		case "sortorder":
			text, isText := member.Value.(string)
			ok = isText
			if q.Descending, err = descending(text); err != nil {
				return q, err
			}
		case "startindex":
			q.StartIndex, ok = whole(member.Value)
			q.StartIndex = max(q.StartIndex, 1)
		case "count":
			q.Count, ok = whole(member.Value)
			q.Count = min(q.Count, bridge.Unlimited-1)
		case "cursor":
			text, isText := member.Value.(string)
			q.Cursor, ok = &text, isText
		}
		if !ok {
			return q, refuse(reason.InvalidValue, member.Name+" has the wrong type")
		}
	}
	if q.Cursor == nil {
		q.Count = max(q.Count, 0)
	}
	return q, nil
}

func texts(value any) ([]string, bool) {
	if text, ok := value.(string); ok {
		return []string{text}, true
	}
	list, ok := value.([]any)
	var result []string
	for _, item := range list {
		text, isText := item.(string)
		ok = ok && isText
		result = append(result, text)
	}
	return result, ok
}

func whole(value any) (int, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := number.Int64()
	return int(n), err == nil
}

// descending reads sortOrder (RFC 7644 §3.4.2.3).
func descending(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "", "ascending":
		return false, nil
	case "descending":
		return true, nil
	}
	return false, refuse(reason.InvalidValue, "sortOrder is ascending or descending")
}
