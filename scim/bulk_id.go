package scim

import (
	"maps"
	"slices"
	"strings"
)

// What a bulk request makes has no id yet, and its other operations name it by `bulkId:x` (RFC 7644 §3.7.2): as a whole text in the data,
// or as a segment of a path.
const bulkPrefix = "bulkId:"

// References are the bulkIds that the operation's path and data name, in order.
func (o BulkOperation) References() []string {
	named := map[string]bool{}
	reference(o.Path, named)
	reference(o.Data, named)
	return slices.Sorted(maps.Keys(named))
}

// reference notes the bulkIds that a JSON value names.
func reference(value any, named map[string]bool) {
	switch v := value.(type) {
	case string:
		for part := range strings.SplitSeq(v, "/") {
			if id, ok := strings.CutPrefix(part, bulkPrefix); ok {
				named[id] = true
			}
		}
	case map[string]any:
		for _, inner := range v {
			reference(inner, named)
		}
	case []any:
		for _, inner := range v {
			reference(inner, named)
		}
	}
}

// substituted puts ids in place of the bulkIds that have one.
func substituted(value any, ids map[string]string) any {
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
			result[name] = substituted(inner, ids)
		}
		return result
	case []any:
		result := make([]any, len(v))
		for i, inner := range v {
			result[i] = substituted(inner, ids)
		}
		return result
	}
	return value
}

// Missing is a bulkId without which the operation cannot be done: it has no id, and what refers to it cannot be left out for later. "" is
// none.
func (s BulkStep) Missing(ids map[string]string) string {
	for _, id := range s.References() {
		if ids[id] == "" && !s.circle[id] {
			return id
		}
	}
	return ""
}

// Resolved is the operation's path and data with ids in place of bulkIds, and without what Closing adds.
func (s BulkStep) Resolved(ids map[string]string) (path string, data any) {
	path, _ = substituted(s.Path, ids).(string)
	rest, _ := without(s.Data, s.circle)
	return path, substituted(rest, ids)
}

// Closing is the PATCH that adds to a resource what it could not refer to when it was made; nil where nothing was left out, or where a
// bulkId that it names came to nothing, which is missing.
func (s BulkStep) Closing(ids map[string]string) (patch map[string]any, missing string) {
	for _, id := range s.References() {
		if s.circle[id] && ids[id] == "" {
			return nil, id
		}
	}
	if len(s.circle) == 0 {
		return nil, ""
	}
	_, left := without(s.Data, s.circle)
	return map[string]any{
		"schemas":    []string{PatchOpURN},
		"Operations": []any{map[string]any{"op": "add", "value": substituted(left, ids)}},
	}, ""
}

// without splits a resource: what does not refer to the bulkIds, and the attributes (of extensions, theirs) that do.
func without(value any, circle map[string]bool) (rest, left any) {
	object, ok := value.(map[string]any)
	if !ok || len(circle) == 0 {
		return value, nil
	}
	kept, taken := map[string]any{}, map[string]any{}
	for name, inner := range object {
		if !refersTo(inner, circle) {
			kept[name] = inner
			continue
		}
		if strings.HasPrefix(strings.ToLower(name), "urn:") {
			if part, ok := inner.(map[string]any); ok {
				kept[name], taken[name] = without(part, circle)
				continue
			}
		}
		taken[name] = inner
	}
	return kept, taken
}

func refersTo(value any, circle map[string]bool) bool {
	named := map[string]bool{}
	reference(value, named)
	for id := range named {
		if circle[id] {
			return true
		}
	}
	return false
}
