package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-ldap/ldap/v3"
)

// bind says on a fresh connection who the bridge is, once, and asks as whom the server takes it where no password tells.
func (d *dialer) bind(ctx context.Context, k *conn, own *credential) error {
	b := d.options.Bind
	if b.External || b.DN != "" {
		if err := d.offer(ctx, k, own); err != nil {
			return err
		}
	}
	if b.External || b.DN == "" && d.options.TLS.Certificate != "" {
		return d.whoAmI(ctx, k)
	}
	return nil
}

// offer sends a bind. The error is an *outage.
func (d *dialer) offer(ctx context.Context, k *conn, own *credential) error {
	b := d.options.Bind
	password, of, err := own.now()
	if err != nil {
		return &outage{cause: err}
	}
	how, bind := "as "+b.DN, func(l *ldap.Conn) error { return l.Bind(b.DN, password) }
	if b.External {
		// An empty authorization identity: whoever the certificate or the socket says (RFC 4422 appendix A).
		how, bind = "by SASL EXTERNAL", (*ldap.Conn).ExternalBind
	}
	_, err = exchange(ctx, k, binds, func(l *ldap.Conn) (struct{}, error) { return struct{}{}, bind(l) })
	err = discreet(err, password)
	o, down := errors.AsType[*outage](err)
	switch {
	case err == nil:
		own.accept()
		return nil
	case down:
		return o
	case cannotServe(err):
		return &outage{cause: err, code: resultCode(err)}
	}
	wrong := own.refuse(of, err)
	return &outage{cause: d.refusal(k, how, err), code: resultCode(err), refused: true, wrong: wrong}
}

// refusal says which server refused whose bind, and which keys that is.
func (d *dialer) refusal(k *conn, how string, err error) error {
	return fmt.Errorf("%s: bind %s (directory.bind): %w", d.servers[k.server].url, how, refusedBind(err))
}

// whoAmI asks for the identity of the connection (RFC 4532), by which the guard knows the bridge's own account. Where neither the server
// nor the configuration names an entry, the error is an *outage.
func (d *dialer) whoAmI(ctx context.Context, k *conn) error {
	answer, err := exchange(ctx, k, asks, func(l *ldap.Conn) (*ldap.WhoAmIResult, error) { return l.WhoAmI(nil) })
	if o, down := errors.AsType[*outage](err); down {
		return o
	}
	cannot := func(why string) error {
		const what = "who the bridge is there, the server does not tell (Who Am I?, RFC 4532)"
		cause := fmt.Errorf("%s: %s: %s", d.servers[k.server].url, what, why)
		return &outage{cause: cause, code: resultCode(err)}
	}
	switch {
	case err != nil && d.options.Bind.DN != "":
		return nil
	case err != nil:
		return cannot(err.Error() + "; directory.bind.dn says it")
	case answer.AuthzID == "":
		return cannot("it is nobody; directory.bind.external offers the certificate, and the server must know whose it is")
	}
	name := identity(answer.AuthzID)
	if name == "" && d.options.Bind.DN != "" {
		return nil
	} else if name == "" {
		return cannot(answer.AuthzID + " is no DN; directory.bind.dn says whose entry that is")
	}
	if d.self.add(name) {
		d.log.Info("directory: who the bridge is", "url", d.servers[k.server].url, "identity", name)
	}
	return nil
}

// identity is the name of an account in an authorization identity (RFC 4513 §5.2.1.8): a DN, or what Active Directory writes, the domain's
// short name, a backslash and the sAMAccountName; "" where it names no entry.
func identity(authzID string) string {
	form, name, _ := strings.Cut(authzID, ":")
	name = strings.TrimSpace(name) // 389 Directory Server writes a space
	switch {
	case strings.EqualFold(form, "dn"):
		return name
	case strings.EqualFold(form, "u") && strings.ContainsAny(name, `\@`):
		return name
	}
	return ""
}

// self is what the servers took the bridge for.
type self struct {
	mu    sync.Mutex
	names []string
}

// add says whether the name is a new one.
func (s *self) add(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.names, name) {
		return false
	}
	s.names = append(s.names, name)
	return true
}

// Self is who the bridge is in the directory: the configured name, and each that a server took it for. Each is a DN, or one of the other
// names by which Active Directory knows an account.
func (c *Client) Self() []string {
	s := &c.pool.dialer.self
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[:len(s.names):len(s.names)]
}
