package dirtest

import (
	"io"
	"net"
)

// listen opens the two ways to the domain controller on free ports of 127.0.0.1.
func (c *controller) listen() (err error) {
	if c.guarded, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	if c.direct, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	go serve(c.guarded, c.guard)
	go serve(c.direct, c.pass)
	return nil
}

// serve hands over each connection until the listener is closed.
func serve(listener net.Listener, handle func(client net.Conn)) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			handle(client)
		}()
	}
}

// pass forwards both directions as they are. A domain controller that is down shows as a connection that ends at once.
func (c *controller) pass(client net.Conn) {
	server, err := c.dial()
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	_, _ = io.Copy(client, server)
}
