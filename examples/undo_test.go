package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/examples/bridgetest"
)

// undoer runs `scimbridge undo` beside a bridge that serves.
type undoer struct {
	*deployment
	binary string
	store  *store.Store
	config string
	env    []string
}

func undoerOf(t *testing.T, binary string, server *dirtest.Server, more ...string) *undoer {
	t.Helper()
	o := store.Options{File: filepath.Join(t.TempDir(), "scimbridge.db")}
	more = append(more, stored(t, o)...)
	d := deploy(t, server, more...)
	text, env := configured(t, server, basedIn(productOf(server), server), "", more...)
	u := &undoer{d, binary, storetest.Open(t, o), filepath.Join(t.TempDir(), "scimbridge.yaml"), env}
	if err := os.WriteFile(u.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return u
}

// undone is what the command says of a record.
type undone struct {
	Record, State, Undo, By, NewID, Error string
	Changed, Notes                        []string
}

// undo runs the command. It fails where a record is refused.
func (u *undoer) undo(t testing.TB, arguments ...string) (records []undone, err error) {
	t.Helper()
	command := exec.Command(u.binary, append([]string{"undo", "--config", u.config, "--json"}, arguments...)...)
	command.Env = append(os.Environ(), u.env...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	if failed := json.Unmarshal(stdout.Bytes(), &records); failed != nil {
		t.Fatalf("%v: %s%s", failed, stdout.String(), stderr.String())
	}
	return records, err
}

// undoes undoes records, each of which must come to the state.
func (u *undoer) undoes(t testing.TB, state string, arguments ...string) []undone {
	t.Helper()
	records, _ := u.undo(t, arguments...)
	for _, r := range records {
		if r.State != state {
			t.Errorf("%v: %+v, want %s", arguments, r, state)
		}
	}
	if len(records) == 0 {
		t.Errorf("%v: no records", arguments)
	}
	return records
}

// last is the newest record.
func (u *undoer) last(t testing.TB) string {
	t.Helper()
	found := accounts(t, u.store, journal.Query{Newest: true, Limit: 1})
	if len(found) == 0 {
		t.Fatal("the journal is empty")
	}
	return found[0].ID.String()
}

// tree is all that the directory holds for users to see, by DN, but for what it counts itself.
func tree(t testing.TB, server *dirtest.Server) map[string]map[string][]string {
	t.Helper()
	all := map[string]map[string][]string{}
	for _, base := range []string{server.People, server.Groups} {
		for _, e := range server.Entries(t, base) {
			shown := map[string][]string{}
			for _, a := range e.Attributes {
				switch strings.ToLower(a.Name) {
				case "whenchanged", "usnchanged", "usnlastobjrem", "pwdlastset", "dscorepropagationdata", "lastlogontimestamp":
				default:
					shown[a.Name] = slices.Sorted(slices.Values(a.Values))
				}
			}
			all[e.DN] = shown
		}
	}
	return all
}

// TestUndoCycle: a mistaken cycle that disables everybody and empties the groups is held at the limits; what got through is undone by one
// command, and the directory is as before.
func TestUndoCycle(t *testing.T) {
	t.Parallel()
	binary := bridgetest.Build(t)
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			const each = 3
			users, groups, mostBlocked, mostEmptied := 200, 30, 50, 10
			if s.name != "openldap" {
				users, groups, mostBlocked, mostEmptied = 12, 4, 5, 2
			}
			u := undoerOf(t, binary, server,
				"SCIMBRIDGE_GUARD_LIMITS_0_EFFECT=blocked", fmt.Sprint("SCIMBRIDGE_GUARD_LIMITS_0_MOST=", mostBlocked),
				"SCIMBRIDGE_GUARD_LIMITS_1_EFFECT=membersRemoved", fmt.Sprint("SCIMBRIDGE_GUARD_LIMITS_1_MOST=", each*mostEmptied))
			var ids, crews []string
			for n := range users {
				ids = append(ids, u.user(t, fmt.Sprintf("%s%d@contoso.example", label(t), n)))
			}
			for n := range groups {
				crews = append(crews, u.group(t, fmt.Sprintf("Crew %s %d", label(t), n), ids[n], ids[n+1], ids[3*n+2]))
			}
			before := tree(t, server)
			since := time.Now()
			// sent sends the request about each, and holds that the first so many are done, and the others held.
			sent := func(path, body string, all []string, most int) {
				t.Helper()
				for n, id := range all {
					answer, content := u.do(t, http.MethodPatch, path+id, body)
					done, held := answer.StatusCode < 300, strings.Contains(content, "scimbridge hold approve")
					if done != (n < most) || held == done {
						t.Fatalf("%s, number %d of %d: %s %s", path, n+1, most, answer.Status, content)
					}
				}
			}
			sent("/Users/", disable, ids, mostBlocked)
			sent("/Groups/", operations(`{"op":"Remove","path":"members"}`), crews, mostEmptied)
			if got := len(u.found(t, "/Users", "active eq false")); got != mostBlocked {
				t.Errorf("%d are blocked", got)
			}
			if cmp.Equal(before, tree(t, server)) {
				t.Fatal("the cycle did nothing")
			}
			caller := accounts(t, u.store, journal.Query{Limit: 1})[0].Caller
			cycle := []string{"--since", since.UTC().Format(time.RFC3339Nano), "--caller", caller}
			if shown := u.undoes(t, "can be undone", cycle...); len(shown) != mostBlocked+mostEmptied {
				t.Errorf("%d records", len(shown))
			}
			u.undoes(t, "undone", append(cycle, "--apply")...)
			if diff := cmp.Diff(before, tree(t, server)); diff != "" {
				t.Errorf("-before +now\n%s", diff)
			}
			u.undoes(t, "undone already", append(cycle, "--apply")...)
		})
	}
}

