package directory

import (
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// ReferredTo are the URLs of the servers that an answer refers to; none: it refers to nobody.
func ReferredTo(err error) []string { return referredTo(err) }

// referredTo are the URLs of a referral (RFC 4511 §4.1.10).
func referredTo(err error) (urls []string) {
	answer, ok := asAnswer(err)
	if !ok || answer.ResultCode != ldap.LDAPResultReferral || answer.Packet == nil || len(answer.Packet.Children) < 2 {
		return nil
	}
	for _, part := range answer.Packet.Children[1].Children {
		if part.ClassType == ber.ClassContext && part.Tag == 3 {
			for _, url := range part.Children {
				urls = append(urls, text(url))
			}
		}
	}
	return urls
}

// refer makes a server that another refers to the next one to be tried, where it is configured: by host and port, or else by the host.
func (p *pool) refer(from int, urls []string) {
	for _, text := range urls {
		scheme, rest, _ := strings.Cut(text, "://")
		server, _, _ := strings.Cut(rest, "/") // what else the URL names is known
		to, err := parseURL(scheme + "://" + server)
		if err != nil {
			continue
		}
		configured := func(same func(address) bool) int {
			return slices.IndexFunc(p.dialer.servers, func(a address) bool { return a != p.dialer.servers[from] && same(a) })
		}
		i := configured(func(a address) bool { return strings.EqualFold(a.dial, to.dial) })
		if i < 0 {
			i = configured(func(a address) bool { return a.host != "" && strings.EqualFold(a.host, to.host) })
		}
		if i >= 0 {
			p.mu.Lock()
			p.next = i
			p.mu.Unlock()
			return
		}
	}
}
