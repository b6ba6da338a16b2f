package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"scimbridge/examples/bridgetest"
)

// TestNumbersOfProcesses: three processes of the program, to which users are sent all at once, give each a number of its own; and who comes
// while others are deleted gets none that was somebody's.
func TestNumbersOfProcesses(t *testing.T) {
	t.Parallel()
	binary := bridgetest.Build(t)
	for _, s := range servers[1:] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			size, more := map[string]int{"openldap": 200}[s.name], 50
			if size == 0 {
				size, more = 24, 6
			}
			server := s.start(t)
			var processes []*program
			for range 3 {
				processes = append(processes, startProgram(t, binary, server, counted(t, server, 20000, 29999)...))
			}
			send := func(n int, method, path, body string, want int) {
				answer, content, err := processes[n%3].try(method, path, body)
				if err != nil || answer.StatusCode != want {
					t.Errorf("%v %s", err, content)
				}
			}
			create := func(n int) {
				body := resource("/Users", fmt.Sprintf(`"userName":"user%d@contoso.example","active":true`, n))
				send(n, http.MethodPost, "/Users", body, http.StatusCreated)
			}
			var all sync.WaitGroup
			for n := range size {
				all.Go(func() { create(n) })
			}
			all.Wait()
			given := numbers(t, server, server.People, "uidNumber")
			if len(given) != size || len(slices.Compact(slices.Clone(given))) != size {
				t.Fatalf("%d users have the numbers %v", size, given)
			}
			var leave []string // those with the highest numbers among them
			for _, e := range server.Entries(t, server.People) {
				for _, n := range given[size-more:] {
					if e.Value("uidNumber") == fmt.Sprint(n) {
						leave = append(leave, idOf(t, server, e.DN))
					}
				}
			}
			for n := range more {
				all.Go(func() { send(n, http.MethodDelete, "/Users/"+leave[n], "", http.StatusNoContent) })
				all.Go(func() { create(size + n) })
			}
			all.Wait()
			now := numbers(t, server, server.People, "uidNumber")
			came := without(now, given[:size-more])
			if len(now) != size || len(slices.Compact(came)) != more || slices.Min(came) <= slices.Max(given) {
				t.Errorf("%d newcomers have the numbers %v; given were %v", more, came, given)
			}
			t.Logf("%d numbers up to %d, then %d from %d to %d", size, given[size-1], more, slices.Min(came), slices.Max(came))
		})
	}
}
