package bridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

func TestMain(m *testing.M) { dirtest.Main(m) }

// house is a bridge in front of a directory in this process that cleans no references.
type house struct {
	*bridge.Bridge
	server  *dirtest.Server
	records *[]journal.Record
}

// build starts one; the types of first are mapped ahead of its own.
func build(t *testing.T, first ...compile.Options) house {
	t.Helper()
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	return buildOn(t, server, bridge.Options{}, append(first, usersAndGroups(server)...)...)
}

func usersAndGroups(server *dirtest.Server) []compile.Options {
	return []compile.Options{{
		Type: "User", Base: compile.Bases{server.People}, ObjectClasses: []compile.ClassOptions{{Class: "inetOrgPerson"}},
		DN: `"uid=" + rdn(userName) + "," + base`,
		Attributes: []compile.AttributeOptions{
			{SCIM: "userName", LDAP: "uid"},
			{SCIM: "name.formatted", LDAP: "cn", Empty: "userName"},
			{SCIM: "name.familyName", LDAP: "sn", Empty: "userName"},
			{SCIM: "title", LDAP: "title"},
			{SCIM: "emails.value", LDAP: "mail"},
			{SCIM: "password", LDAP: "userPassword"},
		},
	}, {
		Type: "Group", Base: compile.Bases{server.Groups}, ObjectClasses: []compile.ClassOptions{{Class: "groupOfNames"}},
		Attributes: []compile.AttributeOptions{{SCIM: "displayName", LDAP: "cn"}},
		Members:    []compile.MembersOptions{{Attribute: "member"}},
	}}
}

