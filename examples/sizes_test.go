package examples_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// picture is so many octets that are a JPEG's by their first ones.
func picture(octets int, seed uint64) string {
	value := append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), make([]byte, octets-11)...)
	source := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = source.Read(value[11:])
	return base64.StdEncoding.EncodeToString(value)
}

func photos(base64 string) string { return `[{"type":"photo","value":"` + base64 + `"}]` }

// photoOf is the photo that a resource shows, in base64.
func photoOf(t testing.TB, r object) string {
	t.Helper()
	list, _ := r["photos"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d photos", len(list))
	}
	_, value, _ := strings.Cut(list[0].(object)["value"].(string), ",")
	return value
}

// TestLargeValue: a photo of 1 MB is made, shown, changed, and left alone where it is sent back as it was shown; beyond what the bridge
// takes, or the directory, the answer names the limit, and others do not notice.
func TestLargeValue(t *testing.T) {
	t.Parallel()
	const large = 1 << 20
	run := func(t *testing.T, server *dirtest.Server) {
		line := fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_", lineOf(t, server, "preferredLanguage"))
		d := deploy(t, server, line+"SCIM=photos.value", line+"LDAP=jpegPhoto", line+"AS=photo", "SCIMBRIDGE_LISTEN_MAXBODY=4000000")
		one, two := picture(large, 1), picture(large, 2)
		id := d.create(t, "/Users", `"userName":"mara","active":true,"photos":`+photos(one))
		shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
		if photoOf(t, shown) != one {
			t.Fatal("another photo shows")
		}
		again, err := json.Marshal(shown)
		if err != nil {
			t.Fatal(err)
		}
		d.taken()
		d.want(t, http.StatusOK, http.MethodPut, "/Users/"+id, string(again))
		if plans := d.taken(); len(plans) > 0 {
			t.Errorf("what was shown, sent back, is %d plans", len(plans))
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("displayName", `"Mara"`)))
		for _, p := range d.taken() {
			if octets := len(p.String()); octets > 10_000 {
				t.Errorf("a change beside the photo takes %d octets", octets)
			}
		}
		change := func(status int, to string) object {
			t.Helper()
			return d.want(t, status, http.MethodPatch, "/Users/"+id, operations(replace("photos", photos(to))))
		}
		if photoOf(t, change(http.StatusOK, two)) != two {
			t.Error("the other photo does not show")
		}
		held := []byte(server.Entry(t, d.entry(t, id).DN, "jpegPhoto").Value("jpegPhoto"))
		if base64.StdEncoding.EncodeToString(held) != two {
			t.Error("the entry holds another photo")
		}
		refused := func(octets int, limit string) {
			t.Helper()
			detail := change(http.StatusRequestEntityTooLarge, picture(octets, 3))["detail"].(string)
			if !strings.Contains(detail, limit) {
				t.Error(detail)
			}
			if r := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id+"?attributes=photos", ""); photoOf(t, r) != two {
				t.Error("something was written")
			}
		}
		refused(3<<20, "listen.maxBody: 4000000")
		if server.Kind == ldif.DS389 { // takes less than the bridge does
			refused(5<<19, "nsslapd-maxbersize")
		}
	}
	for _, s := range servers[1:] {
		t.Run(s.name, func(t *testing.T) { run(t, s.start(t)) })
	}
}

// TestPagesOfLargeValues: a page ends before it takes more memory than a page may, and by cursor or by index everybody shows once all the
// same. A page without what is large is as long as ever.
func TestPagesOfLargeValues(t *testing.T) {
	t.Parallel()
	const users, large = 34, 1 << 20 // three pages
	server := memory(t)
	line := fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_", lineOf(t, server, "preferredLanguage"))
	d := deploy(t, server, line+"SCIM=photos.value", line+"LDAP=jpegPhoto", line+"AS=photo", "SCIMBRIDGE_DIRECTORY_TIMEOUT=1m")
	photo := picture(large, 1)
	var text strings.Builder
	for i := range users {
		name := fmt.Sprintf("large%02d", i)
		fmt.Fprintf(&text, "%sjpegPhoto:: %s\n\n", productOf(server).user("uid="+name+","+server.People, name), photo)
	}
	server.Load(t, text.String())
	for name, next := range map[string]func(l list, listed int) string{
		"cursor": func(l list, _ int) string {
			if l.NextCursor == "" {
				return ""
			}
			return "&cursor=" + l.NextCursor
		},
		"startIndex": func(_ list, listed int) string {
			if listed == users {
				return ""
			}
			return fmt.Sprintf("&startIndex=%d", listed+1)
		},
	} {
		seen := map[string]int{}
		pages := 0
		query := "&" + name + "="
		if name == "startIndex" {
			query += "1"
		}
		for ; query != "" && pages < users; pages++ {
			l := d.listBut(t, "/Users?count=1000"+query, photo)
			if n := len(l.Resources); n > 20 || n != l.ItemsPerPage || l.TotalResults != users {
				t.Fatalf("by %s: %d of %d on a page that says %d", name, n, l.TotalResults, l.ItemsPerPage)
			}
			for _, r := range l.Resources {
				seen[r.ID]++
			}
			query = next(l, len(seen))
		}
		if len(seen) != users || pages > 4 {
			t.Errorf("by %s: %d of %d on %d pages", name, len(seen), users, pages)
		}
	}
	if l := d.list(t, "/Users?count=1000&attributes=userName"); len(l.Resources) != users {
		t.Errorf("without photos: %d on a page", len(l.Resources))
	}
}
