package reason

import (
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scimbridge/scim"
)

// TestEveryReasonHasARow: one without would answer status 0, and count under no label.
func TestEveryReasonHasARow(t *testing.T) {
	labels := map[string]Reason{}
	for r := None + 1; r < count; r++ {
		row := r.Row()
		if other, taken := labels[row.Label]; row.Label == "" || taken {
			t.Errorf("reason %d has the label %q, which %d has too", r, row.Label, other)
		}
		labels[row.Label] = r
		if http.StatusText(row.Status) == "" || row.Told() == "" {
			t.Errorf("%s: status %d, detail %q", r, row.Status, row.Told())
		}
		later := row.Status == http.StatusServiceUnavailable || row.Status == http.StatusTooManyRequests
		if later != (row.RetryAfter > 0) {
			t.Errorf("%s: status %d, Retry-After %v", r, row.Status, row.RetryAfter)
		}
		allowed := []int{http.StatusBadRequest, http.StatusConflict, http.StatusForbidden}
		if row.ScimType != "" && !slices.Contains(allowed, row.Status) {
			t.Errorf("%s: a scimType with status %d (RFC 7644 §3.12)", r, row.Status)
		}
	}
	if None.Row() != (Row{}) {
		t.Errorf("None means something: %+v", None.Row())
	}
}

// TestEveryScimTypeHasAReason reads the scimTypes where they are declared.
func TestEveryScimTypeHasAReason(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../scim/scim.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "ScimType" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if got := Of(scim.ScimType(text)).Row(); got.Label != text || got.ScimType != scim.ScimType(text) {
			t.Errorf("%s has the row %+v", text, got)
		}
		return true
	})
	if found != int(InvalidCount-InvalidFilter)+1 {
		t.Errorf("found %d scimTypes", found)
	}
}

func TestTheLogHasTheLabel(t *testing.T) {
	var line strings.Builder
	slog.New(slog.NewJSONHandler(&line, nil)).Info("x", "reason", LostRace)
	if !strings.Contains(line.String(), `"reason":"lost-race"`) {
		t.Error(line.String())
	}
}
