package bridge_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// road leads to a directory, and ends at a Modify: nothing is sent from there on.
type road struct {
	net.Listener
	target string
	after  atomic.Int32 // Modifies that it still lets through; less than 0: it is closed
}

func buildLarge(t *testing.T, server *dirtest.Server, n int) (h house, way *road, body string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	way = &road{Listener: listener, target: server.URL[len("ldap://"):]}
	way.open()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go way.lead(client)
		}
	}()
	server.URL = "ldap://" + listener.Addr().String()
	h = buildOn(t, server, bridge.Options{}, usersAndGroups(server)...)
	return h, way, h.many(t, n)
}

func (r *road) open() { r.after.Store(1 << 30) }

func (r *road) lead(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(client, server)
		client.Close()
	}()
	for {
		message, err := ber.ReadPacket(client)
		if err != nil || message.Children[1].Tag == ldap.ApplicationModifyRequest && r.after.Add(-1) < 0 || r.after.Load() < 0 {
			return
		}
		if _, err := server.Write(message.Bytes()); err != nil {
			return
		}
	}
}

// TestTakenOutStaysOut: who was taken out of a group that stood in part does not come back with the request that made it, whoever took him
// out, and whether the group was completed before.
func TestTakenOutStaysOut(t *testing.T) {
	for name, c := range map[string]struct {
		members int
		gone    int // which of the members
		change  func(t *testing.T, h house, group, leaver, members string)
	}{
		"by an administrator, the last who was in": {501, 499, func(t *testing.T, h house, _, leaver, _ string) {
			out := ldap.NewModifyRequest("cn=G,"+h.server.Groups, nil)
			out.Delete("member", []string{h.dn(t, leaver)})
			if err := h.server.Connect(t).Modify(out); err != nil {
				t.Fatal(err)
			}
		}},
		"by another request": {501, 1, func(t *testing.T, h house, group, leaver, _ string) { h.takeOut(t, group, leaver) }},
		"after a PATCH has completed it, the last of all": {502, 501, func(t *testing.T, h house, group, leaver, members string) {
			if _, err := h.patch(t, bridge.Call{}, "Group", group, `{"op":"replace","path":"members","value":[`+members+`]}`); err != nil {
				t.Fatal(err)
			}
			h.takeOut(t, group, leaver)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h, way, members := buildLarge(t, dirtest.Memory(t), c.members)
			body := fmt.Sprintf(`{"displayName":"G","members":[%s]}`, members)
			way.after.Store(0)
			if _, err := h.Create(t.Context(), bridge.Call{}, "Group", []byte(body), bridge.View{}); status(err) < 500 {
				t.Fatalf("not stopped: %v", err)
			}
			way.open()
			leaver := strings.Split(members, `"`)[4*c.gone+3]
			c.change(t, h, h.named(t, "Group", "displayName", "G"), leaver, members)
			if _, err := h.Create(t.Context(), bridge.Call{}, "Group", []byte(body), bridge.View{}); status(err) != http.StatusConflict {
				t.Errorf("sent again: %v", err)
			}
			if slices.Contains(h.members(t, "cn=G"), h.dn(t, leaver)) {
				t.Error("the leaver is back")
			}
		})
	}
}

// named is the id of the resource that has the value. The breaker may have to close first.
func (h house) named(t *testing.T, typ, attribute, value string) string {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		l, err := h.Query(t.Context(), bridge.Call{}, typ, bridge.Query{Filter: fmt.Sprintf("%s eq %q", attribute, value), Count: 1})
		if err == nil {
			return l.Resources[0]["id"].(string)
		}
		if status(err) != http.StatusServiceUnavailable || time.Now().After(until) {
			t.Fatalf("%s %q is not found: %v", typ, value, err)
		}
	}
}

func (h house) dn(t *testing.T, user string) string {
	t.Helper()
	r, err := h.Get(t.Context(), bridge.Call{}, "User", user, bridge.View{})
	if err != nil {
		t.Fatal(err)
	}
	return "uid=" + r.Resource["userName"].(string) + "," + h.server.People
}

func (h house) takeOut(t *testing.T, group, user string) {
	t.Helper()
	remove := fmt.Sprintf(`{"op":"remove","path":"members","value":[{"value":%q}]}`, user)
	if _, err := h.patch(t, bridge.Call{}, "Group", group, remove); err != nil {
		t.Fatal(err)
	}
}

