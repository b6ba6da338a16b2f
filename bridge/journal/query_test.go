package journal

import (
	"fmt"
	"strings"
	"testing"

	"scimbridge/bridge/store/storetest"
)

// TestReceiptsByIndex: of a million receipts those of a page are found by the index.
func TestReceiptsByIndex(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	if err := s.Migrate(t.Context(), "journal", migrations); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Read().Query("EXPLAIN QUERY PLAN " + fmt.Sprintf(receiptsOf, strings.Repeat("(1, 2), ", pageSize-1)+"(1, 2)"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan += detail + "\n"
	}
	if !strings.Contains(plan, "SEARCH r USING INDEX journal_records_receipt") || rows.Err() != nil {
		t.Error(plan, rows.Err())
	}
}
