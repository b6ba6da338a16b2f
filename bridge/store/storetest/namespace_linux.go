package storetest

import (
	"os"
	"syscall"
)

// namespaced has a program run as root that is somebody else in its own eyes, for machines where /dev/null is root's alone, which initdb
// writes. nil: anybody may.
func namespaced() *syscall.SysProcAttr {
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode()&0o002 != 0 {
		return nil
	}
	root := []syscall.SysProcIDMap{{ContainerID: 1000, HostID: 0, Size: 1}}
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: root, GidMappings: root, Setpgid: true}
}
