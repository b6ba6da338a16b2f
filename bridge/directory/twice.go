package directory

import (
	"context"
	"time"
)

// apart is how far the looks of Twice are from one another: for so long at most a server that went on after it had hung serves them ahead
// of a change that it had got before.
const apart = 300 * time.Millisecond

// Twice looks for a change that no answer came for, and once more after a while where it is missing: the server may have served the first
// look ahead of it. Its error is the look's, or that of ctx.
func Twice(ctx context.Context, look func() (missing bool, err error)) error {
	missing, err := look()
	if err != nil || !missing {
		return err
	}
	timer := time.NewTimer(apart)
	defer timer.Stop()
	select {
	case <-timer.C:
		_, err = look()
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
