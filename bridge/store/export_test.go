package store

import (
	"errors"
	"time"
)

func init() { pause = 100 * time.Millisecond }

// Refused says whether the breaker answered, and nobody asked the store.
func Refused(err error) bool {
	known, ours := errors.AsType[*Error](err)
	return ours && known.refused
}