// TestUndo: each kind of change is taken back as far as nobody has changed what it is about since.
func TestUndo(t *testing.T) {
	binary := bridgetest.Build(t)
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		u := undoerOf(t, binary, server)
		patch := func(id, body string) string {
			t.Helper()
			u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, body)
			return u.last(t)
		}
		tag := label(t)
		boss, mara := u.user(t, "boss"+tag+"@contoso.example"), u.user(t, "mara"+tag+"@contoso.example")
		anna := u.user(t, "anna"+tag+"@contoso.example")
		crew := u.group(t, "Crew "+tag, boss, mara)
		patch(mara, operations(replace("title", `"cook"`), replace("displayName", `"Mara"`)))

		// What nobody has touched since comes back, and so does what is undone too much.
		before := tree(t, server)
		record := patch(mara, operations(replace("title", `"chef"`), replace("displayName", `"Mara L"`)))
		after := tree(t, server)
		undo := u.undoes(t, "undone", record, "--apply")
		same(t, "a change is undone", before, tree(t, server))
		if done := accounts(t, u.store, journal.Query{Newest: true, Limit: 1})[0].Done; done == nil || done.Status != 0 {
			t.Errorf("no client is told of an undo: %+v", done)
		}
		if by := u.undoes(t, "undone already", record, "--apply"); by[0].By != undo[0].By {
			t.Errorf("by %s, want %s", by[0].By, undo[0].By)
		}
		u.undoes(t, "undone", undo[0].By, "--apply")
		same(t, "the undo is undone", after, tree(t, server))

		// What was changed since is named and left alone; the rest is taken back by who wants that.
		modify(t, server, u.entry(t, mara).DN, "title", "owner")
		now := tree(t, server)
		refused := u.undoes(t, "refused", record, "--apply")
		if len(refused) == 1 && (len(refused[0].Changed) != 1 || !strings.Contains(refused[0].Changed[0], "title was changed since")) {
			t.Errorf("changed: %q", refused[0].Changed)
		}
		same(t, "it is refused", now, tree(t, server))
		u.undoes(t, "undone in part", record, "--apply", "--partial")
		if e := u.entry(t, mara); e.Value("title") != "owner" || e.Value("displayName") != "Mara" {
			t.Errorf("in part: %s", e)
		}

		// A rename: who put her into a group since finds her in it.
		was := u.entry(t, mara).DN
		record = patch(mara, operations(replace("userName", `"maria`+tag+`@contoso.example"`)))
		late := u.group(t, "Late "+tag, mara)
		u.undoes(t, "undone", record, "--apply")
		if dn := u.entry(t, mara).DN; dn != was {
			t.Errorf("she is %s, and was %s", dn, was)
		}
		for _, group := range []string{crew, late} {
			if u.members(t, group)[mara] != 1 || len(u.held(t, group)) != len(u.members(t, group)) {
				t.Errorf("after the rename: %v", u.held(t, group))
			}
		}

		// Who was made is deleted while nothing was made of him.
		u.user(t, "new"+tag+"@contoso.example")
		record = u.last(t)
		newcomer := accounts(t, u.store, journal.Query{Newest: true, Limit: 1})[0].Done.ID
		modify(t, server, u.entry(t, newcomer).DN, "description", "by hand")
		u.undoes(t, "refused", record, "--apply")
		modify(t, server, u.entry(t, newcomer).DN, "description")
		u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+late, addMembers(newcomer))
		u.undoes(t, "refused", record, "--apply")
		u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+late, removeMembers(newcomer))
		before = tree(t, server)
		undo = u.undoes(t, "undone", record, "--apply")
		if e := u.entry(t, newcomer); e != nil {
			t.Errorf("still there: %s", e)
		}
		undo = u.undoes(t, "undone", undo[0].By, "--apply")
		same(t, "the undo of a create is undone", withoutIdentity(before), withoutIdentity(tree(t, server)))
		u.undoes(t, "undone", undo[0].By, "--apply")

		// Who was deleted is there again, with groups and reports, and what no map names.
		patch(anna, operations(replace("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", `{"value":"`+boss+`"}`)))
		modify(t, server, u.entry(t, boss).DN, "description", "by hand")
		patch(boss, operations(replace("title", `"head"`)))
		earlier := u.last(t)
		before = tree(t, server)
		u.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+boss, "")
		record = u.last(t)
		u.undoes(t, "can be undone", earlier, record) // the newer first, as if it were done
		restored := u.undoes(t, "undone", record, "--apply")
		again := tree(t, server)
		same(t, "the deleted is there again", withoutIdentity(before), withoutIdentity(again))
		undo = u.undoes(t, "undone", restored[0].By, "--apply") // though he is in a group, and has a report: the undo gave him those
		if left := tree(t, server); dnOf(left, "boss"+tag) != "" || len(u.members(t, crew)) != 1 || u.managerOf(t, anna) != "" {
			t.Errorf("the undo is undone: members %v, manager %q, %v", u.members(t, crew), u.managerOf(t, anna), left)
		}
		restored = u.undoes(t, "undone", undo[0].By, "--apply")
		same(t, "and that is undone", withoutIdentity(before), withoutIdentity(tree(t, server)))
		boss = idOf(t, server, dnOf(before, "boss"+tag))
		if len(restored) == 1 && restored[0].NewID != boss && restored[0].NewID != "" {
			t.Errorf("his id is %q, and the undo says %q", boss, restored[0].NewID)
		}
		if u.members(t, crew)[boss] != 1 || u.managerOf(t, anna) != boss {
			t.Errorf("members %v, manager %s, want %s", u.members(t, crew), u.managerOf(t, anna), boss)
		}
		u.undoes(t, "undone", earlier, "--apply") // which knows him by the id that he had
		if e := u.entry(t, boss); e.Value("title") != "" {
			t.Errorf("he has the title still: %s", e)
		}

		// A group that was deleted has its members again.
		before = tree(t, server)
		u.want(t, http.StatusNoContent, http.MethodDelete, "/Groups/"+crew, "")
		u.undoes(t, "undone", u.last(t), "--apply")
		same(t, "the deleted group is there again", withoutIdentity(before), withoutIdentity(tree(t, server)))
	})
}

