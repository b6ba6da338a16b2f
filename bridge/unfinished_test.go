package bridge_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/dirtest"
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
				if _, err := h.Create(t.Context(), bridge.Call{Caller: "a"}, "Group", []byte(body), bridge.View{}); status(err) < 500 ||
					!strings.Contains(bridge.Explain(err).Detail, "the same request again completes it") {
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
			admin := h.admin(t)
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
