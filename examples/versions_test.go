package examples_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
)

// TestIfMatchRace: of two clients that change the same attribute of the same version one wins and the other is told, a thousand times; the
// winner's value stands.
func TestIfMatchRace(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			server := s.start(t)
			d := deploy(t, server)
			_, content := d.do(t, "POST", "/Users",
				`{"userName":"race@contoso.example","displayName":"Race","name":{"familyName":"R"},"title":"0"}`)
			var made struct{ ID string }
			if err := json.Unmarshal([]byte(content), &made); err != nil || made.ID == "" {
				t.Fatal(content)
			}
			for round := range 1000 {
				response, _ := d.do(t, "GET", "/Users/"+made.ID, "")
				tag := response.Header.Get("ETag")
				status, failed := [2]int{}, [2]error{}
				var both sync.WaitGroup
				for client := range 2 {
					both.Go(func() {
						body := fmt.Sprintf(`{"Operations":[{"op":"replace","path":"title","value":"%d-%d"}]}`, round, client)
						response, _, err := d.try("PATCH", "/Users/"+made.ID, body, "If-Match: "+tag)
						if failed[client] = err; err == nil {
							status[client] = response.StatusCode
						}
					})
				}
				both.Wait()
				winner := 0
				if status[1] == 200 {
					winner = 1
				}
				if status[winner] != 200 || status[1-winner] != 412 {
					t.Fatalf("round %d: %v %v", round, status, failed)
				}
				_, content := d.do(t, "GET", "/Users/"+made.ID+"?attributes=title", "")
				var now struct{ Title string }
				if err := json.Unmarshal([]byte(content), &now); err != nil || now.Title != fmt.Sprintf("%d-%d", round, winner) {
					t.Fatalf("round %d: client %d won, and the title is %q", round, winner, now.Title)
				}
			}
		})
	}
}
