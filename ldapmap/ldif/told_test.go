package ldif

import (
	"strings"
	"testing"
)

func TestToldFaults(t *testing.T) {
	for _, c := range []struct {
		told Told
		want string
	}{
		{Told{}, ""},
		{Told{ID: "GUID", IDForm: "octets", Version: "modifyTimestamp", KeepsReferences: true}, ""},
		{Told{IDForm: "uuid"}, "idForm: goes with `id`"},
		{Told{ID: "x", IDForm: "hex"}, "idForm: is how an id stands"},
		{Told{ID: "userPassword"}, "id: userPassword is not the name"},
		{Told{Version: "a;b"}, "version: a;b is not the name"},
	} {
		var faults []string
		c.told.Check(func(path, problem string) { faults = append(faults, path+": "+problem) })
		if got := strings.Join(faults, "\n"); !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%+v: %q, want %q", c.told, got, c.want)
		}
	}
}

// An id of 16 octets is found by what it is shown as.
func TestIDOctets(t *testing.T) {
	octets := "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
	for form, want := range map[string]string{
		"octets": "01020304-0506-0708-090a-0b0c0d0e0f10", "guid": "04030201-0605-0807-090a-0b0c0d0e0f10",
	} {
		traits := Generic.Traits().With(Told{ID: "GUID", IDForm: form})
		e := &Entry{}
		e.Set("GUID", octets)
		filter, ok := traits.IDFilter(want)
		if got := traits.ID(e); got != want || traits.IDValue(want) != octets || !ok || !strings.HasPrefix(filter, `(GUID=\01\02\03`) {
			t.Errorf("%s: %q, %s", form, got, filter)
		}
	}
	if Generic.Traits().Told != nil || Generic.Traits().IDAttribute != "entryUUID" {
		t.Error("the table was changed")
	}
}
