package dirtest

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// packets is a socket.
type packets = syscall.Conn

// vanish has the kernel throw away each packet that comes for a socket, as if it had never come: nothing is acknowledged. It filters them
// (socket(7), SO_ATTACH_FILTER) by a program that keeps none.
func vanish(socket packets, yes bool) error {
	const keep = 0x06 // BPF_RET: so many octets of it
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if !yes {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
			return
		}
		none := []unix.SockFilter{{Code: keep, K: 0}}
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &none[0]})
	})
	if err == nil {
		err = os.NewSyscallError("setsockopt", failed)
	}
	return err
}
