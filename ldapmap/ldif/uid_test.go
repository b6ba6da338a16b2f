package ldif_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/ldif"
)

func TestCutUID(t *testing.T) {
	for value, want := range map[string][2]string{
		"uid=anna,dc=example#'0101'B":   {"uid=anna,dc=example", "#'0101'B"},
		"uid=anna,dc=example#''B":       {"uid=anna,dc=example", "#''B"},
		"cn=a#b,dc=example#'1'B":        {"cn=a#b,dc=example", "#'1'B"},
		"cn=a#'1'B,dc=example":          {"cn=a#'1'B,dc=example", ""},
		"uid=anna,dc=example":           {"uid=anna,dc=example", ""},
		"uid=anna,dc=example#'0121'B":   {"uid=anna,dc=example#'0121'B", ""},
		"uid=anna,dc=example#0101'B":    {"uid=anna,dc=example#0101'B", ""},
		"uid=anna,dc=example#'0101":     {"uid=anna,dc=example#'0101", ""},
		"#'0101'B":                      {"", "#'0101'B"},
		"uid=anna,dc=example#'0'B#'1'B": {"uid=anna,dc=example#'0'B", "#'1'B"},
	} {
		if dn, uid := ldif.CutUID(value); dn != want[0] || uid != want[1] {
			t.Errorf("%s: %q and %q, want %q", value, dn, uid, want)
		}
	}
}

// A modification by DN becomes the values that an entry holds.
func TestIn(t *testing.T) {
	held := []string{"cn=bo#'1'B", "cn=Anna", "cn=anna#'0101'B", "cn=cy"}
	for _, c := range []struct {
		op           ldif.ModOp
		values, want []string
	}{
		{ldif.AddValues, []string{"cn=anna", "cn=bo", "cn=dan"}, []string{"cn=dan"}},
		{ldif.AddValues, []string{"cn=bo"}, nil},
		{ldif.DeleteValues, []string{"cn=anna", "cn=bo", "cn=dan"}, []string{"cn=Anna", "cn=anna#'0101'B", "cn=bo#'1'B", "cn=dan"}},
		{ldif.DeleteValues, []string{"cn=bo#'1'B", "cn=BO"}, []string{"cn=bo#'1'B"}},
	} {
		mod := ldif.Mod{Op: c.op, Name: "uniqueMember", Values: c.values, Settled: true, ByDN: true}.In(held, ldif.NormalDN)
		want := ldif.Mod{Op: c.op, Name: "uniqueMember", Values: c.want, Settled: true}
		if diff := cmp.Diff(want, mod); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", c.op, c.values, diff)
		}
	}
}
