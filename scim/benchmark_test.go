package scim_test

import (
	"testing"

	"scimbridge/scim"
)

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"replace","path":"title","value":"Bosun"},{"op":"add","value":{"active":true,"name":{"givenName":"Nils"}}}]}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scim.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
