package inspect

import (
	"strings"
	"testing"
)

// TestTrialPassword: no three characters in a row of a trial's password stand in a name.
func TestTrialPassword(t *testing.T) {
	password := trialPassword()
	for n := range len(password) - 2 {
		if !strings.Contains(password[n:n+3], "~") {
			t.Errorf("%q holds %q", password, password[n:n+3])
		}
	}
	for _, class := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"} {
		if !strings.ContainsAny(password, class) {
			t.Errorf("%q has none of %s", password, class)
		}
	}
	if len(password) < 30 || password == trialPassword() {
		t.Errorf("%q", password)
	}
}
