//go:build !linux

package dirtest

import (
	"errors"
	"syscall"
)

type packets = syscall.Conn

func vanish(packets, bool) error { return errors.ErrUnsupported }
