package examples_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

type bulkAnswer struct {
	Operations []struct {
		Method, BulkID, Location, Status string
		Response                         *struct{ Detail string }
	}
}

func (d *deployment) bulk(t testing.TB, operations []string) bulkAnswer {
	t.Helper()
	response, content := d.do(t, "POST", "/Bulk",
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+strings.Join(operations, ",")+`]}`)
	var answer bulkAnswer
	if response.StatusCode != 200 || json.Unmarshal([]byte(content), &answer) != nil {
		t.Fatalf("%d %s", response.StatusCode, content)
	}
	return answer
}

// A thousand operations: 900 users, of which 100 have a manager from the same request, and 100 groups of one member from it.
func TestBulkOfAThousand(t *testing.T) {
	t.Parallel()
	for _, s := range servers[:3] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			d := deploy(t, server, "SCIMBRIDGE_LISTEN_REQUESTTIMEOUT=5m")
			var operations []string
			for i := range 100 { // references forwards: the groups come first
				operations = append(operations, fmt.Sprintf(`{"method":"POST","path":"/Groups","bulkId":"g%d",`+
					`"data":{"displayName":"G %d","members":[{"value":"bulkId:u%d"}]}}`, i, i, 800+i))
			}
			for i := range 900 {
				manager := ""
				if i < 100 {
					manager = fmt.Sprintf(`,"`+enterpriseURN+`":{"manager":{"value":"bulkId:u%d"}}`, i+300)
				}
				family := `"F"`
				if i == 555 {
					family = `{"not":"text"}`
				}
				operations = append(operations, fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"u%d",`+
					`"data":{"userName":"u%d@contoso.example","name":{"familyName":%s}%s}}`, i, i, family, manager))
			}
			answer := d.bulk(t, operations)
			if len(answer.Operations) != 1000 {
				t.Fatalf("%d results", len(answer.Operations))
			}
			for i, r := range answer.Operations {
				want := "201"
				if i == 100+555 {
					want = "400"
				}
				if r.Status != want || (r.Response != nil) != (want == "400") {
					t.Errorf("operation %d, %s: %s, want %s: %+v", i, r.BulkID, r.Status, want, r.Response)
				}
			}
			if total := d.list(t, "/Users?count=0").TotalResults; total != 899 {
				t.Errorf("%d users", total)
			}
			if total := d.list(t, "/Users?count=0&filter="+managerPath+"+pr").TotalResults; total != 100 {
				t.Errorf("%d users with a manager", total)
			}
			_, content := d.do(t, "GET", "/Groups?count=200", "")
			if n := strings.Count(content, `"type":"User"`); n != 100 {
				t.Errorf("%d members in 100 groups", n)
			}
		})
	}
}

func TestBulkLimits(t *testing.T) {
	d := deploy(t, memory(t), "SCIMBRIDGE_LIMITS_BULKOPERATIONS=2", "SCIMBRIDGE_LIMITS_BULKPAYLOAD=2000")
	for name, body := range map[string]string{
		"operations": `{"Operations":[` + strings.Repeat(`{"method":"DELETE","path":"/Users/x"},`, 2) +
			`{"method":"DELETE","path":"/Users/x"}]}`,
		"payload": `{"Operations":[],"x":"` + strings.Repeat("x", 2000) + `"}`,
	} {
		response, content := d.do(t, "POST", "/Bulk", body)
		limit := map[string]string{"operations": "maxOperations", "payload": "maxPayloadSize"}[name]
		if response.StatusCode != 413 || !strings.Contains(content, limit) {
			t.Errorf("%s: %d %s", name, response.StatusCode, content)
		}
	}
}
