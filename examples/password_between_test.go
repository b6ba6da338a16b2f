package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/examples/bridgetest"
)

// TestRefusedPasswordOfTheBlocked: who is blocked with a password that the directory refuses stays blocked, as another copy of the bridge
// was told meanwhile, and leaves the groups that he is to leave; the client hears of the password.
func TestRefusedPasswordOfTheBlocked(t *testing.T) {
	server := dirtest.Memory(t)
	env := append(byOperation(t, server), "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")
	d, other := deploy(t, server, append(env, "SCIMBRIDGE_RESOURCES_0_ONBLOCK_LEAVEGROUPS=true")...), deploy(t, server, env...)
	const first, refused = "Qy7!mmKw92xTb", "short"
	body := operations(replace("active", "false"), replace("password", `"`+refused+`"`), replace("title", `"Boss"`))
	for name, of := range map[string]*deployment{"groups": d, "alone": other} {
		id := d.login(t, name+"@contoso.example", first)
		crew := d.group(t, "Crew "+name, id)
		for _, lost := range []bool{false, false, true} { // the same request again comes to the same
			policy := between{
				op: "extended", fault: memdir.Fault{Code: 19, Text: "Password fails quality checking policy"},
				do: func() { other.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable) },
			}
			moments := []between{policy}
			if lost { // the answer to the block
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, enable)
				moments = append([]between{{op: "modify", dn: "uid=", fault: memdir.Fault{Drop: memdir.DropAfter}}}, moments...)
			}
			interleaved(server, moments...)
			answer, content := of.do(t, http.MethodPatch, "/Users/"+id, body)
			server.Mem.Fault(nil)
			told := strings.Contains(content, "password: ") && !strings.Contains(content, "member")
			if answer.StatusCode != http.StatusBadRequest || !told {
				t.Errorf("%s: %d %s", name, answer.StatusCode, content)
			}
			d.letsIn(t, id, first, false)
			if shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, ""); shown["active"] != false {
				t.Errorf("%s: %v", name, shown)
			}
			if got := d.members(t, crew)[id]; (got == 0) != (of == d) {
				t.Errorf("%s: he is %d times in the group", name, got)
			}
			d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, addMembers(id))
		}
		if got := d.entry(t, id).Value("userPassword"); got == refused {
			t.Errorf("%s: the password is set", name)
		}
	}
}

// TestRefusedPasswordOfTheBlockedIsTold: of who is blocked with a password that the directory refuses the journal has what stands, the
// receiver of events is told of it, and it is undone as it was done.
func TestRefusedPasswordOfTheBlockedIsTold(t *testing.T) {
	server := memory(t)
	u := undoerOf(t, bridgetest.Build(t), server, append(byOperation(t, server),
		"SCIMBRIDGE_RESOURCES_0_ONBLOCK_LEAVEGROUPS=true", "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")...)
	const first, refused = "Qy7!mmKw92xTb", "short"
	anna := u.login(t, "anna@contoso.example", first)
	crew := u.group(t, "Crew", anna)
	before := tree(t, server)
	interleaved(server, between{op: "extended", fault: memdir.Fault{Code: 19, Text: "Password fails quality checking policy"}})
	body := operations(replace("active", "false"), replace("password", `"`+refused+`"`), replace("title", `"Boss"`))
	if answer, content := u.do(t, http.MethodPatch, "/Users/"+anna, body); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("%d %s", answer.StatusCode, content)
	}
	dn, group := u.entry(t, anna).DN, u.entry(t, crew).DN
	record := accounts(t, u.store, journal.Query{Newest: true, Limit: 1})[0]
	words := fmt.Sprintf("blocked %s; changed %[1]s (title); members removed 1 %s (%[1]s)", dn, group)
	if got := record.Done.Receipt.Words(); record.Outcome != journal.HalfDone || got != words {
		t.Errorf("%s: %s, want %s", record.Outcome, got, words)
	}
	if record.Done.Status != http.StatusBadRequest {
		t.Errorf("%d", record.Done.Status)
	}
	if wanted := record.Plan.Words(); !strings.Contains(wanted, "password set "+dn) || strings.Contains(wanted, refused) {
		t.Errorf("wanted %s", wanted)
	}
	u.undoes(t, "undone", record.ID.String(), "--apply")
	same(t, "she is let in again", before, tree(t, server))
	u.letsIn(t, anna, first, true)

	// It may be set, where its answer is lost, and it is refused the second time.
	interleaved(server,
		between{op: "extended", fault: memdir.Fault{Drop: memdir.DropBefore}},
		between{op: "extended", fault: memdir.Fault{Code: 19, Text: "Password is in history of old passwords"}})
	if answer, content := u.do(t, http.MethodPatch, "/Users/"+anna, body); answer.StatusCode != http.StatusInternalServerError {
		t.Errorf("%d %s", answer.StatusCode, content)
	}
	record = accounts(t, u.store, journal.Query{Newest: true, Limit: 1})[0]
	if got := record.Done.Receipt.Words(); record.Outcome != journal.HalfDone || !record.Done.Receipt.Unsure() || got != words {
		t.Errorf("%s: %s, want %s", record.Outcome, got, words)
	}
	u.letsIn(t, anna, first, false)
}

