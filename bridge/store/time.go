package store

import (
	"database/sql"
	"time"
)

// Micros is a time as tables have it: 0 is none.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// TimeInto reads such a time of a row into t.
func TimeInto(t *time.Time) sql.Scanner { return scanned{t} }

type scanned struct{ into *time.Time }

// Scan implements sql.Scanner.
func (s scanned) Scan(value any) error {
	var micros sql.Null[int64]
	err := micros.Scan(value)
	if *s.into = (time.Time{}); micros.V != 0 {
		*s.into = time.UnixMicro(micros.V).UTC()
	}
	return err
}
