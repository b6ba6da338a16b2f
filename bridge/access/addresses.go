package access

import (
	"net/netip"
	"strings"
)

// Addresses are those that a thing is for, or that are believed: single ones and networks. None is a list of its own meaning: see where it
// stands.
type Addresses []netip.Prefix

// ParseAddresses reads addresses (192.0.2.7) and networks (192.0.2.0/24, 2001:db8::/32). What is none of them is told by its place.
func ParseAddresses(texts []string, report func(i int, problem string)) (list Addresses) {
	for i, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			var single netip.Addr
			single, err = netip.ParseAddr(text)
			prefix = netip.PrefixFrom(single, single.BitLen())
		}
		switch {
		case err != nil || prefix.Addr().Zone() != "":
			report(i, "is no address and no network, as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32")
		case prefix.Masked() != prefix:
			report(i, "is an address within the network "+prefix.Masked().String()+": write that, or the address without /")
		case prefix.Addr().Is4In6():
			report(i, "is an IPv4 address written as IPv6: write "+strings.TrimPrefix(prefix.Addr().String(), "::ffff:"))
		default:
			list = append(list, prefix)
		}
	}
	return list
}

// Hold says whether the address is one of them.
func (a Addresses) Hold(address string) bool {
	if len(a) == 0 {
		return false
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	for _, prefix := range a {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}