// TestPasswordOperationBetween: what another does while a password is set by the operation is not undone by it, and nobody else gets the
// password, or in.
func TestPasswordOperationBetween(t *testing.T) {
	const first, second, third = "Qy7!mmKw92xTb", "Vb3!rrJf41uHd", "Wd8!ttGs63yKv"
	const anna, mara = "anna@contoso.example", "mara@contoso.example"
	set := replace("password", `"`+second+`"`)
	// A moment is one before the operation, or before what lets the account in.
	type moment []between
	blocks, enables := operations(set, replace("active", "false")), operations(set, replace("active", "true"))
	changes, sets := operations(replace("title", `"Cook"`)), operations(replace("password", `"`+third+`"`))
	asked := func(write string) moment { return moment{{op: write, dn: "uid="}, {op: "search", dn: "uid="}} }
	letIn := moment{{op: "extended"}, {op: "modify", dn: "uid="}}
	renames := operations(replace("userName", `"`+mara+`"`))
	for _, c := range []struct {
		name     string
		blocked  bool // before
		body     string
		at       moment
		other    string // the body of its PATCH; "": it deletes the account, and another gets the name
		status   int
		password string // by which the account is let in; "": it is not
	}{
		{"changed, and it blocks", false, operations(set, replace("title", `"Boss"`)), asked("modify"), disable, 200, ""},
		{"changed, and it renames", false, operations(set, replace("title", `"Boss"`)), asked("modify"), renames, 200, second},
		{"changed, and it deletes", false, operations(set, replace("title", `"Boss"`)), asked("modify"), "", 404, ""},
		{"blocked, and it renames", false, blocks, asked("modify"), renames, 200, ""},
		{"blocked, and it blocks", false, blocks, asked("modify"), disable, 200, ""},
		{"let in, and it changes", true, enables, letIn, changes, 200, second},
		{"let in, and it renames", true, enables, letIn, renames, 200, second},
		{"let in, and it lets in", true, enables, letIn, enable, 200, second},
		{"let in, and it sets another", true, enables, letIn, sets, 200, third},
		{"let in, and it deletes", true, enables, letIn, "", 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := dirtest.Memory(t)
			d, other := deploy(t, server, byOperation(t, server)...), deploy(t, server, byOperation(t, server)...)
			id := d.login(t, anna, first)
			if c.blocked {
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
			}
			newcomer, happened := "", false
			moments := slices.Clone(c.at)
			moments[len(moments)-1].do = func() {
				happened = true
				if c.other != "" {
					other.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, c.other)
					return
				}
				other.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
				newcomer = other.login(t, anna, first)
			}
			interleaved(server, moments...)
			answer, content := d.do(t, http.MethodPatch, "/Users/"+id, c.body)
			server.Mem.Fault(nil)
			if answer.StatusCode != c.status || !happened {
				t.Errorf("%d %s", answer.StatusCode, content)
			}
			if newcomer != "" {
				d.letsIn(t, newcomer, first, true)
				d.letsIn(t, newcomer, second, false)
				return
			}
			for _, p := range []string{first, second, third} {
				d.letsIn(t, id, p, p == c.password)
			}
			shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
			if shown["active"] != (c.password != "") || (shown["userName"] == mara) != (c.other == renames) ||
				c.other == changes && shown["title"] != "Cook" {
				t.Errorf("%v", shown)
			}
		})
	}
	for name, at := range map[string]moment{"before it": asked("add"), "behind it": letIn} {
		for what, do := range map[string]func(d *deployment, t *testing.T, id string){
			"deleted": func(d *deployment, t *testing.T, id string) {
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
			},
			"renamed": func(d *deployment, t *testing.T, id string) {
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, renames)
			},
			"changed": func(d *deployment, t *testing.T, id string) {
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, changes)
			},
		} {
			t.Run("created, and "+what+" "+name, func(t *testing.T) {
				t.Parallel()
				server := dirtest.Memory(t)
				d, other := deploy(t, server, byOperation(t, server)...), deploy(t, server, byOperation(t, server)...)
				moments := slices.Clone(at)
				made := ""
				moments[len(moments)-1].do = func() {
					made = other.found(t, "/Users", `userName eq "`+anna+`"`)[0]["id"].(string)
					do(other, t, made)
				}
				interleaved(server, moments...)
				id := d.create(t, "/Users", `"userName":"`+anna+`","active":true,"password":"`+first+`"`)
				server.Mem.Fault(nil)
				d.letsIn(t, id, first, true)
				shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
				if shown["userName"] != anna || shown["active"] != true || (what == "changed") != (made == id) ||
					(shown["title"] == "Cook") != (what == "changed") {
					t.Errorf("%v", shown)
				}
				for _, left := range d.found(t, "/Users", `userName eq "`+mara+`"`) {
					d.letsIn(t, left["id"].(string), first, false)
				}
			})
		}
	}
}
