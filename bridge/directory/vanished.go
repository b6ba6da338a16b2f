package directory

import (
	"net"
	"time"
)

const (
	// idleFor is when an idle connection is first asked for a sign of life by TCP. Firewalls forget one after minutes.
	idleFor = 15 * time.Second
	// vanishedShare of an operation's time is how long what was sent may go unacknowledged: there is time left then for another connection.
	vanishedShare = 3
)

// noticeVanished ends a connection over which nothing gets through any more, as through a firewall that forgot it and drops its packets
// without a word: one that is used, in time to do the operation over another; an idle one, before a client waits for it. A server that
// hangs, or takes long, acknowledges all the same.
func noticeVanished(raw net.Conn, timeout time.Duration) {
	conn, is := raw.(*net.TCPConn)
	if !is {
		return
	}
	longest := timeout / vanishedShare
	_ = conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: idleFor, Interval: max(longest, time.Second)})
	unacknowledged(conn, longest)
}
