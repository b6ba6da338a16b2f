package examples_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// crashed is a write that a bridge may die in. Of the states of bridge/write.go none but those can be told apart from outside between which
// the directory hears of something, or the journal does; and each of those ends with one of both.
type crashed struct {
	name    string
	env     func(t *testing.T, server *dirtest.Server) []string
	prepare func(t *testing.T, d *deployment) (ids []string)
	request func(ids []string) (method, path, body string)
	does    func(ctx context.Context, d *deployment) error // in the place of the request; nil: that is sent
	status  int                                            // it is answered, and where it is sent again
	again   int                                            // or this, where all was done; 0: status
	// completes completes it where sending it again does not, which is answered 409.
	completes func(t *testing.T, d *deployment)
	// between says that something may stand meanwhile which neither was there before nor is to be: a fact (facts).
	between func(fact string) bool
	either  func(fact string) bool                          // may be as it was in the end, or as it is to be
	holds   func(t *testing.T, d *deployment, ids []string) // in every state
	killed  bool                                            // among the tests of the program too
	renames bool                                            // references by the old name, or the new one, may be left behind
	undoes  bool                                            // it takes back what the request did before
	clear   bool                                            // it sends a password in clear, which not every server takes
	large   bool                                            // of so many members that all of its moments take long
	inTurns bool                                            // bridges die one after the other: their server is one for all
	hindered
}

// hindered is how the first bridge is hindered: what becomes of an operation when it is first asked for, or each time where it is refused.
type hindered struct {
	operation string
	is        fate // unheard, unanswered or refused
}

const (
	leaverName = "mara@contoso.example"
	leaverHex  = "0123456789abcdef0123456789abcdef"
)

// staff makes a user who is a member of a group and somebody's manager.
func staff(t *testing.T, d *deployment) (ids []string) {
	t.Helper()
	user := d.create(t, "/Users", `"userName":"`+leaverName+`","active":true,"title":"Clerk"`)
	group := d.group(t, "Crew", user)
	report := d.user(t, "report@contoso.example")
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+user+`"`)))
	return []string{user, group, report}
}

// leaver is staff who is gone, softly.
func leaver(t *testing.T, d *deployment) (ids []string) {
	t.Helper()
	ids = staff(t, d)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+ids[0],
		operations(replace("userName", `"`+leaverHex+leaverName+`"`), replace("active", `"False"`)))
	return ids
}

func stays(t *testing.T, d *deployment, ids []string) {
	t.Helper()
	d.matchesNot(t, leaverName, ids[0])
	shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+ids[0]+"?attributes=userName,active", "")
	if shown["userName"] != leaverHex+leaverName || shown["active"] != false {
		t.Errorf("the leaver is %v", shown)
	}
}

// givenUp is where a leaver keeps his name until somebody takes it, and what stands in for names that he has not. Who has made room needs
// no more than that.
func givenUp(fact string) bool {
	return slices.ContainsFunc([]string{" scimusername ", " cn ", " sn "}, func(a string) bool {
		return strings.HasPrefix(fact, "uid="+leaverName+",") && strings.Contains(fact, a)
	})
}

// noNumberTwice fails the test where two have one number, or the counter would give one again.
func noNumberTwice(t *testing.T, d *deployment, _ []string) {
	t.Helper()
	held := numbers(t, d.server, d.server.People, "uidNumber")
	next := numbers(t, d.server, counter(d.server), "serialNumber")
	if len(slices.Compact(slices.Clone(held))) != len(held) || len(next) != 1 || next[0] <= slices.Max(held) {
		t.Errorf("the numbers are %v, and the next is %v", held, next)
	}
}

// counter is where what the directory holds is held against the journal.
func counter(server *dirtest.Server) string { return "cn=uidNext," + server.People }

// isNumber is that of who is made, or the next: one that was taken and not given is nobody's.
func isNumber(fact string) bool {
	return strings.Contains(fact, " uidnumber ") || strings.Contains(fact, " serialnumber ")
}

// future makes users who are to be members, more than go into one change.
func future(t *testing.T, server *dirtest.Server) []string {
	t.Helper()
	var text strings.Builder
	its := productOf(server)
	for n := range chunk + 1 {
		name := fmt.Sprintf("m%04d", n)
		text.WriteString(its.user(its.rdn(name)+","+server.People, name) + "\n")
	}
	server.Load(t, text.String())
	return []string{"SCIMBRIDGE_GUARD_LIMITS_0_EFFECT=membersRemoved", "SCIMBRIDGE_GUARD_LIMITS_0_OFF=true"}
}

