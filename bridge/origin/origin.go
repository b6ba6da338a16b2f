// Package origin tells clients apart by where they come from.
package origin

import "net/netip"

// Network is what one client may have of addresses: of IPv6 a network of 64 bits (RFC 6177). ok says that the text is an address.
func Network(address string) (network netip.Prefix, ok bool) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}, false
	}
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	network, err = ip.Prefix(bits)
	return network, err == nil
}
