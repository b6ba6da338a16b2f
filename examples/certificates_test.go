package examples_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
)

// TestCertificates: certificates that are there show, and those that are written are where other programs look for them.
func TestCertificates(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		line := fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_", lineOf(t, server, "preferredLanguage"))
		d := deploy(t, server, line+"SCIM=x509Certificates.value", line+"LDAP=userCertificate")
		one, two := certificate(t, 1), certificate(t, 2)
		name := productOf(server).certificate
		shows := func(what, user string, want ...string) {
			t.Helper()
			var got, held []string
			list, _ := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+user, "")["x509Certificates"].([]any)
			for _, c := range list {
				got = append(got, c.(object)["value"].(string))
			}
			for _, v := range server.Entry(t, d.entry(t, user).DN, name).Values(name) {
				held = append(held, base64.StdEncoding.EncodeToString([]byte(v)))
			}
			slices.Sort(want)
			slices.Sort(got)
			slices.Sort(held)
			if !slices.Equal(got, want) || !slices.Equal(held, want) {
				t.Errorf("%s: %d show and %d are held, want %d", what, len(got), len(held), len(want))
			}
		}
		its := productOf(server)
		dn := its.rdn("there") + "," + server.People
		server.Load(t, its.user(dn, "there")+name+":: "+one+"\n")
		found := d.found(t, "/Users", "x509Certificates pr")
		if len(found) != 1 {
			t.Fatalf("found %v", found)
		}
		there := found[0]["id"].(string)
		shows("there before", there, one)
		patch := func(operation string) {
			t.Helper()
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+there, operations(operation))
		}
		patch(`{"op":"add","path":"x509Certificates","value":[{"value":"` + two + `"}]}`)
		shows("added", there, one, two)
		patch(`{"op":"remove","path":"x509Certificates[value eq \"` + one + `\"]"}`)
		shows("one removed", there, two)
		patch(`{"op":"remove","path":"x509Certificates"}`)
		shows("all removed", there)
		shows("created", d.create(t, "/Users", `"userName":"new@contoso.example","x509Certificates":[{"value":"`+one+`"}]`), one)
	})
}

// certificate is a new certificate in base64.
func certificate(t testing.TB, serial int64) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "there"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}
