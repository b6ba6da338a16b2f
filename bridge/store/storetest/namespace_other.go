//go:build !linux

package storetest

import "syscall"

func namespaced() *syscall.SysProcAttr { return nil }
