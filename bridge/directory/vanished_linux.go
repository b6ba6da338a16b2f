package directory

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// unacknowledged has the kernel end a connection where what was sent over it is not acknowledged for so long (tcp(7), TCP_USER_TIMEOUT). A
// keepalive that is not ends it at the next one.
func unacknowledged(conn *net.TCPConn, longest time.Duration) {
	if socket, err := conn.SyscallConn(); err == nil {
		_ = socket.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(longest.Milliseconds()))
		})
	}
}
