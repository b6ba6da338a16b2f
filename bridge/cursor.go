package bridge

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"scimbridge/scim"
)

// A cursor (RFC 9865 §2) names the last resource of the page before: the next page begins behind it, in whichever copy of the bridge, and
// whatever came or went in between.
type cursor struct {
	List   string `json:"l"` // digest of the query, which must not change between pages
	Offset int    `json:"o"`
	Part   int    `json:"p"`
	ID     string `json:"i"`
}

// digest tells one list from another.
func (l *listing) digest() string {
	sum := sha256.Sum256([]byte(l.key()))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// cursor names the page that begins at offset, behind last. Its characters are unreserved (RFC 3986 §2.3).
func (l *listing) cursor(offset int, last item) string {
	text, _ := json.Marshal(cursor{l.digest(), offset, last.part, last.id}) // of strings and ints: never fails
	return base64.RawURLEncoding.EncodeToString(text)
}

// locate finds where the page begins that the cursor names.
func (l *listing) locate(items []item, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.List != l.digest() || c.Offset < 1 {
		return 0, &scim.Error{Type: scim.InvalidCursor, Detail: "the cursor does not belong to this query"}
	}
	last := item{c.Part, c.ID}
	if c.Offset <= len(items) && items[c.Offset-1] == last {
		return c.Offset, nil
	}
	for i, it := range items {
		if it == last {
			return i + 1, nil
		}
		if l.query.SortBy == "" && (it.part > last.part || it.part == last.part && it.id > last.id) {
			return i, nil
		}
	}
	if l.query.SortBy == "" {
		return len(items), nil
	}
	return 0, &scim.Error{Type: scim.ExpiredCursor, Detail: "the resource that the cursor names has gone: begin again"}
}
