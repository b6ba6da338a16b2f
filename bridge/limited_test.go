package bridge_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store/storetest"
)

// buildLimited is a house with limits, on a directory that leaves references to the bridge.
func buildLimited(t *testing.T, limits ...guard.Limit) (accounting, *guard.Holds) {
	t.Helper()
	s := storetest.Open(t, storetest.SQLite(t))
	log := slog.New(slog.DiscardHandler)
	limiter, err := guard.NewLimiter(s, guard.Options{Limits: limits}, []string{"User", "Group"}, log)
	if err != nil {
		t.Fatal(err)
	}
	holds, err := guard.NewHolds(s)
	if err != nil {
		t.Fatal(err)
	}
	l, err := journal.Open(s, journal.Options{}, log, limiter.Settle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Shut)
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	return accounting{buildOn(t, server, bridge.Options{Ledger: l, Limiter: limiter}, usersAndGroups(server)...), s, l}, holds
}

// group makes a group of new users.
func (a accounting) group(t *testing.T, name string, members int) (id string, users []string) {
	t.Helper()
	var values []string
	for n := range members {
		users = append(users, a.user(t, fmt.Sprint(name, n)))
		values = append(values, `{"value":"`+users[n]+`"}`)
	}
	body := fmt.Sprintf(`{"displayName":%q,"members":[%s]}`, name, strings.Join(values, ","))
	return a.create(t, "Group", body).Resource["id"].(string), users
}