// TestUndoMeansTheSame: nobody gets back by an undo what was another's, and nobody loses to it what is his by now.
func TestUndoMeansTheSame(t *testing.T) {
	server := memory(t)
	u := undoerOf(t, bridgetest.Build(t), server)
	anna, bo := u.user(t, "anna@contoso.example"), u.user(t, "bo@contoso.example")
	crew := u.group(t, "Crew", anna, bo)

	u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, removeMembers(anna))
	removal := u.last(t)
	u.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
	removed := u.last(t)
	u.undoes(t, "nothing to undo", removal, "--apply") // there is no anna
	time.Sleep(1100 * time.Millisecond)                // the directory tells when an entry was made to the second
	newcomer := u.user(t, "anna@contoso.example")
	noted := u.undoes(t, "nothing to undo", removal, "--apply")
	if len(noted[0].Notes) != 1 || !strings.Contains(noted[0].Notes[0], "another entry has the name since") {
		t.Errorf("notes: %q", noted[0].Notes)
	}
	refused := u.undoes(t, "refused", removed, "--apply")
	if len(refused[0].Changed) != 1 || !strings.Contains(refused[0].Changed[0], "another entry has the name since") {
		t.Errorf("changed: %q", refused[0].Changed)
	}
	u.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+newcomer, "")
	u.undoes(t, "undone", removed, removal, "--apply") // he is the one that he was
	if members := u.members(t, crew); len(members) != 2 || members[bo] != 1 {
		t.Errorf("members: %v", members)
	}

	u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, operations(replace("userName", `"bob@contoso.example"`)))
	rename := u.last(t)
	u.user(t, "bo@contoso.example")
	before := tree(t, server)
	refused = u.undoes(t, "refused", rename, "--apply", "--partial")
	if len(refused) == 1 && !strings.Contains(refused[0].Error+strings.Join(refused[0].Changed, ""), "is another's since") {
		t.Errorf("refused: %+v", refused[0])
	}
	same(t, "a name that is another's", before, tree(t, server))
}

