package compile

import (
	"strings"
	"testing"
)

// TestDidYouMean names every word that a misspelt one may have been, for whoever follows a wrong hint gets a map that is wrong and passes.
func TestDidYouMean(t *testing.T) {
	for _, c := range []struct{ typed, words, want string }{
		{"telefonNumber", "telexNumber telephoneNumber title", "; did you mean telexNumber or telephoneNumber?"},
		{"telephonNumber", "telexNumber telephoneNumber title", "; did you mean telephoneNumber?"}, // four letters nearer
		{
			"displaName", "displayNames dispName displayName displaysName", // three at most, the nearest first
			"; did you mean displayName or displayNames or dispName?",
		},
		{"userNmae", "userName userType", "; did you mean userName?"}, // two letters swapped are one fault
		{"surename", "surname surname givenName", "; did you mean surname?"},
		{"MAIL", "mails mail", "; did you mean mail?"}, // it is the same word
		{"mail", "mails mail", ""},
		{"zzz", "mail title", ""},
	} {
		if got := DidYouMean(c.typed, strings.Fields(c.words)); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.typed, c.words, got, c.want)
		}
	}
}
