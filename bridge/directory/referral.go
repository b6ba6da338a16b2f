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

// refer makes a server that another refers to the next one to be tried, where it is configured.
func (p *pool) refer(from int, urls []string) {
	if to := p.configured(from, urls); to >= 0 {
		p.prefer(to)
	}
}

// prefer makes a server the next one to be tried.
func (p *pool) prefer(server int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = server
}

// configured is the first of the servers named that is a configured one, and not from (-1: whichever it is): by host and port, or else by
// the host; -1: none is.
func (p *pool) configured(from int, urls []string) int {
	for _, text := range urls {
		scheme, rest, _ := strings.Cut(text, "://")
		server, _, _ := strings.Cut(rest, "/") // what else the URL names is known
		to, err := parseURL(scheme + "://" + server)
		if err != nil {
			continue
		}
		one := func(same func(address) bool) int {
			return slices.IndexFunc(p.dialer.servers, func(a address) bool {
				return (from < 0 || a != p.dialer.servers[from]) && same(a)
			})
		}
		i := one(func(a address) bool { return strings.EqualFold(a.dial, to.dial) })
		if i < 0 {
			i = one(func(a address) bool { return a.host != "" && strings.EqualFold(a.host, to.host) })
		}
		if i >= 0 {
			return i
		}
	}
	return -1
}

// isElsewhere says that an answer of the server is about one place, which stands on a server that is not configured: an entry refers there
// (RFC 3296), and is the deepest that is found. The server has all else: it is asked on, and takes changes. Of a server that has none of a
// naming context that context is the deepest entry, or there is none.
func (c *Client) isElsewhere(err error) bool {
	urls := referredTo(err)
	s := c.learned()
	if len(urls) == 0 || s == nil || c.pool.configured(-1, urls) >= 0 {
		return false
	}
	answer, _ := asAnswer(err)
	isContext := func(context string) bool { return s.SameDN(context, answer.MatchedDN) }
	return answer.MatchedDN != "" && !slices.ContainsFunc(s.Contexts, isContext)
}
