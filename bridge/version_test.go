package bridge

import "testing"

func TestNamed(t *testing.T) {
	const tag = `W/"20260101000000.000001Z#000000#000#000000"`
	for list, want := range map[string]bool{
		tag: true,
		`"20260101000000.000001Z#000000#000#000000"`: true, // compared weakly
		`20260101000000.000001Z#000000#000#000000`:   true, // as some clients send it
		`"a", ` + tag + ` ,"b"`:                      true,
		`*`:                                          true,
		`"a"`:                                        false,
		`W/"a","b"`:                                  false,
		`W/""`:                                       false,
	} {
		if named(list, tag) != want {
			t.Errorf("%s: named is not %t", list, want)
		}
	}
}
