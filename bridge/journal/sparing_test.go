package journal

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestStrangersFillNoStore: so much is recorded of one client, whatever addresses of its network it comes from, and so much of all.
func TestStrangersFillNoStore(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		address string // of which # is a number
		want    int
	}{
		"one address":    {"192.0.2.7", enough},
		"one network":    {"2001:db8::#", enough},
		"many networks":  {"2001:db8:0:#::1", (strangers + 1) * enough},
		"many addresses": {"10.0.#.1", (strangers + 1) * enough},
	} {
		var s sparing
		recorded, last := 0, 0
		for i := range 10 * strangers * enough {
			yes, after := s.let(strings.Replace(c.address, "#", strconv.Itoa(i/(2*enough)%256), 1), now)
			if yes {
				recorded++
			}
			if after != "" {
				last++
			}
		}
		if recorded != c.want || last != c.want/enough {
			t.Errorf("%s: %d are recorded, %d of them say that no more is", name, recorded, last)
		}
		if yes, _ := s.let("192.0.2.7", now.Add(spared)); !yes {
			t.Errorf("%s: nothing is recorded a minute later", name)
		}
	}
}