// buildOn starts one in front of a server, which serves these types, with what else o says.
func buildOn(t *testing.T, server *dirtest.Server, o bridge.Options, types ...compile.Options) house {
	t.Helper()
	var err error
	if o.Map, err = compile.Compile(types); err != nil {
		t.Fatal(err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Directory == nil {
		if o.Directory, err = directory.New(directory.Options{
			URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password},
		}, o.Log); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(o.Directory.Close)
	}
	var records []journal.Record
	o.Guard = guard.New(guard.Options{}, o.Directory.Self, o.Directory)
	o.Journal = func(r journal.Record) { records = append(records, r) }
	return house{bridge.New(o), server, &records}
}

func (h house) create(t *testing.T, typ, body string) *bridge.Result {
	t.Helper()
	r, err := h.Create(t.Context(), bridge.Call{}, typ, []byte(body), bridge.View{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (h house) user(t *testing.T, name string) string {
	t.Helper()
	return h.create(t, "User", fmt.Sprintf(`{"userName":%q}`, name)).Resource["id"].(string)
}

func (h house) patch(t *testing.T, call bridge.Call, typ, id, operation string) (*bridge.Result, error) {
	t.Helper()
	return h.Patch(t.Context(), call, typ, id, []byte(`{"Operations":[`+operation+`]}`), bridge.View{})
}

// at does something as the nth operation of a name (0: the first) arrives, and then to it what the fault says.
func (h house) at(op string, n int32, fault memdir.Fault, do func()) {
	var come atomic.Int32
	h.server.Mem.Fault(func(name, _ string) memdir.Fault {
		if name != op || come.Add(1) != n+1 {
			return memdir.Fault{}
		}
		h.server.Mem.Fault(nil)
		if do != nil {
			do()
		}
		return fault
	})
}

func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return bridge.Explain(err).Status
}

// members are the values of a group's member but for the placeholder.
func (h house) members(t *testing.T, rdn string) []string {
	t.Helper()
	held := h.server.Entry(t, rdn+","+h.server.Groups).Values("member")
	return slices.DeleteFunc(held, func(dn string) bool { return dn == "cn=no-member" })
}

// TestWithdrawn: a create that meets a rival of the same moment is taken back, and the record of that says what it did.
func TestWithdrawn(t *testing.T) {
	h := build(t)
	admin := h.server.Connect(t)
	h.at("add", 0, memdir.Fault{}, func() {
		rival := ldap.NewAddRequest("cn=Rival,"+h.server.People, nil)
		for name, value := range map[string]string{"objectClass": "inetOrgPerson", "cn": "Rival", "sn": "Rival", "uid": "u"} {
			rival.Attribute(name, []string{value})
		}
		if err := admin.Add(rival); err != nil {
			t.Error(err)
		}
	})
	_, err := h.Create(t.Context(), bridge.Call{}, "User", []byte(`{"userName":"u"}`), bridge.View{})
	dn := "uid=u," + h.server.People
	var effects []string
	for _, r := range *h.records {
		effects = append(effects, r.Receipt.Plan.Words())
	}
	if status(err) != http.StatusConflict || !slices.Equal(effects, []string{"created " + dn, "deleted " + dn}) {
		t.Errorf("%v, recorded as %q", err, effects)
	}
}

// TestTypesOfOneBase: an entry is judged by what every type's scope names, and so is read with it: what was not looked at would make a
// human a robot.
func TestTypesOfOneBase(t *testing.T) {
	h := build(t, compile.Options{
		Type: "Robot", Endpoint: "/Robots", Schema: "urn:example:2.0:Robot",
		Base:          compile.Bases{"ou=people,dc=example,dc=org"},
		ObjectClasses: []compile.ClassOptions{{Class: "inetOrgPerson"}}, Filter: "(!(employeeType=human))",
		DN:         `"uid=" + rdn(serial) + "," + base`,
		Attributes: []compile.AttributeOptions{{SCIM: "serial", LDAP: "uid"}},
	})
	id, admin := h.user(t, "u"), h.server.Connect(t)
	request := ldap.NewModifyRequest("uid=u,"+h.server.People, nil)
	request.Replace("employeeType", []string{"human"})
	if err := admin.Modify(request); err != nil {
		t.Fatal(err)
	}
	if _, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"replace","path":"title","value":"x"}`); err != nil {
		t.Error(err)
	}
}

// TestUnknownRenameIsFollowed: no answer came to a rename that was done, and the groups still learn the new name.
func TestUnknownRenameIsFollowed(t *testing.T) {
	for _, drop := range []memdir.Drop{memdir.DropBefore, memdir.DropAfter} {
		for op, n := range map[string]int32{"modrdn": 0, "modify": 1} { // the rename; the group behind the user's title
			h := build(t)
			id := h.user(t, "before")
			h.create(t, "Group", fmt.Sprintf(`{"displayName":"G","members":[{"value":%q}]}`, id))
			h.at(op, n, memdir.Fault{Drop: drop}, nil)
			_, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"replace","value":{"userName":"after","title":"x"}}`)
			if got := h.members(t, "cn=G"); err != nil || len(got) != 1 || got[0] != "uid=after,"+h.server.People {
				t.Errorf("%s, drop %d: %v, the group holds %v", op, drop, err, got)
			}
		}
	}
}

