//go:build !linux || !amd64

package clocktest

import (
	"errors"
	"os/exec"
	"time"
)

// Start starts a program on a clock of its own. An error of errors.ErrUnsupported is this machine's.
func Start(*exec.Cmd) (*Process, error) { return nil, errors.ErrUnsupported }

// Turn has the process's time of day be so much later (earlier: less than 0) than it is, in whole seconds.
func (p *Process) Turn(time.Duration) error { return errors.ErrUnsupported }
