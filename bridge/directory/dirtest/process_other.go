//go:build !linux

package dirtest

import "syscall"

// dieWithParent has no counterpart here: Main and the tests' cleanups stop the servers.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
