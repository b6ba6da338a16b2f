package compile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/file"
)

// failure says why an expression has no result over what it saw, in words of the map: the expression, the values that it reads, and what a
// function says of one. What expr itself says is of Go's types; the place in the expression says as much.
func (e *Expression) failure(err error, seen map[string]any) string {
	problem := "cannot be computed"
	own, isOwn := errors.AsType[misuse](err)
	place, isPlace := errors.AsType[*file.Error](err)
	switch {
	case e.Secret: // which what it says may hold
	case isOwn:
		problem = own.Error()
	case isPlace:
		problem += fmt.Sprintf(" at line %d, column %d", place.Line, place.Column+1)
		if strings.Contains(place.Message, " is nil,") || strings.Contains(place.Message, "<nil>") {
			problem += ", which needs something that is not assigned: `x ?? y` or `x == true` says what holds then"
		}
	}
	return "the map's expression " + e.text + " has no result" + e.over(seen) + ": " + problem
}

var untold = []string{"resource", "random", "uuid"}

// over tells the values that the expression reads.
func (e *Expression) over(seen map[string]any) string {
	var told []string
	for _, name := range slices.Sorted(maps.Keys(e.uses)) {
		owner, sub, isSub := strings.Cut(name, ".")
		value, isName := seen[owner]
		if object, ok := value.(map[string]any); ok && isSub {
			value = object[sub]
		}
		switch {
		case !isName || slices.Contains(untold, name) || owner == "base" || owner == "previous":
			// a function or a variable; what does not vary; too much
		case value == nil:
			told = append(told, name+" unassigned")
		case e.Secret:
			told = append(told, name)
		default:
			told = append(told, name+" "+briefly(value))
		}
	}
	if len(told) == 0 {
		return ""
	}
	return " over " + strings.Join(told, ", ")
}

// shown is how much of a value is told.
const shown = 80

// briefly is a value as JSON has it, cut where it is long.
func briefly(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "a value"
	}
	if s := string(text); len(s) <= shown {
		return s
	}
	return Truncate(string(text), shown) + "…"
}