// TestUndoShowsWhatItDoes: who only looks is shown what would be done, be it to somebody who is there again by an undo.
func TestUndoShowsWhatItDoes(t *testing.T) {
	server := memory(t)
	u := undoerOf(t, bridgetest.Build(t), server)
	bo := u.user(t, "bo@contoso.example")
	crew := u.group(t, "Crew", bo)
	before := tree(t, server)
	both := func(what string, records ...string) {
		t.Helper()
		u.undoes(t, "can be undone", records...)
		u.undoes(t, "undone", append(records, "--apply")...)
		same(t, what, before, tree(t, server))
	}
	anna := u.user(t, "anna@contoso.example")
	made := u.last(t)
	u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, addMembers(anna))
	both("made, and put into a group", made, u.last(t))

	anna = u.user(t, "anna@contoso.example")
	made = u.last(t)
	u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("title", `"chef"`)))
	changed := u.last(t)
	u.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
	u.undoes(t, "undone", u.last(t), "--apply")
	both("made, changed, deleted, and there again", made, changed)

	anna = u.user(t, "anna@contoso.example")
	made = u.last(t)
	u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, addMembers(anna))
	put := u.last(t)
	u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, removeMembers(bo))
	out := u.last(t)
	u.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
	deleted := u.last(t)
	if got, _ := u.undo(t, made, deleted); len(got) != 2 || got[0].State != "can be undone" || got[1].State != "refused" {
		t.Errorf("she would be in the group again: %+v", got)
	}
	both("made, put into a group, and deleted", made, put, out, deleted)

	u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, removeMembers(bo))
	out = u.last(t)
	u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, operations(replace("userName", `"bob@contoso.example"`)))
	for _, r := range u.undoes(t, "can be undone", out, u.last(t)) {
		if len(r.Notes) > 0 || r.Undo == "" {
			t.Errorf("taken out, and renamed: %+v", r)
		}
	}
	both("taken out, and renamed", out, u.last(t))
}

// TestUndoOfWhoIsGone: of who was deleted and added again twice, and has gone for good, there is nothing to take back.
func TestUndoOfWhoIsGone(t *testing.T) {
	server := memory(t)
	u := undoerOf(t, bridgetest.Build(t), server)
	anna := u.user(t, "anna@contoso.example")
	dn := u.entry(t, anna).DN
	u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("title", `"chef"`)))
	changed := u.last(t)
	for range 2 {
		u.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
		u.undoes(t, "undone", u.last(t), "--apply")
		anna = idOf(t, server, dn)
	}
	u.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
	u.undoes(t, "refused", changed)
}

