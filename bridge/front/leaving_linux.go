package front

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// hasLeft says whether the peer has closed the connection, at once and without reading from it. What it sent before, be it a pipelined
// request or the end of TLS, is no matter.
func hasLeft(c syscall.RawConn) (left bool) {
	err := c.Control(func(fd uintptr) {
		ask := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} //nolint:gosec // a descriptor is an int
		n, err := unix.Poll(ask, 0)
		left = err == nil && n > 0 && ask[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return err == nil && left
}
