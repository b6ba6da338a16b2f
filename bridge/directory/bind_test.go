package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
)

// TestIdentity: who the bridge is, is what the configuration says, or else what the server does (RFC 4532). An identity that cannot be told
// from the entries opens no connection.
func TestIdentity(t *testing.T) {
	certificate, key := dirtest.OpenLDAP(t).ClientCertificate(t, t.TempDir(), "bridge")
	for name, c := range map[string]struct {
		bind        BindOptions
		certificate bool
		told        any // authzId, or a result code
		binds, asks int
		self        []string
		says        string
	}{
		"by a password": {bind: BindOptions{DN: "cn=bridge", Password: "x"}, binds: 1, self: []string{"cn=bridge"}},
		"by a password, with a certificate": {
			bind: BindOptions{DN: "cn=bridge", Password: "x"}, certificate: true, binds: 1, self: []string{"cn=bridge"},
		},
		"as nobody": {},
		"EXTERNAL": {
			bind: BindOptions{External: true}, told: "dn:uid=bridge,dc=example", binds: 1, asks: 1, self: []string{"uid=bridge,dc=example"},
		},
		"EXTERNAL, and the configuration says who": {
			bind: BindOptions{External: true, DN: "cn=bridge"}, told: "dn:cn=other", binds: 1, asks: 1,
			self: []string{"cn=bridge", "cn=other"},
		},
		"by a certificate alone, as Active Directory has it": {
			certificate: true, told: `u:CORP\scimbridge`, asks: 1, self: []string{`CORP\scimbridge`},
		},
		"a server that cannot say, and the configuration does": {
			bind: BindOptions{External: true, DN: "cn=bridge"}, told: int64(ldap.LDAPResultProtocolError), binds: 1, asks: 1,
			self: []string{"cn=bridge"},
		},
		"a name of no entry, and the configuration says whose": {
			bind: BindOptions{External: true, DN: "cn=bridge"}, told: "u:bridge", binds: 1, asks: 1, self: []string{"cn=bridge"},
		},
		"a server that cannot say": {
			bind: BindOptions{External: true}, told: int64(ldap.LDAPResultProtocolError), binds: 1, asks: 1, says: "directory.bind.dn",
		},
		"a name of no entry": {bind: BindOptions{External: true}, told: "u:bridge", binds: 1, asks: 1, says: "directory.bind.dn"},
		"an empty DN":        {bind: BindOptions{External: true}, told: "dn:", binds: 1, asks: 1, says: "directory.bind.dn"},
		"nobody":             {certificate: true, told: "", asks: 1, says: "directory.bind.external"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &peer{script: func(s *session, m message) bool {
				if m.op != ldap.ApplicationExtendedRequest {
					return false
				}
				switch told := c.told.(type) {
				case int64:
					s.result(m, told, "what is that")
				case string:
					s.identity(m, told)
				}
				return true
			}}
			o := Options{URLs: []string{"ldapi://%2Frun%2Fldapi"}, Bind: c.bind}
			if c.certificate {
				o.TLS = TLSOptions{Certificate: certificate, Key: key}
			}
			dial := func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				go p.serve(far)
				return near, nil
			}
			client, err := newClient(o, slog.New(slog.DiscardHandler), dial)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, err = client.Search(t.Context(), anyone)
			if c.says != "" {
				if wantReason(t, err, reason.Unavailable); !strings.Contains(err.Error(), c.says) {
					t.Errorf("it does not say %s: %v", c.says, err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			binds, asks := p.count(ldap.ApplicationBindRequest), p.count(ldap.ApplicationExtendedRequest)
			if self := client.Self(); binds != c.binds || asks != c.asks || !slices.Equal(self, c.self) {
				t.Errorf("%d binds, asked %d times, and is %q", binds, asks, self)
			}
		})
	}
}

// TestNoPasswordInARefusedBind: a server that repeats the password is not repeated, and what it means is said all the same.
func TestNoPasswordInARefusedBind(t *testing.T) {
	for says, want := range map[string]string{
		"no account with the password Hunter-2x":                  "holds the password",
		"(userPassword=HUNTER-2X)":                                "holds the password",
		"AcceptSecurityContext error, data 775, hunter-2x, v4563": bindCodes[0x775],
		"no": "no",
	} {
		for _, code := range []int64{
			ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultUnavailable, ldap.LDAPResultBusy,
		} {
			p := &peer{script: func(s *session, m message) bool {
				if m.op == ldap.ApplicationBindRequest {
					s.result(m, code, says)
				}
				return m.op == ldap.ApplicationBindRequest
			}}
			var log bytes.Buffer
			c, err := newClient(Options{
				URLs: []string{"ldap://a"}, AllowCleartext: true, Bind: BindOptions{DN: "cn=bridge", Password: "Hunter-2x"},
			}, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), network{"a": p}.dial)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Search(t.Context(), anyone)
			told := log.String()
			for ; err != nil; err = errors.Unwrap(err) {
				told += err.Error() + "\n"
			}
			if strings.Contains(strings.ToLower(told), "hunter") {
				t.Errorf("%d, %s: %s", code, says, told)
			}
			if code == ldap.LDAPResultInvalidCredentials && !strings.Contains(told, want) {
				t.Errorf("%s: not told: %s", says, told)
			}
			c.Close()
		}
	}
}

