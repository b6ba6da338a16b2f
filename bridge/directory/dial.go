package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"syscall"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// dialer opens connections that are ready for use: TLS begun, bound.
type dialer struct {
	options    Options
	log        *slog.Logger
	network    dialFunc
	servers    []address
	lives      []*life // of the servers
	self       self    // names of its own
	credential credential
	looks      []*credential                   // of looks at the servers: what one refuses that is not in use says nothing of the others
	observe    func(context.Context, Exchange) // nil: nobody asks
}

func newDialer(o Options, log *slog.Logger, network dialFunc, servers []address) *dialer {
	d := &dialer{options: o, log: log, network: network, servers: servers, credential: credential{options: o}}
	if o.Bind.DN != "" {
		d.self.add(o.Bind.DN)
	}
	for i := range servers {
		d.looks = append(d.looks, &credential{options: o})
		d.lives = append(d.lives, &life{ask: func(ctx context.Context) error { return d.ask(ctx, i) }})
	}
	return d
}

// resolveAnew dials, and asks the name service a question of its own: of a resolver all who look up a name at the same time wait for the
// first one's answer, which may be lost. It is asked for again after seconds, and those that knock meanwhile would never let it go.
func resolveAnew(ctx context.Context, network, address string) (net.Conn, error) {
	as := net.DefaultResolver
	own := &net.Resolver{PreferGo: as.PreferGo, StrictErrors: as.StrictErrors, Dial: as.Dial}
	return (&net.Dialer{Resolver: own}).DialContext(ctx, network, address)
}

// dial connects to one server and binds. The error is an *outage: refused when the server would not take our bind.
func (d *dialer) dial(ctx context.Context, server int) (*conn, error) {
	return d.dialWith(ctx, server, &d.credential)
}

func (d *dialer) dialWith(ctx context.Context, server int, own *credential) (*conn, error) {
	k, err := d.connect(ctx, server, d.lives[server])
	if err != nil {
		return nil, err
	}
	if err := d.bind(ctx, k, own); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// connect opens a connection that is not bound. The error is an *outage.
func (d *dialer) connect(ctx context.Context, server int, life *life) (*conn, error) {
	a := d.servers[server]
	if a.service != "" {
		return nil, &outage{cause: fmt.Errorf("no server is known by now that DNS tells of at %s", a.service)}
	}
	raw, err := d.network(ctx, a.network, a.dial)
	if err != nil {
		return nil, &outage{cause: err}
	}
	noticeVanished(raw, d.options.Timeout)
	secured, asked, err := d.secure(ctx, raw, a)
	if err != nil {
		raw.Close()
		return nil, &outage{cause: advised(err, asked), code: resultCode(err)}
	}
	k := newConn(secured, server, d.options.Timeout, life)
	k.observe = d.observe
	if client, ok := secured.(*tls.Conn); ok {
		k.expires = client.ConnectionState().PeerCertificates[0].NotAfter
	}
	switch {
	case asked: // in TLS 1.3 a refused certificate shows at the first answer
		k.doubt = wantsCertificate
	case secured == raw && a.network == "tcp":
		k.doubt = "it may speak TLS at this port: directory.urls says ldap:// or ldaps://"
	}
	return k, nil
}

const wantsCertificate = "it may want a certificate of the bridge, or another one: directory.tls.certificate"

// advised adds to what TLS failed of the key that it may be for. asked says that the server asked for a certificate.
func advised(err error, asked bool) error {
	advice := ""
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, misnamed := errors.AsType[x509.HostnameError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case unknown:
		advice = "directory.tls.ca names the file with the certificate of its authority"
	case misnamed:
		advice = "directory.tls.serverName says which name its certificate has"
	case asked:
		advice = wantsCertificate
	case noTLS, errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		advice = "it may speak no TLS at this port: directory.urls says ldaps:// or ldap://"
	default:
		return err
	}
	return fmt.Errorf("%w (%s)", err, advice)
}

// secure begins TLS where the URL or the options ask for it, and says whether the server asked for a certificate.
func (d *dialer) secure(ctx context.Context, raw net.Conn, a address) (secured net.Conn, asked bool, err error) {
	start := a.scheme == "ldap" && d.options.TLS.StartTLS
	if a.scheme != "ldaps" && !start {
		return raw, false, nil
	}
	name := a.host
	if d.options.TLS.ServerName != "" {
		name = d.options.TLS.ServerName
	}
	var roots *x509.CertPool // nil: the system's
	if d.options.TLS.CA != "" {
		if roots, err = readRoots(d.options.TLS.CA); err != nil { // at each dial: a renewed CA needs no restart
			return nil, false, err
		}
	}
	var own tls.Certificate
	if o := d.options.TLS; o.Certificate != "" {
		if own, err = tls.LoadX509KeyPair(o.Certificate, o.Key); err != nil {
			return nil, false, err
		}
	}
	if start {
		if err := startTLS(ctx, raw); err != nil {
			return nil, false, err
		}
	}
	settings := verified(name, roots)
	settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked = true
		return &own, nil // whichever authorities the server names: it says what is wrong
	}
	client := tls.Client(raw, settings)
	err = client.HandshakeContext(ctx)
	return client, asked, err
}

// startTLS asks for TLS on a fresh connection (RFC 4511 §4.14). go-ldap's own StartTLS keeps no deadline in the handshake and puts the
// deadlines of the conn below TLS.
func startTLS(ctx context.Context, raw net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := raw.SetDeadline(deadline); err != nil {
			return err
		}
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	message := ber.NewSequence("LDAPMessage")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, "messageID"))
	request := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "ExtendedRequest")
	request.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, startTLSName, "requestName"))
	message.AppendChild(request)
	if _, err := raw.Write(message.Bytes()); err != nil {
		return err
	}
	answer, err := ber.ReadPacket(raw) // unbuffered: what follows the answer belongs to TLS
	if err != nil {
		return err
	}
	if err := ldap.GetLDAPError(answer); err != nil {
		return fmt.Errorf("StartTLS: %w", err)
	}
	return raw.SetDeadline(time.Time{})
}

const startTLSName = "1.3.6.1.4.1.1466.20037"