// TestLargeCreateSentAgain: a group whose directory goes away between its Modifies stands with part of the members. The same request of the
// same caller completes it; whoever else asks for the name is told of a conflict, and so is that caller of a group of another name or id.
func TestLargeCreateSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		start   func(t *testing.T) *dirtest.Server
		members int
		stop    int // the Modify at which the directory goes away
	}{
		"memory": {func(t *testing.T) *dirtest.Server { return dirtest.Memory(t) }, 501, 0}, // long filters take long there
		"slapd":  {func(t *testing.T) *dirtest.Server { return dirtest.OpenLDAP(t) }, 1001, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h, way, members := buildLarge(t, c.start(t), c.members)
			left := 500 * (1 + c.stop)
			post := func(caller, body string) (*bridge.Result, error) {
				t.Helper()
				r, err := h.Create(t.Context(), bridge.Call{Caller: caller}, "Group", []byte(body), bridge.View{})
				for status(err) == http.StatusServiceUnavailable { // the breaker's pause
					time.Sleep(10 * time.Millisecond)
					r, err = h.Create(t.Context(), bridge.Call{Caller: caller}, "Group", []byte(body), bridge.View{})
				}
				return r, err
			}
			stopped := func(group string) (body string) {
				t.Helper()
				body = fmt.Sprintf(`{"displayName":%q,"members":[%s]}`, group, members)
				way.after.Store(int32(c.stop))
				told := fmt.Sprintf("%d of the %d members are as asked; here the same request again completes it", left, c.members)
				if _, err := h.Create(t.Context(), bridge.Call{Caller: "a"}, "Group", []byte(body), bridge.View{}); status(err) < 500 ||
					!strings.Contains(bridge.Explain(err).Detail, told) {
					t.Fatalf("not stopped: %v", err)
				}
				way.open()
				return body
			}
			conflict := func(what, caller, body string) {
				t.Helper()
				if _, err := post(caller, body); status(err) != http.StatusConflict {
					t.Errorf("%s: %v", what, err)
				}
			}

			body := stopped("G")
			conflict("another's", "b", body)
			conflict("another request", "a", `{"displayName":"G"}`)
			if got := len(h.members(t, "cn=G")); got != left {
				t.Errorf("a group of %d members is left", got)
			}
			r, err := post("a", body)
			if err != nil || r.Resource["displayName"] != "G" || len(h.members(t, "cn=G")) != c.members {
				t.Errorf("sent again: %v, %d members", err, len(h.members(t, "cn=G")))
			}
			conflict("sent once more", "a", body)

			body = stopped("H")
			admin := h.server.Connect(t)
			if err := admin.ModifyDN(ldap.NewModifyDNRequest("cn=H,"+h.server.Groups, "cn=I", true, "")); err != nil {
				t.Fatal(err)
			}
			h.server.Load(t, "dn: cn=H,"+h.server.Groups+"\nobjectClass: groupOfNames\ncn: H\nmember: cn=no-member\n")
			conflict("renamed, and another has its name", "a", body)
			if i, another := len(h.members(t, "cn=I")), len(h.members(t, "cn=H")); i != left || another != 0 {
				t.Errorf("%d members of what is called otherwise, %d of another's group", i, another)
			}

			body = stopped("J")
			if err := admin.Del(ldap.NewDelRequest("cn=J,"+h.server.Groups, nil)); err != nil {
				t.Fatal(err)
			}
			if _, err = post("a", body); err != nil || len(h.members(t, "cn=J")) != c.members {
				t.Errorf("deleted: %v, %d members", err, len(h.members(t, "cn=J")))
			}
		})
	}
}

// TestWhatIsTakenBackIsNotLeft: of a group that was refused in its middle nothing is left, whatever was put right before it was made.
func TestWhatIsTakenBackIsNotLeft(t *testing.T) {
	h := build(t)
	members := h.many(t, 501)
	h.server.Load(t, "dn: cn=old,"+h.server.Groups+"\nobjectClass: groupOfNames\ncn: old\nmember: cn=G,"+h.server.Groups+"\nmember: cn=x\n")
	h.server.Mem.Fault(func(op, dn string) memdir.Fault {
		if op == "modify" && strings.HasPrefix(dn, "cn=G,") {
			return memdir.Fault{Code: 53, Text: "says no"}
		}
		return memdir.Fault{}
	})
	body := []byte(`{"displayName":"G","members":[` + members + `]}`)
	_, err := h.Create(t.Context(), bridge.Call{}, "Group", body, bridge.View{})
	if detail := bridge.Explain(err).Detail; err == nil || strings.Contains(detail, "as asked") || strings.Count(detail, "says no") > 1 {
		t.Errorf("%v: %s", err, detail)
	}
	h.server.Mem.Fault(nil)
	if _, err := h.Create(t.Context(), bridge.Call{}, "Group", body, bridge.View{}); err != nil || len(h.members(t, "cn=G")) != 501 {
		t.Errorf("sent again: %v", err)
	}
}
