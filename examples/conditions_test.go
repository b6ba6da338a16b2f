package examples_test

import (
	"fmt"
	"testing"

	"scimbridge/ldapmap/ldif"
)

// TestTheVersionThatAPatchWithoutABodyLeaves: where the directory shows the entry as it left it, or nothing was written, a 204 names the
// version, and a further change may build on it. Where it does not, there is none, rather than a wrong one.
func TestTheVersionThatAPatchWithoutABodyLeaves(t *testing.T) {
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			d := deploy(t, server)
			user, group := d.user(t, "Ida"), d.group(t, "Crew")
			for step, operation := range map[string]string{
				"a member is added": fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":"%s"}]}`, user),
				"nothing is new":    `{"op":"replace","path":"displayName","value":"Crew"}`,
			} {
				response, content := d.do(t, "PATCH", "/Groups/"+group, `{"Operations":[`+operation+`]}`)
				tag := response.Header.Get("ETag")
				now, _ := d.do(t, "GET", "/Groups/"+group+"?attributes=id", "")
				if response.StatusCode != 204 || tag != "" && tag != now.Header.Get("ETag") {
					t.Errorf("%s: %d %s, ETag %q; then %q", step, response.StatusCode, content, tag, now.Header.Get("ETag"))
				}
				if tag == "" && server.VersionForm == ldif.VersionCSN { // by post-read (RFC 4527)
					t.Errorf("%s: no ETag", step)
				}
			}
		})
	}
}
