package examples_test

import (
	"fmt"
	"strings"
	"testing"

	"scimbridge/scim"
)

// TestLargeRequests: what a request may have at the most is done, one more is refused with a word that says what, and the next client is
// served. A server reads a filter of thousands of terms where it is flat, and drops the connection where it is nested.
func TestLargeRequests(t *testing.T) {
	t.Parallel()
	for _, s := range servers[:2] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, s.start(t))
			id := d.user(t, "mara")
			many := func(n int, separator, format string) string {
				list := make([]string, n)
				for i := range list {
					list[i] = fmt.Sprintf(format, i)
				}
				return strings.Join(list, separator)
			}
			search := func(n int, term string) string { return `{"filter":"` + many(n, " or ", term) + `"}` }
			roles := func(n int) string { return `"roles":[` + many(n, ",", `{"value":"r%d"}`) + `]` }
			user := func(name string, n int) string {
				return `{"userName":"` + name + `","name":{"familyName":"F"},` + roles(n) + `}`
			}
			for _, test := range []struct {
				method, path, body string
				status             int
			}{
				{"POST", "/Users/.search", search(scim.DefaultFilterTerms, `userName eq \"u%d\"`), 200},
				{"POST", "/Users/.search", search(scim.DefaultFilterTerms, `title co \"u%d\"`), 200},
				{"POST", "/Users/.search", search(scim.DefaultFilterTerms, `id eq \"3f2504e0-4f89-11d3-9a0c-0305e82c%04d\"`), 200},
				{"POST", "/Users/.search", search(scim.DefaultFilterTerms/2, `emails[type eq \"work\" and value eq \"u%d\"]`), 200},
				{"POST", "/Users/.search", `{"filter":"not (` + many(scim.DefaultFilterTerms, " or ", `title eq \"u%d\"`) + `)"}`, 200},
				{"POST", "/Users/.search", search(scim.DefaultFilterTerms+1, `userName eq \"u%d\"`), 400},
				{"POST", "/Users", user("full", scim.DefaultValues), 201},
				{"POST", "/Users", user("fuller", scim.DefaultValues+1), 400},
				{"PATCH", "/Users/" + id, `{"Operations":[{"op":"add","value":{` + roles(scim.DefaultValues) + `}}]}`, 200},
				{"PATCH", "/Users/" + id, `{"Operations":[{"op":"add","path":"roles","value":[{"value":"x"}]}]}`, 400},
				{"PATCH", "/Users/" + id, `{"Operations":[{"op":"remove","path":"roles","value":[{"value":"r7"}]}]}`, 200},
				{"GET", "/Users/" + id, "", 200},
			} {
				response, content := d.do(t, test.method, test.path, test.body)
				if response.StatusCode != test.status || test.status == 400 && !strings.Contains(content, "more than") {
					t.Errorf("%s %s %.80s: %d %.300s", test.method, test.path, test.body, response.StatusCode, content)
				}
			}
		})
	}
}
