package examples_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestBulkIsAsInOrder: operations that claim or free one another's names come to what they come to one after the other (RFC 7644 §3.7),
// however the change is spelled.
func TestBulkIsAsInOrder(t *testing.T) {
	t.Parallel()
	post := func(name string) string {
		id := strings.ReplaceAll(name, "@", "-")
		return fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"b-%s","data":{"userName":"%s","name":{"familyName":"F"}}}`, id, name)
	}
	change := func(method, id, data string) string {
		return fmt.Sprintf(`{"method":"%s","path":"/Users/%s","data":%s}`, method, id, data)
	}
	renames := map[string]func(id, name string) string{
		"by path": func(id, name string) string {
			return change("PATCH", id, fmt.Sprintf(`{"Operations":[{"op":"replace","path":"userName","value":"%s"}]}`, name))
		},
		"without a path": func(id, name string) string {
			return change("PATCH", id, fmt.Sprintf(`{"Operations":[{"op":"Replace","value":{"active":"True","userName":"%s"}}]}`, name))
		},
		"by URN": func(id, name string) string {
			const urn = "urn:ietf:params:scim:schemas:core:2.0:User:username"
			return change("patch", id, fmt.Sprintf(`{"Operations":[{"op":"Add","value":{"%s":"%s"}}]}`, urn, name))
		},
		"by PUT": func(id, name string) string {
			return change("PUT", id, fmt.Sprintf(`{"userName":"%s","name":{"familyName":"F"}}`, name))
		},
	}
	for _, s := range servers[:2] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, s.start(t))
			for spelled, rename := range renames {
				for round := range 3 {
					suffix := fmt.Sprintf("-%s-%d@x", strings.ReplaceAll(spelled, " ", "-"), round)
					a, b, c := "a"+suffix, "b"+suffix, "c"+suffix
					one, two := d.user(t, a), d.user(t, b)
					d.statuses(t, "twice "+spelled, "201 409", post("n"+suffix), post("N"+suffix))
					d.statuses(t, "a chain, "+spelled, "200 200", rename(one, c), rename(two, a))
					d.statuses(t, "freed, "+spelled, "200 201", rename(two, "d"+suffix), post(strings.ToUpper(a)))
					d.statuses(t, "claimed, "+spelled, "409 200", post(c), rename(one, "e"+suffix))
					taken := rename(one, "d"+suffix)
					d.statuses(t, "back, "+spelled, "409 200 200", taken, rename(two, "f"+suffix), taken)
					gone := `{"method":"DELETE","path":"/Users/` + one + `"}`
					again := strings.Replace(post("d"+suffix), "b-", "z-", 1)
					d.statuses(t, "deleted, "+spelled, "409 204 201", post("d"+suffix), gone, again)
				}
			}
		})
	}
}

// statuses holds a bulk request's operations to what they come to.
func (d *deployment) statuses(t *testing.T, what, want string, operations ...string) {
	t.Helper()
	answer := d.bulk(t, operations)
	var got []string
	for _, r := range answer.Operations {
		got = append(got, r.Status)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%s: %v, want %s: %+v", what, got, want, answer)
	}
}
