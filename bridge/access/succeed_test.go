package access

import (
	"log/slog"
	"testing"

	"scimbridge/bridge/reason"
)

// TestSucceed: a gate that takes another's place has the issuer's keys, and knows who has failed; whose a token is says its own
// configuration.
func TestSucceed(t *testing.T) {
	e := startEntra(t, nil)
	token := e.First(nil)
	e.is(t, token, "entra")
	e.Down(true)
	var refusal *reason.Error
	for range failuresAtOnce + 1 {
		_, err := e.Authenticate(t.Context(), "Bearer nobody", "198.51.100.7")
		refusal = err.(*reason.Error)
	}
	if refusal.Reason != reason.Attempts {
		t.Errorf("%v", refusal)
	}
	o := e.options
	o.Entra[0].Role = "groups-only"
	next, err := New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	next.now = e.now
	next.Succeed(e.Gate)
	if caller, err := next.Authenticate(t.Context(), "Bearer "+token, ""); err != nil || caller.Role.String() != "groups-only" {
		t.Errorf("%+v %v", caller, err)
	}
	_, err = next.Authenticate(t.Context(), "Bearer nobody", "198.51.100.7")
	if refusal, is := err.(*reason.Error); !is || refusal.Reason != reason.Attempts {
		t.Errorf("%v", err)
	}
}
