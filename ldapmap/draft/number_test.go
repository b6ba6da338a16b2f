package draft

import "testing"

// A number goes behind the stem, within the limit, and is recognised there.
func TestNumbered(t *testing.T) {
	for _, c := range []struct {
		stem, separator string
		n, limit        int
		want            string
	}{
		{"Mara Lind", " ", 2, 0, "Mara Lind 2"},
		{"mara@x", "", 12, 0, "mara12@x"},
		{"Mara Lind", " ", 10, 9, "Mara L 10"},
		{"Mara  Lind", " ", 2, 7, "Mara 2"},
		{"ab", "", 100, 2, "100"},
	} {
		if got := numbered(c.stem, c.separator, c.n, c.limit); got != c.want {
			t.Errorf("%s %d within %d is %q", c.stem, c.n, c.limit, got)
		}
	}
	for value, want := range map[string]bool{
		"lind": false, "lind2": true, "LIND10": true, "lind1": false, "lind 2": false, "lindx": false, "": false,
	} {
		if got := isNumbered(value, "lind", 0); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	if !isNumbered("agent72", "agent7", 0) || !isNumbered("averylongaccountnam2", "averylongaccountname", 20) {
		t.Error("a stem with digits, or cut short, is not recognised")
	}
}
