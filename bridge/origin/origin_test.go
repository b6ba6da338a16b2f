package origin

import "testing"

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7":            "192.0.2.7/32",
		"::ffff:192.0.2.7":     "192.0.2.7/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0":         "fe80::/64",
		"":                     "invalid Prefix",
		"somebody":             "invalid Prefix",
	} {
		if got, ok := Network(address); got.String() != want || ok != (want != "invalid Prefix") {
			t.Errorf("%q: %v, %v, want %s", address, got, ok, want)
		}
	}
}
