package bridge_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/heaptest"
	"scimbridge/ldapmap/compile"
	"scimbridge/scim"
)

const (
	onPage = 16 << 20  // octets of entries
	photo  = 256 << 10 // of one
)

// gallery is a house whose users may have photos.
func gallery(t *testing.T, server *dirtest.Server) house {
	t.Helper()
	d, err := directory.New(directory.Options{
		URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password}, Timeout: time.Minute,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return buildOn(t, server, bridge.Options{Directory: d}, compile.Options{
		Type: "User", Base: compile.Bases{server.People}, ObjectClasses: []compile.ClassOptions{{Class: "inetOrgPerson"}},
		DN: `"cn=" + rdn(displayName) + "," + base`,
		Attributes: []compile.AttributeOptions{
			{SCIM: "userName", LDAP: "uid"},
			{SCIM: "displayName", LDAP: "cn"},
			{SCIM: "name.familyName", LDAP: "sn"},
			{SCIM: "photos.value", LDAP: "jpegPhoto", As: "photo"},
		},
	})
}

// hang adds users with one login, and a photo to each but the first on the list.
func (h house) hang(t *testing.T, users, without int) {
	t.Helper()
	var text strings.Builder
	for i := range users {
		fmt.Fprintf(&text, "dn: cn=u%03d,%s\nobjectClass: inetOrgPerson\ncn: u%03d\nuid: u\nsn: x\n\n", i, h.server.People, i)
	}
	h.server.Load(t, text.String())
	list, err := h.Query(t.Context(), bridge.Call{}, "User", bridge.Query{Count: users})
	if err != nil || len(list.Resources) != users {
		t.Fatal(err)
	}
	conn := h.server.Connect(t)
	defer conn.Close()
	for _, r := range list.Resources[without:] {
		add := ldap.NewModifyRequest(fmt.Sprintf("cn=%s,%s", r["displayName"], h.server.People), nil)
		add.Replace("jpegPhoto", []string{strings.Repeat("x", photo)})
		if err := conn.Modify(add); err != nil {
			t.Fatal(err)
		}
	}
}

// pages reads a list to its end, and sees that none of its pages takes more than it may, and that everybody is there once.
func (h house) pages(t *testing.T, q bridge.Query, users int) {
	t.Helper()
	seen, pages := map[string]bool{}, 0
	for q.StartIndex = 1; q.StartIndex <= users; {
		list, err := h.Query(t.Context(), bridge.Call{}, "User", q)
		if err != nil || list.Total != users || len(list.Resources) == 0 {
			t.Fatal(list, err)
		}
		octets := 0
		for _, r := range list.Resources {
			seen[r["id"].(string)] = true
			octets += photoIn(r)
		}
		if octets > onPage+photo {
			t.Errorf("%s: %d octets on page %d, of %d users", q.Filter, octets, pages+1, len(list.Resources))
		}
		q.StartIndex += len(list.Resources)
		pages++
	}
	if least := users * photo / onPage; len(seen) != users || pages > 2*least+3 {
		t.Errorf("%s: %d users on %d pages", q.Filter, len(seen), pages)
	}
}

// photoIn is how many octets the resource's photo takes.
func photoIn(r scim.Resource) int {
	if photos, _ := r["photos"].([]any); len(photos) > 0 {
		return len(photos[0].(map[string]any)["value"].(string)) / 4 * 3
	}
	return 0
}

// TestPagesOfUnforeseenSize: however small the entries are at first that a page shows, it takes no more than it may of those that come
// then, and neither does a query for one value that many entries have.
func TestPagesOfUnforeseenSize(t *testing.T) {
	t.Run("slapd", func(t *testing.T) {
		const users = 250
		h := gallery(t, dirtest.OpenLDAP(t))
		h.hang(t, users, 20)
		for _, filter := range []string{"", `userName eq "u"`} {
			most := heaptest.Peak(func() {
				if _, err := h.Query(t.Context(), bridge.Call{}, "User", bridge.Query{Filter: filter, Count: users}); err != nil {
					t.Error(err)
				}
			})
			if most > 6*onPage {
				t.Errorf("%q: %d MiB are in use", filter, most>>20)
			}
			t.Logf("%q: %d MiB are in use", filter, most>>20)
			h.pages(t, bridge.Query{Filter: filter, Count: users}, users)
		}
	})
	t.Run("memdir", func(t *testing.T) {
		const users = 100
		h := gallery(t, dirtest.Memory(t))
		h.hang(t, users, 20)
		for _, filter := range []string{"", `userName eq "u"`} {
			h.pages(t, bridge.Query{Filter: filter, Count: users}, users)
		}
	})
}