// isHeld says that the error is told as a hold.
func isHeld(t *testing.T, err error, command string) {
	t.Helper()
	f := bridge.Explain(err)
	later := f.Status == http.StatusServiceUnavailable && f.RetryAfter >= time.Second
	if !later || f.Reason != reason.Held || !strings.Contains(f.Detail, command) {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestHeldWhole: of a PATCH that is held nothing is done, and the rest goes on.
func TestHeldWhole(t *testing.T) {
	a, holds := buildLimited(t, guard.Limit{Effect: "membersRemoved", Most: 5}, guard.Limit{Effect: "deleted", Most: 1})
	group, _ := a.group(t, "cooks", 6)
	other, users := a.group(t, "waiters", 6)
	before := a.members(t, "cn=cooks")
	sent := a.count("modify")
	call := bridge.Call{RequestID: "all", Caller: "entra"}
	_, err := a.patch(t, call, "Group", group, `{"op":"replace","path":"displayName","value":"none"},{"op":"remove","path":"members"}`)
	isHeld(t, err, "scimbridge hold approve 1 ")
	if after := a.members(t, "cn=cooks"); !cmp.Equal(before, after) || sent() != 0 {
		t.Errorf("of %v %v are left; %d were sent", before, after, sent())
	}
	if lines, _ := a.accounts(t, "all"); !cmp.Equal(lines, []string{"refusal patch Group cn=cooks none refused Service Unavailable held"}) {
		t.Errorf("%q", lines)
	}
	if _, err = a.patch(t, bridge.Call{}, "Group", group, `{"op":"replace","path":"displayName","value":"chefs"}`); err != nil {
		t.Error(err)
	}
	// Who is deleted leaves the groups, which takes nobody else out of them.
	if _, err := a.Delete(t.Context(), bridge.Call{}, "User", users[0]); err != nil {
		t.Error(err)
	}
	_, err = a.Delete(t.Context(), bridge.Call{}, "User", users[1])
	isHeld(t, err, "scimbridge hold approve 2 ")
	if got := len(a.members(t, "cn=waiters")); got != 5 {
		t.Errorf("%d members", got)
	}
	if _, err := a.Delete(t.Context(), bridge.Call{PastLimits: true}, "User", users[1]); err != nil {
		t.Error(err)
	}
	now := time.Now()
	if _, err := holds.Refuse(t.Context(), 1, now.Add(time.Hour), "admin", now); err != nil {
		t.Error(err)
	}
	_, err = a.patch(t, bridge.Call{}, "Group", other, `{"op":"remove","path":"members"}`)
	f := bridge.Explain(err)
	if f.Status != http.StatusForbidden || f.Reason != reason.HoldRefused || !strings.Contains(f.Detail, "refused") {
		t.Errorf("%+v", f)
	}
}

// TestChunksCountOnce: a group that is emptied by several Modifies is one plan.
func TestChunksCountOnce(t *testing.T) {
	a, _ := buildLimited(t, guard.Limit{Effect: "membersRemoved", Most: 1100})
	group := a.create(t, "Group", `{"displayName":"G","members":[`+a.many(t, 1100)+`]}`).Resource["id"].(string)
	sent := a.count("modify")
	if _, err := a.patch(t, bridge.Call{}, "Group", group, `{"op":"remove","path":"members"}`); err != nil {
		t.Error(err)
	}
	if n := sent(); n < 2 {
		t.Errorf("%d were sent", n)
	}
}

// TestAttemptsCountOnce: what an attempt of a write did not do is given back before the next.
func TestAttemptsCountOnce(t *testing.T) {
	a, _ := buildLimited(t, guard.Limit{Effect: "renamed", Most: 2})
	rename := func(from, name string) error {
		id := a.user(t, from)
		a.faults(map[string]memdir.Fault{"modrdn 0": {Code: 122, Text: "overtaken"}, "modrdn 1": {Code: 122, Text: "overtaken"}})
		_, err := a.patch(t, bridge.Call{}, "User", id, fmt.Sprintf(`{"op":"replace","path":"userName","value":%q}`, name))
		a.server.Mem.Fault(nil)
		return err
	}
	for from, name := range map[string]string{"mara": "maria", "noor": "nora"} {
		if err := rename(from, name); err != nil {
			t.Error(err)
		}
	}
	isHeld(t, rename("zoe", "zora"), "hold approve 1 ")
}

// TestBulkIsHeldByOperation: those that are held are told so, each by itself.
func TestBulkIsHeldByOperation(t *testing.T) {
	a, _ := buildLimited(t, guard.Limit{Effect: "deleted", Most: 2})
	var operations []string
	for n := range 4 {
		operations = append(operations, `{"method":"DELETE","path":"/Users/`+a.user(t, fmt.Sprint("u", n))+`"}`)
	}
	operations = append(operations, `{"method":"POST","path":"/Users","bulkId":"b","data":{"userName":"new"}}`)
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` + strings.Join(operations, ",") + `]}`
	answer, err := a.Bulk(t.Context(), bridge.Call{}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]int{}
	for _, r := range answer.Operations {
		by[r.Method+" "+r.Status]++
	}
	if want := map[string]int{"DELETE 204": 2, "DELETE 503": 2, "POST 201": 1}; !cmp.Equal(by, want) {
		t.Errorf("%v", by)
	}
}

// TestTotalIsCountedOnce: a share has the resources counted when it matters, and not again for a day.
func TestTotalIsCountedOnce(t *testing.T) {
	a, _ := buildLimited(t, guard.Limit{Effect: "deleted", Of: "50%"})
	var users []string
	for n := range 30 {
		users = append(users, a.user(t, fmt.Sprint("u", n)))
	}
	held := 0
	for _, id := range users {
		if _, err := a.Delete(t.Context(), bridge.Call{}, "User", id); err != nil {
			isHeld(t, err, "(50% of 20)") // those that are left as the eleventh goes
			held++
		}
	}
	if held != 20 {
		t.Errorf("%d are held", held)
	}
	total, counted := 0, 0
	row := a.store.Read().QueryRowContext(t.Context(), "SELECT MAX(total), COUNT(*) FROM guard_total")
	if err := row.Scan(&total, &counted); err != nil || total != 20 || counted != 1 {
		t.Errorf("%d of %d types: %v", total, counted, err)
	}
}
