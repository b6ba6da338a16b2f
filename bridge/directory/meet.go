package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Meeting is how one of the configured servers was met.
type Meeting struct {
	URL     string
	Place   int    // among directory.urls: of several one, where that names a service
	Address string // host:port, or a socket
	Service string // that DNS tells of no server of; "": it is a server
	Secure  bool   // TLS was to begin, or began
	Ended   Stage  // how far it went
	Err     error  // why not farther; nil: it is bound
	Code    uint16 // the server's answer, where it answered
	// Other says that the server speaks at this port what it is not spoken to: TLS instead of plain LDAP, or the other way round.
	Other bool
	// Spared says that the bind was not offered: another server has refused it.
	Spared bool
	Chain  []*x509.Certificate // what the server showed, its own first
}

// Stage is a part of the way to a server.
type Stage int

// The stages, in their order.
const (
	AtConnect Stage = iota // the network does not lead there, or nobody listens
	AtTLS
	AtBind
	AtEnd // the bridge is bound
)

// Meet goes to each of the configured servers, one after the other, and says how far that leads. A bind that was refused is not offered
// to the next, nor is one that the Client may not offer yet: they hold the same account, and its lockout would come nearer.
func (c *Client) Meet(ctx context.Context) []Meeting {
	d := c.pool.dialer
	c.pool.mu.Lock()
	refused := c.pool.refused
	c.pool.mu.Unlock()
	if refused != nil && d.credential.due() {
		refused = nil
	}
	var meetings []Meeting
	for server := range d.servers {
		meetings = append(meetings, d.meet(ctx, server, &refused))
	}
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	switch bound := func(m Meeting) bool { return m.Ended == AtEnd }; {
	case slices.ContainsFunc(meetings, bound): // who can be served by one server is
		c.pool.refused = nil
	case refused != nil && c.pool.current < 0:
		c.pool.refused = refused
	}
	return meetings
}

// meet goes to one server, and leaves.
func (d *dialer) meet(caller context.Context, server int, refused *error) Meeting {
	a := d.servers[server]
	ctx, cancel := context.WithTimeoutCause(caller, d.options.Timeout, errLate)
	defer cancel()
	m := Meeting{
		URL: a.url, Place: d.options.place(server), Address: a.dial, Service: a.service,
		Secure: a.scheme == "ldaps" || a.scheme == "ldap" && d.options.TLS.StartTLS,
	}
	k, err := d.connect(ctx, server, d.lives[server])
	if err != nil {
		m.Err, m.Code, m.Ended = err, resultCode(err), AtConnect
		if dialed := dials(err) || m.Service != ""; !dialed && m.Secure {
			m.Ended, m.Chain = AtTLS, shownBy(err)
			m.Other = m.Chain == nil && a.scheme == "ldaps" && d.speaksPlain(caller, a)
		}
		return m
	}
	defer k.close()
	if secured, ok := k.wire.Conn.(*tls.Conn); ok {
		m.Chain = secured.ConnectionState().PeerCertificates
	}
	m.Ended = AtBind
	if *refused != nil {
		m.Err, m.Code, m.Spared = *refused, resultCode(*refused), server > 0
		return m
	}
	if err = d.bind(ctx, k, &d.credential); err == nil {
		// Without a bind nothing was said yet.
		_, err = exchange(ctx, k, reads, readRootDSE(ctx, d.options.Timeout))
	}
	if err == nil {
		m.Ended = AtEnd
		return m
	}
	m.Err, m.Code = err, resultCode(err)
	o, _ := errors.AsType[*outage](err)
	switch {
	case o != nil && o.refused:
		*refused = o.cause
	case o != nil && m.Code == 0 && !m.Secure && a.network == "tcp" && !k.answered.Load():
		m.Other = d.speaksTLS(caller, a)
	}
	return m
}

// dials says that an error is one of the way to the server, before anything was said to it.
func dials(err error) bool {
	var (
		name    *net.DNSError
		network *net.OpError
	)
	return errors.As(err, &name) || errors.As(err, &network) && network.Op == "dial"
}

// shownBy is the certificate that TLS refused.
func shownBy(err error) []*x509.Certificate {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &unknown) && unknown.Cert != nil:
		return []*x509.Certificate{unknown.Cert}
	case errors.As(err, &name) && name.Certificate != nil:
		return []*x509.Certificate{name.Certificate}
	case errors.As(err, &invalid) && invalid.Cert != nil:
		return []*x509.Certificate{invalid.Cert}
	}
	return nil
}

// speaksPlain says whether a server answers without TLS. Nothing but a question for its root DSE is sent.
func (d *dialer) speaksPlain(caller context.Context, a address) bool {
	ctx, cancel := context.WithTimeout(caller, min(d.options.Timeout, patience))
	defer cancel()
	raw, err := d.network(ctx, a.network, a.dial)
	if err != nil {
		return false
	}
	k := newConn(raw, 0, d.options.Timeout, &life{ask: func(context.Context) error { return nil }})
	defer k.close()
	_, err = exchange(ctx, k, reads, readRootDSE(ctx, d.options.Timeout))
	_, answered := asAnswer(err)
	return err == nil || answered
}

// speaksTLS says whether a server begins TLS at once. Nothing is sent in it, so it does not matter who that is.
func (d *dialer) speaksTLS(caller context.Context, a address) bool {
	ctx, cancel := context.WithTimeout(caller, min(d.options.Timeout, patience))
	defer cancel()
	raw, err := d.network(ctx, a.network, a.dial)
	if err != nil {
		return false
	}
	defer raw.Close()
	return tls.Client(raw, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil
}

// patience is how long a server may take to show what it speaks.
const patience = 2 * time.Second

// TryBind says whether somebody else than the bridge may bind at the server in use, on a connection of its own, and what the server says to
// who may not. The error is of the way to the server.
func (c *Client) TryBind(caller context.Context, name, password string) (let bool, says string, err error) {
	ctx, cancel := context.WithTimeoutCause(caller, c.options.Timeout, errLate)
	defer cancel()
	server := c.pool.server()
	if server < 0 {
		return false, "", errors.New("no server is connected")
	}
	d := c.pool.dialer
	k, err := d.connect(ctx, server, d.lives[server])
	if err != nil {
		return false, "", err
	}
	defer k.close()
	_, err = exchange(ctx, k, binds, func(l *ldap.Conn) (struct{}, error) { return struct{}{}, l.Bind(name, password) })
	err = discreet(err, password)
	if _, answered := asAnswer(err); answered {
		return false, refusedBind(err).Error(), nil
	}
	return err == nil, "", err
}

// Look is a search for what need not be there: what is missing, or hidden from the bridge's account, is none.
func (c *Client) Look(ctx context.Context, s Search) ([]*ldif.Entry, error) {
	found, err := c.search(ctx, s)
	switch resultCode(err) {
	case ldap.LDAPResultNoSuchObject, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultInappropriateAuthentication:
		return nil, nil
	}
	return found, c.explain(err, nil)
}

// PageSize is how many entries a page of a long answer holds, as far as the server has let.
func (c *Client) PageSize() int { return int(c.pageSize.Load()) }
