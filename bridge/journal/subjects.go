package journal

import (
	"context"
	"database/sql"

	"scimbridge/bridge/store"
)

// SubjectsAfter are the next keys in order that records are found by, at most so many: of ids, names and DNs. See Subject.
func SubjectsAfter(ctx context.Context, s *store.Store, last string, most int) (keys []string, err error) {
	err = s.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		keys = nil
		const query = "SELECT DISTINCT subject FROM journal_subjects WHERE subject > $1 ORDER BY subject LIMIT $2"
		rows, err := tx.QueryContext(ctx, query, last, most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			keys = append(keys, key)
		}
		return rows.Err()
	})
	return keys, err
}

// IsForgotten says that a value stands in the place of one that named somebody who was forgotten.
func IsForgotten(value string) bool { return value == forgotten }
