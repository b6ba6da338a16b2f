package bridge

import (
	"errors"
	"regexp"
	"testing"

	"scimbridge/scim"
)

func TestCursor(t *testing.T) {
	items := []item{{0, "a"}, {0, "b"}, {0, "c"}, {0, "d"}}
	l := &listing{typ: "q"}
	text := l.cursor(2, items[1])
	if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(text) {
		t.Errorf("%q has characters that are not unreserved", text)
	}
	for name, c := range map[string]struct {
		items []item
		want  int
	}{
		"nothing moved":       {items, 2},
		"one came before":     {append([]item{{0, "A"}}, items...), 3},
		"one before has gone": {items[1:], 1},
		"the last has gone":   {[]item{{0, "a"}, {0, "c"}, {0, "d"}}, 1},
		"all has gone":        {nil, 0},
		"the rest has gone":   {items[:2], 2},
	} {
		if at, err := l.locate(c.items, text); err != nil || at != c.want {
			t.Errorf("%s: %d, %v; want %d", name, at, err, c.want)
		}
	}
	var fault *scim.Error
	sorted := &listing{query: Query{SortBy: "title"}}
	if _, err := sorted.locate([]item{{0, "x"}}, sorted.cursor(2, items[1])); !errors.As(err, &fault) || fault.Type != scim.ExpiredCursor {
		t.Errorf("a sorted list without the last one: %v", err)
	}
	other := &listing{typ: "other"}
	for _, bad := range []string{text, "!", "AAAA", "e30"} {
		if _, err := other.locate(items, bad); !errors.As(err, &fault) || fault.Type != scim.InvalidCursor {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
