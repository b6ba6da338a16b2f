package examples_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestUniqueRaces: copies of the bridge write one value that no two resources may share, each to another account, at the same time. Whoever
// is told of a success has it, and has it alone; if nobody has, the next one gets it.
func TestUniqueRaces(t *testing.T) {
	t.Parallel()
	for _, s := range servers[1:] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := copies{server: s.start(t)}
			for range 2 {
				c.bridges = append(c.bridges, deploy(t, c.server, "SCIMBRIDGE_RESOURCES_0_UNIQUE=externalId"))
			}
			c.race(t, raceRounds(t, 8), func(t *testing.T, round int) {
				first := c.of(0).user(t, fmt.Sprintf("first%d@contoso.example", round))
				second := c.of(0).user(t, fmt.Sprintf("second%d@contoso.example", round))
				value := fmt.Sprintf("shared-%d", round)
				body := operations(replace("externalId", `"`+value+`"`))
				a := &sent{n: 0, method: http.MethodPatch, path: "/Users/" + first, body: body}
				b := &sent{n: 1, method: http.MethodPatch, path: "/Users/" + second, body: body}
				c.together(t, a, b)
				done := 0
				for _, r := range []*sent{a, b} {
					switch r.status {
					case http.StatusOK:
						done++
					case http.StatusConflict, http.StatusServiceUnavailable:
					default:
						t.Errorf("%d %s", r.status, r.answer)
					}
				}
				if held := c.of(0).found(t, "/Users", `externalId eq "`+value+`"`); len(held) != done || done > 1 {
					t.Errorf("%d hold the value, %d were told so (%d, %d)", len(held), done, a.status, b.status)
				}
			})
		})
	}
}
