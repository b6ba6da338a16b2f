package access

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestATokenEnds: at the end of its day, and is told of before.
func TestATokenEnds(t *testing.T) {
	var log bytes.Buffer
	gate, err := New(Options{TokensFile: file(t, "- {name: a, token: "+secretA+", expires: 2027-01-31}\n"+
		"- {name: b, token: "+secretB+", expires: 2027-03-01T12:00:00+01:00}\n- {name: c, token: "+secretC+"}\n")},
		slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		now   string
		valid string   // whose token is
		told  []string // of which
	}{
		{"2027-01-10T00:00:00Z", "abc", nil},
		{"2027-01-18T00:00:00Z", "abc", []string{"a token expires soon: a 14"}},
		{"2027-01-31T23:59:59Z", "abc", []string{"a token expires soon: a 0"}},
		{"2027-02-01T00:00:00Z", "bc", []string{"a token has expired: a <nil>"}},
		{"2027-03-01T10:59:59Z", "bc", []string{"a token has expired: a <nil>", "a token expires soon: b 0"}},
		{"2027-03-01T11:00:00Z", "c", []string{"a token has expired: a <nil>", "a token has expired: b <nil>"}},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		gate.now = func() time.Time { return now }
		valid := ""
		for _, secret := range []string{secretA, secretB, secretC} {
			if name, ok := named(gate, "Bearer "+secret); ok {
				valid += name
			}
		}
		log.Reset()
		gate.remind(t.Context())
		var told []string
		for line := range strings.Lines(log.String()) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			told = append(told, fmt.Sprintf("%v: %v %v", fields["msg"], fields["token"], fields["days"]))
		}
		if diff := cmp.Diff(test.told, told); diff != "" || valid != test.valid {
			t.Errorf("%s: valid %s, %s", test.now, valid, diff)
		}
	}
	_, err = gate.Authenticate(t.Context(), "Bearer "+secretA, "")
	if err == nil || !strings.Contains(err.Error(), `the token "a" has expired`) {
		t.Error(err)
	}
}

// TestTwoOfOneName: one token takes the other's place while both hold.
func TestTwoOfOneName(t *testing.T) {
	gate, err := New(Options{TokensFile: file(t, "- {name: entra, token: "+secretA+", role: users-only, user: u}\n"+
		"- {name: entra, token: "+secretB+", role: users-only, user: u, expires: 2099-01-01}\n")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{secretA, secretB} {
		if caller, err := gate.Authenticate(t.Context(), "Bearer "+secret, ""); err != nil || caller != (Caller{"entra", UsersOnly, "u"}) {
			t.Errorf("%+v %v", caller, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	gate, err := New(Options{TokensFile: file(t, "- name: a\n  token: "+secretA+"\n  addresses: [192.0.2.0/24, 2001:db8::/32]\n"+
		"- {name: b, token: "+secretB+", addresses: 198.51.100.7}\n")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"192.0.2.7": "a", "192.0.3.7": "", "2001:db8::1": "a", "2001:db9::1": "", "::ffff:192.0.2.7": "a", "198.51.100.7": "b",
		"198.51.100.8": "", "": "", "x": "", "fe80::1%eth0": "",
	} {
		names := ""
		for _, secret := range []string{secretA, secretB} {
			caller, err := gate.Authenticate(t.Context(), "Bearer "+secret, address)
			if err != nil && !strings.Contains(err.Error(), "is not for this address") {
				t.Error(err)
			}
			names += caller.Name
		}
		if names != want {
			t.Errorf("from %s: %q, want %q", address, names, want)
		}
	}
}