// crowd are the ids of those whom future made.
func crowd(t *testing.T, d *deployment) (ids []string) {
	t.Helper()
	login := productOf(d.server).login
	for _, e := range d.server.Entries(t, d.server.People, d.server.IDAttribute, login) {
		if strings.HasPrefix(e.Value(login), "m0") {
			ids = append(ids, d.server.ID(e))
		}
	}
	return ids
}

// chunk is how many members go into one change.
const chunk = 500

// locked is what stands of an account that is not let in yet, or is about to go.
func locked(fact string) bool {
	return strings.HasSuffix(fact, "useraccountcontrol 514") || strings.HasSuffix(fact, "nsaccountlock true")
}

func patches(path string, list ...string) func(ids []string) (string, string, string) {
	return func(ids []string) (string, string, string) {
		return http.MethodPatch, path + ids[0], operations(list...)
	}
}

func deletes(ids []string) (string, string, string) { return http.MethodDelete, "/Users/" + ids[0], "" }

var crashes = []crashed{
	{
		name: "a create", status: http.StatusCreated, again: http.StatusConflict,
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", resource("/Users", `"userName":"`+leaverName+`","active":true,"title":"Clerk"`)
		},
	},
	{
		name: "a create whose password an operation sets", clear: true, status: http.StatusCreated, again: http.StatusConflict,
		env: func(t *testing.T, server *dirtest.Server) []string { return byOperation(t, server) },
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users",
				resource("/Users", `"userName":"`+leaverName+`","active":true,"password":"First-secret-4711"`)
		},
		completes: func(t *testing.T, d *deployment) {
			id := d.found(t, "/Users", `userName eq "`+leaverName+`"`)[0]["id"].(string)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(replace("active", "true"), replace("password", `"First-secret-4711"`)))
		},
		between: locked,
	},
	{
		name: "a create that takes a number", status: http.StatusCreated, again: http.StatusConflict,
		holds: noNumberTwice, between: isNumber, either: isNumber,
		env: func(t *testing.T, server *dirtest.Server) []string {
			return append(counted(t, server, 20000, 29999), line(t, server, 0, 0, "ALLOCATE_COUNTER="+counter(server))...)
		},
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", resource("/Users", `"userName":"`+leaverName+`","active":true`)
		},
	},
	{
		name: "a create of a group with many members", large: true, status: http.StatusCreated, again: http.StatusConflict,
		env: future, prepare: crowd,
		request: func(ids []string) (string, string, string) {
			return http.MethodPost, "/Groups", resource("/Groups", `"displayName":"Crew","members":`+values(ids...))
		},
		completes: func(t *testing.T, d *deployment) {
			id := d.found(t, "/Groups", `displayName eq "Crew"`)[0]["id"].(string)
			d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+id, addMembers(crowd(t, d)...))
		},
	},
	{
		name: "a patch", status: http.StatusOK, prepare: staff,
		request: patches("/Users/", replace("title", `"Chief"`), replace("displayName", `"Mara"`)),
	},
	{
		name: "a rename with references", renames: true, status: http.StatusOK, prepare: staff,
		request: patches("/Users/", replace("userName", `"noor@contoso.example"`), replace("title", `"Chief"`)),
	},
	{
		name: "a disable with a rename", renames: true, killed: true, status: http.StatusOK, prepare: staff,
		request: patches("/Users/",
			replace("userName", `"noor@contoso.example"`), replace("active", `"False"`), replace("title", `"Chief"`)),
	},
	{
		name: "a soft delete", status: http.StatusOK, prepare: staff,
		request: patches("/Users/", replace("userName", `"`+leaverHex+leaverName+`"`), replace("active", `"False"`)),
	},
	{
		name: "a newcomer takes a leaver's name", renames: true, status: http.StatusCreated, again: http.StatusConflict,
		prepare: leaver, holds: stays, either: givenUp,
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", resource("/Users", `"userName":"`+leaverName+`","active":true`)
		},
	},
	{
		name: "a restore", status: http.StatusOK, prepare: leaver,
		request: patches("/Users/", replace("userName", `"`+leaverName+`"`), replace("active", `"True"`)),
	},
	{
		name: "a leaver gets another name", renames: true, status: http.StatusOK, prepare: leaver,
		request: patches("/Users/", replace("userName", `"noor@contoso.example"`)),
		holds: func(t *testing.T, d *deployment, ids []string) {
			t.Helper()
			d.matchesNot(t, leaverName, ids[0])
		},
	},
	{
		name: "a delete with references", status: http.StatusNoContent, again: http.StatusNotFound, prepare: staff, request: deletes,
	},
	{
		name: "a delete that blocks", status: http.StatusNoContent, again: http.StatusNotFound, prepare: staff, request: deletes,
		env: func(*testing.T, *dirtest.Server) []string { return marked("block") },
	},
	{
		name: "a delete that moves", status: http.StatusNoContent, again: http.StatusNotFound, prepare: staff, request: deletes,
		env: func(t *testing.T, server *dirtest.Server) []string {
			_, env := leaversPlace(t, server, server.People)
			return env
		},
		between: locked,
	},
	{
		name: "members come in chunks", large: true, status: http.StatusNoContent, env: future,
		prepare: func(t *testing.T, d *deployment) []string {
			ids := crowd(t, d)
			return append([]string{d.group(t, "Crew")}, ids...)
		},
		request: func(ids []string) (string, string, string) {
			return http.MethodPatch, "/Groups/" + ids[0], addMembers(ids[1:]...)
		},
	},
	{
		name: "members go in chunks", large: true, status: http.StatusNoContent, env: future,
		prepare: func(t *testing.T, d *deployment) []string {
			ids := crowd(t, d)
			return append([]string{d.group(t, "Crew", ids...)}, ids...)
		},
		request: func(ids []string) (string, string, string) {
			return http.MethodPatch, "/Groups/" + ids[0], removeMembers(ids[1:]...)
		},
	},
	{
		name: "members come and go", status: http.StatusNoContent, prepare: staff, // in two changes
		request: func(ids []string) (string, string, string) {
			return http.MethodPatch, "/Groups/" + ids[1], operations(`{"op":"replace","path":"members","value":` + values(ids[2]) + `}`)
		},
	},
	{
		name: "a group is renamed", status: http.StatusNoContent, prepare: staff,
		request: func(ids []string) (string, string, string) {
			return http.MethodPatch, "/Groups/" + ids[1],
				operations(replace("displayName", `"Team"`), `{"op":"Add","path":"members","value":`+values(ids[2])+`}`)
		},
	},
	{
		name: "a group is deleted", status: http.StatusNoContent, again: http.StatusNotFound, prepare: staff,
		request: func(ids []string) (string, string, string) { return http.MethodDelete, "/Groups/" + ids[1], "" },
	},
	{
		name: "a replacement", renames: true, status: http.StatusOK, prepare: staff,
		request: func(ids []string) (string, string, string) {
			body := resource("/Users", `"userName":"noor@contoso.example","active":false,"displayName":"Noor"`)
			return http.MethodPut, "/Users/" + ids[0], body
		},
	},
	{
		name: "a link", renames: true, status: http.StatusCreated, again: http.StatusConflict,
		env: func(*testing.T, *dirtest.Server) []string { return matching },
		prepare: func(t *testing.T, d *deployment) []string {
			id := d.unclaimed(t, "mara", leaverName)
			return []string{id, d.group(t, "Crew", id)}
		},
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", claiming("7", leaverName, `"title":"Clerk"`)
		},
	},
	{
		name: "a block that leaves groups", status: http.StatusOK, prepare: staff, env: suspends,
		request: patches("/Users/", replace("active", "false")),
	},
	{
		name: "a revival", status: http.StatusCreated, again: http.StatusConflict,
		env: func(*testing.T, *dirtest.Server) []string { return marked("block") },
		prepare: func(t *testing.T, d *deployment) []string {
			ids := staff(t, d)
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+ids[0], "")
			return ids
		},
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", resource("/Users", `"userName":"`+leaverName+`","active":true,"title":"Chief"`)
		},
	},
	{
		name: "a bulk", status: http.StatusOK, prepare: staff,
		request: func(ids []string) (string, string, string) {
			return http.MethodPost, "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` +
				`{"method":"POST","path":"/Users","bulkId":"new","data":` + resource("/Users", `"userName":"noor@contoso.example"`) + `},` +
				`{"method":"PATCH","path":"/Groups/` + ids[1] + `","data":` + addMembers("bulkId:new") + `},` +
				`{"method":"PATCH","path":"/Users/` + ids[0] + `","data":` + operations(replace("active", "false")) + `},` +
				`{"method":"DELETE","path":"/Users/` + ids[2] + `"}]}`
		},
		completes: func(t *testing.T, d *deployment) { // the POST is 409 then, and its bulkId names nobody
			noor := d.found(t, "/Users", `userName eq "noor@contoso.example"`)[0]["id"].(string)
			crew := d.found(t, "/Groups", `displayName eq "Crew"`)[0]["id"].(string)
			d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, addMembers(noor))
		},
	},
}
