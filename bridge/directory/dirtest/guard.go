package dirtest

import (
	"bufio"
	"io"
	"net"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// guardSession forwards one client's LDAP messages to the domain controller, except the requests that Windows would refuse: those it
// answers.
type guardSession struct {
	domain *controller
	client net.Conn
	write  sync.Mutex // on client: its answers come from the domain controller and from here

	lookups *ldap.Conn // the guard's own connection, made when it first has to look something up
}

// guard serves one connection of a client that speaks plain LDAP.
func (c *controller) guard(client net.Conn) {
	server, err := c.dialTLS()
	if err != nil {
		return
	}
	s := &guardSession{domain: c, client: client}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.requests(server)
		server.Close() // ends the answers
	}()
	s.answers(server)
	client.Close() // ends the requests
	<-ended
	if s.lookups != nil {
		s.lookups.Close()
	}
}

// requests forwards what the client sends until one side ends.
func (s *guardSession) requests(server io.Writer) {
	from := bufio.NewReader(s.client)
	for {
		message, packet, err := readMessage(from)
		if err != nil {
			return
		}
		if no := s.refuse(packet); no != nil {
			err = s.toClient(no.response(packet))
		} else {
			_, err = server.Write(message)
		}
		if err != nil {
			return
		}
	}
}

// answers forwards what the domain controller sends.
func (s *guardSession) answers(server io.Reader) {
	from := bufio.NewReader(server)
	for {
		message, _, err := readMessage(from)
		if err != nil {
			return
		}
		if err := s.toClient(message); err != nil {
			return
		}
	}
}

func (s *guardSession) toClient(message []byte) error {
	s.write.Lock()
	defer s.write.Unlock()
	_, err := s.client.Write(message)
	return err
}

// readMessage reads one LDAPMessage (RFC 4511 §4.1.1), as it is on the wire and decoded.
func readMessage(from *bufio.Reader) ([]byte, *ber.Packet, error) {
	var wire recorder
	packet, err := ber.ReadPacket(io.TeeReader(from, &wire))
	return wire, packet, err
}

type recorder []byte

func (r *recorder) Write(p []byte) (int, error) {
	*r = append(*r, p...)
	return len(p), nil
}

// lookUp reads attributes of an entry as Administrator, in its state before the request that the guard judges; nil where there is none.
func (s *guardSession) lookUp(dn string, attributes ...string) *ldap.Entry {
	if s.lookups == nil || s.lookups.IsClosing() {
		conn, err := s.domain.bound(patience)
		if err != nil {
			return nil
		}
		s.lookups = conn
	}
	result, err := s.lookups.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", attributes, nil))
	if err != nil || len(result.Entries) == 0 {
		return nil
	}
	return result.Entries[0]
}

// response is the refusal as the answer to a request (RFC 4511 §4.1.9): each response's tag follows its request's, but for a search, which
// entries come before.
func (r *refusal) response(request *ber.Packet, referrals ...string) []byte {
	id, operation := request.Children[0], request.Children[1]
	message := ber.NewSequence("LDAPMessage")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id.Value, "messageID"))
	tag := operation.Tag + 1
	if operation.Tag == ldap.ApplicationSearchRequest {
		tag = ldap.ApplicationSearchResultDone
	}
	result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "LDAPResult")
	result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(r.code), "resultCode"))
	result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", "matchedDN"))
	result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, r.diagnostic, "diagnosticMessage"))
	if len(referrals) > 0 {
		referral := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "referral")
		for _, url := range referrals {
			referral.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, url, "URI"))
		}
		result.AppendChild(referral)
	}
	message.AppendChild(result)
	return message.Bytes()
}