// TestUnknownPatchIsNotRepeated: what a PATCH did is not done to its own result.
func TestUnknownPatchIsNotRepeated(t *testing.T) {
	h := build(t)
	id := h.create(t, "User", `{"userName":"u","emails":[{"value":"a@x"}]}`).Resource["id"].(string)
	h.at("modify", 0, memdir.Fault{Drop: memdir.DropAfter}, nil)
	_, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"replace","path":"emails[value co \"a@\"].value","value":"b@x"}`)
	if got := h.server.Entry(t, "uid=u,"+h.server.People).Values("mail"); err != nil || fmt.Sprint(got) != "[b@x]" {
		t.Errorf("%v: %v", got, err)
	}
}

// TestUnknownUnderIfMatch: no answer came, and another client changed the entry before it could be read back.
func TestUnknownUnderIfMatch(t *testing.T) {
	for drop, want := range map[memdir.Drop]int{memdir.DropBefore: http.StatusPreconditionFailed, memdir.DropAfter: http.StatusOK} {
		h := build(t)
		made := h.create(t, "User", `{"userName":"u","title":"old"}`)
		id, admin := made.Resource["id"].(string), h.server.Connect(t)
		h.at("modify", 0, memdir.Fault{Drop: drop}, func() {
			h.at("search", 0, memdir.Fault{}, func() {
				request := ldap.NewModifyRequest("uid=u,"+h.server.People, nil)
				request.Replace("mail", []string{"other@x"})
				if err := admin.Modify(request); err != nil {
					t.Error(err)
				}
			})
		})
		_, err := h.patch(t, bridge.Call{IfMatch: made.Version}, "User", id, `{"op":"replace","path":"title","value":"new"}`)
		if status(err) != want {
			t.Errorf("drop %d: %d %v, want %d", drop, status(err), err, want)
		}
	}
}

// TestUnknownMembersUnderIfMatch: whether members were added is not read back, and the version is another: the client hears that nobody
// knows.
func TestUnknownMembersUnderIfMatch(t *testing.T) {
	for drop, want := range map[memdir.Drop]int{memdir.DropBefore: http.StatusOK, memdir.DropAfter: http.StatusServiceUnavailable} {
		h := build(t)
		user, group := h.user(t, "u"), h.create(t, "Group", `{"displayName":"G"}`)
		h.at("modify", 0, memdir.Fault{Drop: drop}, nil)
		_, err := h.patch(t, bridge.Call{IfMatch: group.Version}, "Group", group.Resource["id"].(string),
			fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, user))
		if status(err) != want || len(h.members(t, "cn=G")) != 1 {
			t.Errorf("drop %d: %v", drop, err)
		}
	}
}

// TestUnknownDeletionOfWhoIsRenamed: no answer came to a deletion that was not done, and another renamed the entry: it is deleted where it
// is now, and not taken for gone.
func TestUnknownDeletionOfWhoIsRenamed(t *testing.T) {
	h := build(t)
	id, admin := h.user(t, "before"), h.server.Connect(t)
	h.at("delete", 0, memdir.Fault{Drop: memdir.DropBefore}, func() {
		if err := admin.ModifyDN(ldap.NewModifyDNRequest("uid=before,"+h.server.People, "uid=after", true, "")); err != nil {
			t.Error(err)
		}
	})
	_, err := h.Delete(t.Context(), bridge.Call{}, "User", id)
	if _, found := h.Get(t.Context(), bridge.Call{}, "User", id, bridge.View{}); err != nil || status(found) != http.StatusNotFound {
		t.Errorf("%v; then: %v", err, found)
	}
}

// TestUnknownCreationOfAnothers: no answer came to a creation that was not done, and another made an entry of its name that lacks some of
// what it was to hold: that is not the one.
func TestUnknownCreationOfAnothers(t *testing.T) {
	h := build(t)
	admin := h.server.Connect(t)
	h.at("add", 0, memdir.Fault{Drop: memdir.DropBefore}, func() {
		rival := ldap.NewAddRequest("uid=u,"+h.server.People, nil)
		for name, value := range map[string]string{"objectClass": "inetOrgPerson", "cn": "u", "sn": "u", "uid": "u"} {
			rival.Attribute(name, []string{value})
		}
		if err := admin.Add(rival); err != nil {
			t.Error(err)
		}
	})
	body := []byte(`{"userName":"u","title":"asked","password":"Secret-99"}`)
	if _, err := h.Create(t.Context(), bridge.Call{}, "User", body, bridge.View{}); status(err) != http.StatusConflict {
		t.Errorf("%v, want a conflict", err)
	}
}

// many makes users and gives them as members.
func (h house) many(t *testing.T, n int) string {
	t.Helper()
	var load, body strings.Builder
	for i := range n {
		fmt.Fprintf(&load, "dn: uid=m%d,%s\nobjectClass: inetOrgPerson\nuid: m%d\ncn: m\nsn: m\n\n", i, h.server.People, i)
	}
	h.server.Load(t, load.String())
	for start := 1; start <= n; start += bridge.DefaultMaxPage {
		list, err := h.Query(t.Context(), bridge.Call{}, "User", bridge.Query{StartIndex: start, Count: bridge.DefaultMaxPage})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.Resources {
			fmt.Fprintf(&body, `,{"value":%q}`, r["id"])
		}
	}
	return body.String()[1:]
}

// TestLargeGroupOfAnother: what is left of a large group's members goes to the group that was made, and to none that has its name by then.
func TestLargeGroupOfAnother(t *testing.T) {
	h := build(t)
	admin, body, dn := h.server.Connect(t), h.many(t, 501), "cn=G,"+h.server.Groups
	h.at("modify", 0, memdir.Fault{}, func() {
		if err := admin.Del(ldap.NewDelRequest(dn, nil)); err != nil {
			t.Error(err)
		}
		h.server.Load(t, "dn: "+dn+"\nobjectClass: groupOfNames\ncn: G\nmember: cn=none\n")
	})
	_, err := h.Create(t.Context(), bridge.Call{}, "Group", []byte(`{"displayName":"G","members":[`+body+`]}`), bridge.View{})
	if status(err) != http.StatusConflict || len(h.server.Entry(t, dn).Values("member")) != 1 {
		t.Errorf("%v; the group holds %q", err, h.server.Entry(t, dn).Values("member"))
	}
}

// TestLargeChangeStopped: of a large change that the directory refuses in its middle, or that ends with the directory, the client hears
// that part of it stands, and the same request again completes it.
func TestLargeChangeStopped(t *testing.T) {
	const members = 501
	for name, fault := range map[string]memdir.Fault{"refused": {Code: 53, Text: "says no"}, "lost": {Drop: memdir.DropBefore}} {
		for _, create := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, create: %t", name, create), func(t *testing.T) {
				h := build(t)
				body := h.many(t, members)
				post := func() (*bridge.Result, error) {
					return h.Create(t.Context(), bridge.Call{}, "Group", []byte(`{"displayName":"G","members":[`+body+`]}`), bridge.View{})
				}
				var group string
				add := func() (*bridge.Result, error) {
					return h.patch(t, bridge.Call{}, "Group", group, `{"op":"add","path":"members","value":[`+body+`]}`)
				}
				send, whole := post, 0
				if !create {
					group, send, whole = h.create(t, "Group", `{"displayName":"G"}`).Resource["id"].(string), add, 1
				}
				var modifies atomic.Int32
				h.server.Mem.Fault(func(op, _ string) memdir.Fault {
					if op == "modify" {
						modifies.Add(1)
					}
					if int(modifies.Load()) > whole && (op == "modify" || fault.Code == 0) {
						return fault
					}
					return memdir.Fault{}
				})
				_, err := send()
				h.server.Mem.Fault(nil)
				f := bridge.Explain(err)
				if refused := fault.Code != 0; refused != (f.Status == http.StatusForbidden) ||
					!create && !strings.HasPrefix(f.Detail, "500 of the 501 members are as asked, and the same request again ") {
					t.Errorf("%+v", f)
				}
				_, err = send()
				for status(err) == http.StatusServiceUnavailable { // the breaker's pause
					time.Sleep(10 * time.Millisecond)
					_, err = send()
				}
				if got := len(h.members(t, "cn=G")); err != nil || got != members {
					t.Errorf("again: %v, %d members", err, got)
				}
			})
		}
	}
}

// TestUnknownLargeGroup: a group of more members than one request takes is made whole, whichever of its requests got no answer.
func TestUnknownLargeGroup(t *testing.T) {
	const members = 501
	h := build(t)
	body := h.many(t, members)
	for _, c := range []struct {
		op   string
		drop memdir.Drop
	}{{"add", memdir.DropAfter}, {"modify", memdir.DropAfter}, {"modify", memdir.DropBefore}} {
		name := fmt.Sprint(c.op, c.drop)
		h.at(c.op, 0, memdir.Fault{Drop: c.drop}, nil)
		_, err := h.Create(t.Context(), bridge.Call{}, "Group",
			[]byte(`{"displayName":"`+name+`","members":[`+body+`]}`), bridge.View{})
		if got := len(h.members(t, "cn="+name)); err != nil || got != members {
			t.Errorf("%s: %d members: %v", name, got, err)
		}
	}
}

// TestMovedMeanwhile: between the look and the write another client renames the entry, or deletes it.
func TestMovedMeanwhile(t *testing.T) {
	const title = `{"op":"replace","path":"title","value":"new"}`
	h := build(t)
	id, admin := h.user(t, "u"), h.server.Connect(t)
	h.at("modify", 0, memdir.Fault{}, func() {
		if err := admin.ModifyDN(ldap.NewModifyDNRequest("uid=u,"+h.server.People, "uid=v", true, "")); err != nil {
			t.Error(err)
		}
	})
	if r, err := h.patch(t, bridge.Call{}, "User", id, title); err != nil || r.Resource["title"] != "new" || r.Resource["userName"] != "v" {
		t.Errorf("renamed: %v, %v", r, err)
	}
	h.at("modify", 0, memdir.Fault{}, func() {
		if err := admin.Del(ldap.NewDelRequest("uid=v,"+h.server.People, nil)); err != nil {
			t.Error(err)
		}
	})
	if _, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"remove","path":"title"}`); status(err) != http.StatusNotFound {
		t.Errorf("deleted: %v", err)
	}
}