// TestUndoOfALeaver: who was deleted, and kept, is a resource again with his groups and reports, as active as he was, and where he stood.
func TestUndoOfALeaver(t *testing.T) {
	binary := bridgetest.Build(t)
	for _, mode := range []string{"block", "strip", "move"} {
		t.Run(mode, func(t *testing.T) {
			server := memory(t)
			env := marked(mode)
			if mode == "move" {
				_, env = leaversPlace(t, server, server.People)
			}
			u := undoerOf(t, binary, server, env...)
			anna, bo := u.user(t, "anna@contoso.example"), u.user(t, "bo@contoso.example")
			u.group(t, "Crew", anna)
			u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo,
				operations(replace("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", `{"value":"`+anna+`"}`)))
			before := tree(t, server)
			u.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
			last := accounts(t, u.store, journal.Query{Newest: true, Limit: 1})[0]
			u.undoes(t, "undone", "--request", last.RequestID, "--apply")
			same(t, "the leaver is back", before, tree(t, server))
			if u.want(t, http.StatusOK, http.MethodGet, "/Users/"+anna, "")["active"] != true {
				t.Error("he is blocked")
			}
		})
	}
}

// TestUndoLeavesWhatCameAgain: who was blocked by mistake, let in again, and then blocked because he left, stays blocked, and out of the
// group that he was taken out of a second time, though all looks as the mistake left it. Newest first, all of it is undone.
func TestUndoLeavesWhatCameAgain(t *testing.T) {
	server := memory(t)
	u := undoerOf(t, bridgetest.Build(t), server)
	anna, bob := u.user(t, "anna@contoso.example"), u.user(t, "bob@contoso.example")
	crew := u.group(t, "Crew", anna, bob)
	before := tree(t, server)
	var records []string
	active := func(value string) {
		u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("active", value)))
		records = append(records, u.last(t))
	}
	members := func(body string) {
		u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, body)
		records = append(records, u.last(t))
	}
	active("false")
	members(removeMembers(anna, bob))
	active("true")
	members(addMembers(anna))
	active("false")
	members(removeMembers(anna))
	block, leave := records[0], records[1]
	left := tree(t, server)
	for _, arguments := range [][]string{{block}, {block, "--apply"}, {block, "--apply", "--partial"}} {
		u.undoes(t, "refused", arguments...)
	}
	same(t, "the leaver stays blocked", left, tree(t, server))
	back := u.undoes(t, "undone", leave, "--apply")
	if held := u.members(t, crew); held[anna] != 0 || held[bob] != 1 || len(back[0].Notes) != 1 {
		t.Errorf("members %v, notes %q", held, back[0].Notes)
	}
	u.undoes(t, "undone", back[0].By, "--apply")
	u.undoes(t, "can be undone", records...)
	u.undoes(t, "undone", append(records, "--apply")...)
	same(t, "all is undone", before, tree(t, server))

	// What somebody put right by hand keeps back nothing.
	records = nil
	active("false")
	e := u.entry(t, anna)
	active("true")
	active("false")
	modify(t, server, e.DN, "userAccountControl", "512")
	if got, err := u.undo(t, append(records, "--apply")...); err != nil || len(got) != 3 || got[0].State != "nothing to undo" {
		t.Errorf("%+v, %v", got, err)
	}
	same(t, "all is as before", before, tree(t, server))
}

