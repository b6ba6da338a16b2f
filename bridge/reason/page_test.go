package reason

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestPage: bridge/front/README.md has the table of reasons.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../front/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| reason | status | scimType | Retry-After | |\n|---|---|---|---|---|\n")
	for r := None + 1; r < count; r++ {
		row := r.Row()
		after := ""
		if row.RetryAfter > 0 {
			after = fmt.Sprintf("%.0f s", row.RetryAfter.Seconds())
		}
		says := row.Told()
		if row.Label == string(row.ScimType) {
			says = "what is wrong, and where, stands in `detail`"
		}
		fmt.Fprintf(&table, "| `%s` | %d | %s | %s | %s |\n", row.Label, row.Status, row.ScimType, after, says)
	}
	if !strings.Contains(string(page), "\n"+table.String()) {
		t.Errorf("the page lacks\n%s", table.String())
	}
}