// identity answers Who Am I?
func (s *session) identity(m message, authzID string) {
	answer := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedResponse, nil, "")
	answer.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(0), ""))
	answer.AppendChild(octets(""))
	answer.AppendChild(octets(""))
	answer.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 11, authzID, ""))
	s.send(m, answer)
}

// external has the bridge be who the certificate or the socket says.
func external(change ...func(*Options)) func(*Options) {
	return func(o *Options) {
		o.Bind = BindOptions{External: true}
		for _, c := range change {
			c(o)
		}
	}
}

// TestExternal: SASL EXTERNAL on real servers, over TLS and on the socket.
func TestExternal(t *testing.T) {
	s := dirtest.OpenLDAP(t, dirtest.Global("TLSVerifyClient demand", `authz-regexp "^cn=([^,]+)$" "uid=$1,ou=people,dc=example,dc=org"`))
	certificate, key := s.ClientCertificate(t, t.TempDir(), "bridge")
	foreign, foreignKey := dirtest.OpenLDAP(t).ClientCertificate(t, t.TempDir(), "bridge")
	with := func(certificate, key string) func(*Options) {
		return func(o *Options) { o.TLS.Certificate, o.TLS.Key = certificate, key }
	}
	socket := func(o *Options) { o.URLs, o.TLS = []string{s.LDAPI}, TLSOptions{} }
	const bridge = "uid=bridge,ou=people,dc=example,dc=org"
	local := fmt.Sprintf("gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth", os.Getgid(), os.Getuid())
	for name, test := range map[string]struct {
		change func(*Options)
		self   []string
		says   string
	}{
		"ldaps": {external(with(certificate, key)), []string{bridge}, ""},
		"StartTLS": {
			external(with(certificate, key), func(o *Options) { o.URLs, o.TLS.StartTLS = []string{s.URL}, true }), []string{bridge}, "",
		},
		"ldapi":                  {external(socket), []string{local}, ""},
		"ldapi, and who that is": {external(socket, func(o *Options) { o.Bind.DN = bridge }), []string{bridge, local}, ""},
		"no certificate":         {func(*Options) {}, nil, "directory.tls.certificate"},
		"of another authority":   {external(with(foreign, foreignKey)), nil, "directory.tls.certificate"},
		"a password beside":      {with(certificate, key), []string{s.BindDN}, ""},
		"a certificate, not bound": {
			func(o *Options) { o.Bind, o.TLS.Certificate, o.TLS.Key = BindOptions{}, certificate, key }, nil, "directory.bind.external",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, s, test.change)
			_, err := c.Server(t.Context())
			if test.says != "" {
				if wantReason(t, err, reason.Unavailable); !strings.Contains(err.Error(), test.says) {
					t.Errorf("it does not say %s: %v", test.says, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if self := c.Self(); !slices.Equal(self, test.self) {
				t.Errorf("is %q", self)
			}
		})
	}
	t.Run("renewed", func(t *testing.T) {
		folder := t.TempDir()
		c := open(t, s, external(with(s.ClientCertificate(t, folder, "first"))))
		if _, err := c.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.ClientCertificate(t, folder, "second")
		s.Restart()
		c.Refresh()
		c.refreshes.Wait()
		want := []string{"uid=first,ou=people,dc=example,dc=org", "uid=second,ou=people,dc=example,dc=org"}
		if self := c.Self(); !slices.Equal(self, want) {
			t.Errorf("is %q", self)
		}
	})
	t.Run("389 Directory Server", func(t *testing.T) {
		s := dirtest.DS389(t, dirtest.LocalAs(bridge))
		c := open(t, s, external(func(o *Options) { o.URLs = []string{s.LDAPI} }))
		if _, err := c.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		if self := c.Self(); !slices.Equal(self, []string{bridge}) {
			t.Errorf("is %q", self)
		}
	})
	t.Run("Samba", func(t *testing.T) { // which has it not
		s := dirtest.ActiveDirectory(t)
		c := open(t, s, external(with(certificate, key)))
		_, err := c.Server(t.Context())
		wantReason(t, err, reason.Unavailable)
		if !strings.Contains(err.Error(), "EXTERNAL (directory.bind)") {
			t.Errorf("got %v", err)
		}
	})
}