// TestUndoLeavesWhatIsAskedForAgain: who was blocked by mistake, and whom another request was to block since, which found him blocked,
// stays so; and out of a group who was to be put out of it again. Both at once are undone.
func TestUndoLeavesWhatIsAskedForAgain(t *testing.T) {
	server := memory(t)
	u := undoerOf(t, bridgetest.Build(t), server)
	anna, bob := u.user(t, "anna@contoso.example"), u.user(t, "bob@contoso.example")
	crew := u.group(t, "Crew", anna, bob)
	before := tree(t, server)
	since := time.Now()
	blocks := func(method, body string) string {
		u.want(t, http.StatusOK, method, "/Users/"+anna, body)
		return u.last(t)
	}
	put := func(active string) string {
		return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"anna@contoso.example"` + active + `}`
	}
	first := blocks(http.MethodPatch, operations(replace("active", "false")))
	blocked := tree(t, server)
	for _, request := range []struct{ method, body string }{
		{http.MethodPatch, operations(replace("active", "false"))},
		{http.MethodPut, put(`,"active":false`)},
		{http.MethodPatch, operations(replace("active", "false"), replace("title", `"chef"`))},
	} {
		again := blocks(request.method, request.body)
		refused := u.undoes(t, "refused", first, "--apply", "--partial")
		names := "userAccountControl was asked for as it is again, by record " + again
		if !strings.Contains(strings.Join(refused[0].Changed, "\n")+"\n", names+"\n") {
			t.Errorf("changed: %q, want %s", refused[0].Changed, names)
		}
		if u.entry(t, anna).Value("title") == "" {
			u.undoes(t, "nothing to undo", again, "--apply")
		} else {
			u.undoes(t, "undone", again, "--apply")
		}
	}
	same(t, "anna stays blocked", blocked, tree(t, server))
	last := u.last(t)
	if blocks(http.MethodPut, put("")) != last {
		t.Error("a PUT that says nothing of active is on record")
	}
	u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, removeMembers(bob))
	left := u.last(t)
	u.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, removeMembers(bob))
	if noted := u.undoes(t, "nothing to undo", left, "--apply"); len(noted[0].Notes) != 1 {
		t.Errorf("notes: %q", noted[0].Notes)
	}
	caller := accounts(t, u.store, journal.Query{Limit: 1})[0].Caller
	cycle := []string{"--since", since.UTC().Format(time.RFC3339Nano), "--caller", caller, "--apply"}
	if got, err := u.undo(t, cycle...); err != nil || len(got) != 6 {
		t.Errorf("%+v, %v", got, err)
	}
	same(t, "all is undone", before, tree(t, server))
}

// TestUndoOfANewPassword: an account whose password was set after it was made is not as it was made.
func TestUndoOfANewPassword(t *testing.T) {
	server := memory(t)
	u := undoerOf(t, bridgetest.Build(t), server)
	before := tree(t, server)
	anna := u.user(t, "anna@contoso.example")
	made := u.last(t)
	u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("password", `"Correct-Horse-7"`)))
	set := u.last(t)
	for _, arguments := range [][]string{{made}, {made, "--apply", "--partial"}} {
		refused := u.undoes(t, "refused", arguments...)
		if len(refused[0].Changed) != 1 || !strings.Contains(refused[0].Changed[0], "userPassword was set since") {
			t.Errorf("changed: %q", refused[0].Changed)
		}
	}
	if u.entry(t, anna) == nil {
		t.Fatal("anna is gone")
	}
	for _, more := range [][]string{nil, {"--apply"}} { // who names both wants both
		got, err := u.undo(t, append([]string{made, set}, more...)...)
		if err != nil || len(got) != 2 || got[0].State != "nothing to undo" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	same(t, "anna is gone", before, tree(t, server))
}

// TestUndoAddsAnew: what Active Directory does not bring back is added anew: of what was deleted it has nothing left or, with
// SCIMBRIDGE_TEST_RECYCLE_BIN set, all in its recycle bin, from where Samba gives nothing back, and lets no reference go.
func TestUndoAddsAnew(t *testing.T) {
	t.Parallel()
	bin := os.Getenv("SCIMBRIDGE_TEST_RECYCLE_BIN") != ""
	if !bin {
		t.Run("from a recycle bin", func(t *testing.T) {
			dirtest.LeaveOutHere(t, "An undo of what lies in a recycle bin", "it takes a domain of its own", "make bin")
		})
	}
	server := dirtest.ActiveDirectory(t)
	if bin {
		server.RecycleBin(t)
	}
	u := undoerOf(t, bridgetest.Build(t), server)
	anna, boss := u.user(t, "anna@contoso.example"), u.user(t, "boss@contoso.example")
	crew := u.group(t, "Crew", boss)
	deleted := []string{"/Users/" + boss}
	if !bin {
		u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna,
			operations(replace("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", `{"value":"`+boss+`"}`)))
		deleted = append(deleted, "/Groups/"+crew)
	}
	before := tree(t, server)
	var records []string
	for _, path := range deleted {
		u.want(t, http.StatusNoContent, http.MethodDelete, path, "")
		records = append(records, u.last(t))
		if !bin {
			server.Expunge(t)
		}
	}
	undone := u.undoes(t, "undone", append(records, "--apply")...)
	for _, one := range undone { // the newest first
		by := accounts(t, u.store, journal.Query{Subjects: []string{one.NewID}, Outcome: journal.Written, Limit: 1})
		if one.NewID == "" || len(by) == 0 || by[0].ID.String() != one.By {
			t.Errorf("%+v", one)
		}
		boss = one.NewID
	}
	if !bin {
		crew = undone[0].NewID
		if u.managerOf(t, anna) != boss {
			t.Errorf("manager %s, want %s", u.managerOf(t, anna), boss)
		}
	}
	if u.members(t, crew)[boss] != 1 {
		t.Errorf("members %v, want %s", u.members(t, crew), boss)
	}
	now := withoutIdentity(tree(t, server))
	for dn, attributes := range withoutIdentity(before) {
		for _, name := range []string{"objectGUID", "objectSid", "member"} {
			delete(attributes, name)
			delete(now[dn], name)
		}
		same(t, dn, map[string]map[string][]string{dn: attributes}, map[string]map[string][]string{dn: now[dn]})
	}
}

// TestUndoSaysWhatFails: where the directory fails, whoever runs the command reads how, and no secret.
func TestUndoSaysWhatFails(t *testing.T) {
	u := undoerOf(t, bridgetest.Build(t), memory(t))
	u.user(t, "anna@contoso.example")
	u.env = append(u.env, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Unmistakable-1")
	failed := u.undoes(t, "failed", u.last(t))[0].Error
	if !strings.Contains(failed, "Result Code 49") || strings.Contains(failed, "Unmistakable") {
		t.Errorf("error: %s", failed)
	}
}

// TestUndoOfABlock: who left the groups when he was blocked, and renamed in the same breath, is in them again by the name that he had.
func TestUndoOfABlock(t *testing.T) {
	server := memory(t)
	u := undoerOf(t, bridgetest.Build(t), server, "SCIMBRIDGE_RESOURCES_0_ONBLOCK_LEAVEGROUPS=true")
	anna := u.user(t, "anna@contoso.example")
	u.group(t, "Crew", anna)
	before := tree(t, server)
	u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna,
		operations(replace("active", "false"), replace("userName", `"ann@contoso.example"`)))
	if cmp.Equal(before, tree(t, server)) {
		t.Fatal("nothing was done")
	}
	u.undoes(t, "undone", u.last(t), "--apply")
	same(t, "he is in again", before, tree(t, server))
}

// same compares the directory with what it was.
func same(t *testing.T, what string, before, now map[string]map[string][]string) {
	t.Helper()
	if diff := cmp.Diff(before, now); diff != "" {
		t.Errorf("%s: -before +now\n%s", what, diff)
	}
}

// withoutIdentity is the tree without what tells an entry that was added again from the one before.
func withoutIdentity(all map[string]map[string][]string) map[string]map[string][]string {
	rest := map[string]map[string][]string{}
	for dn, attributes := range all {
		rest[dn] = map[string][]string{}
		for name, values := range attributes {
			switch strings.ToLower(name) {
			case "userpassword", "usncreated", "whencreated", "lastknownparent", "admincount", "operatorcount":
			default:
				rest[dn][name] = values
			}
		}
	}
	return rest
}

// dnOf is the DN that holds the text.
func dnOf(all map[string]map[string][]string, text string) string {
	for dn := range all {
		if strings.Contains(dn, text) {
			return dn
		}
	}
	return ""
}

// label tells the names of a test's entries from others'.
func label(t testing.TB) string {
	_, name, _ := strings.Cut(t.Name(), "/")
	short := strings.NewReplacer("_", "", "-", "").Replace(name)
	return short[:min(len(short), 3)] + short[max(0, len(short)-2):]
}
