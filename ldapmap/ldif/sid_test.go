package ldif

import "testing"

func TestSID(t *testing.T) {
	administrators := BuiltinDomain.Member(544)
	domain := SID("\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\xff\xff\xff\xff")
	for got, want := range map[string]string{
		administrators.String(): "S-1-5-32-544", domain.Member(512).String(): "S-1-5-21-1-2-4294967295-512",
		domain.Member(512).Domain().String(): domain.String(), SID("x").String(): "", SID("x").Member(1).String(): "",
		SID("").Domain().String():                                     "",
		SID("\x01\x00\x00\x00\x00\x00\x00\x05").Equality("objectSid"): `(objectSid=\01\00\00\00\00\00\00\05)`,
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if id := domain.Member(1104).ID(); id != 1104 {
		t.Errorf("id %d", id)
	}
	if id := SID("x").ID(); id != 0 {
		t.Errorf("id %d of no SID", id)
	}
}