// TestTakenBackIsRecorded: an add that turns out a duplicate is taken back, and the journal tells of it.
func TestTakenBackIsRecorded(t *testing.T) {
	h := build(t)
	h.server.Load(t, "dn: ou=inner,"+h.server.People+"\nobjectClass: organizationalUnit\nou: inner\n")
	h.at("add", 0, memdir.Fault{}, func() {
		h.server.Load(t, "dn: uid=same,ou=inner,"+h.server.People+"\nobjectClass: inetOrgPerson\nuid: same\ncn: s\nsn: s\n")
	})
	_, err := h.Create(context.Background(), bridge.Call{}, "User", []byte(`{"userName":"same"}`), bridge.View{})
	var kinds []ldif.Kind
	for _, r := range *h.records {
		kinds = append(kinds, r.Receipt.Plan.Steps[0].Change.Kind)
	}
	if status(err) != http.StatusConflict || fmt.Sprint(kinds) != "[add delete]" {
		t.Errorf("%v; the journal holds %v", err, kinds)
	}
}

// TestBulkDeleteFreesAName: what comes behind a delete may count on it.
func TestBulkDeleteFreesAName(t *testing.T) {
	h := build(t)
	id := h.user(t, "u")
	h.at("delete", 0, memdir.Fault{Delay: 50 * time.Millisecond}, nil)
	response, err := h.Bulk(t.Context(), bridge.Call{BaseURL: "https://scim/v2", IfMatch: `"of the request"`}, []byte(`{"Operations":[
		{"method":"DELETE","path":"/Users/`+id+`"},
		{"method":"POST","path":"/Users","bulkId":"n","data":{"userName":"u"}},
		{"method":"PATCH","path":"Users/`+id+`/","data":{"Operations":[]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range response.Operations {
		got = append(got, o.Status)
	}
	if fmt.Sprint(got) != "[204 201 404]" || response.Operations[2].Location != "https://scim/v2/Users/"+id {
		t.Errorf("%+v", response.Operations)
	}
}

// TestNotModifiedNamesTheVersion (RFC 9110 §15.4.5).
func TestNotModifiedNamesTheVersion(t *testing.T) {
	h := build(t)
	made := h.create(t, "User", `{"userName":"u"}`)
	_, err := h.Get(t.Context(), bridge.Call{IfNoneMatch: made.Version}, "User", made.Resource["id"].(string), bridge.View{})
	if f := bridge.Explain(err); f.Status != http.StatusNotModified || f.Version != made.Version {
		t.Errorf("%+v, want version %s", f, made.Version)
	}
}
