package bridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// faults makes operations fail by name and number: "modrdn 0" is the first rename. "search after modrdn" is every search behind the first
// rename.
func (h house) faults(by map[string]memdir.Fault) {
	var mu sync.Mutex
	come := map[string]int{}
	h.server.Mem.Fault(func(op, _ string) memdir.Fault {
		mu.Lock()
		defer mu.Unlock()
		n := come[op]
		come[op]++
		if fault, ok := by[fmt.Sprintf("%s %d", op, n)]; ok {
			return fault
		}
		if come["modrdn"]+come["add"] > 0 {
			return by[op+" after"]
		}
		return memdir.Fault{}
	})
}

// told is a receipt as a test compares it: a line a step, with what was sent last.
func told(r ldif.Receipt) string {
	var lines []string
	for _, step := range r.Steps {
		line := step.State.String()
		if c := step.Sent; c.Kind != "" {
			rdn, _ := ldif.SplitDN(c.DN)
			line += fmt.Sprintf(" %s %s", c.Kind, rdn)
			if c.NewRDN != "" {
				line += " " + c.NewRDN
			}
			for _, m := range c.Mods {
				rdns := make([]string, len(m.Values))
				for i, v := range m.Values {
					rdns[i], _, _ = strings.Cut(v, ",")
				}
				line += fmt.Sprintf(" %s %s %s", m.Op, m.Name, strings.Join(rdns, " "))
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// TestReceipts: what the journal is told of a write, attempt by attempt, and what the client. The PATCH gives a member of a group a title
// and another name: a Modify, a ModifyDN, and the group's reference on either side of it; the other adds members to the group, of whom one
// is there.
func TestReceipts(t *testing.T) {
	const (
		title   = "modify uid=before add title x"
		rename  = "modrdn uid=before uid=after"
		join    = "modify cn=G add member uid=after"
		leave   = "modify cn=G delete member uid=before"
		done    = "done " + title + "\ndone " + join + "\ndone " + rename + "\ndone " + leave
		marked  = "done modify cn=G delete member uid=after add member uid=after" // which held him already
		again   = "done " + title + "\n" + marked + "\ndone " + rename + "\ndone " + leave
		unjoin  = "done modify cn=G delete member uid=after"
		halfway = "the change is half done and could not be taken back; the log holds both records"

		unwilling = "the directory does not let the bridge do that: says no; a setting or policy of the server forbids it: " +
			"its log says more"
		unwritable = "cn=G,ou=groups,dc=example,dc=org refers to uid=before,ou=people,dc=example,dc=org, " +
			"and the directory does not let the bridge change it: says no; the bridge's account lacks the right: " +
			"the server's access rules must grant it"
	)
	refuse := func(code uint16) memdir.Fault { return memdir.Fault{Code: code, Text: "says no"} }
	dropBefore, dropAfter := memdir.Fault{Drop: memdir.DropBefore}, memdir.Fault{Drop: memdir.DropAfter}
	for name, c := range map[string]struct {
		members  bool // the PATCH of the group
		faults   map[string]memdir.Fault
		receipts []string
		status   int
		detail   string
		name     string // the user's afterwards
		title    string
	}{
		"done": {
			receipts: []string{done},
			status:   http.StatusOK, name: "after", title: "x",
		},
		"refused at once": {
			faults:   map[string]memdir.Fault{"modify 0": refuse(19)},
			receipts: []string{"refused " + title + "\nnot sent\nnot sent\nnot sent"},
			status:   http.StatusBadRequest, detail: "title: the directory refuses the value: says no", name: "before",
		},
		"refused in the middle, and taken back": {
			faults:   map[string]memdir.Fault{"modrdn 0": refuse(53)},
			receipts: []string{"taken back " + title + "\ndone " + join + "\nrefused " + rename + "\nnot sent", unjoin},
			status:   http.StatusForbidden, detail: unwilling, name: "before",
		},
		"refused at the end, and taken back": {
			faults:   map[string]memdir.Fault{"modify 2": refuse(50)},
			receipts: []string{"taken back " + title + "\ndone " + join + "\ntaken back " + rename + "\nrefused " + leave, unjoin},
			status:   http.StatusForbidden, detail: unwritable, name: "before",
		},
		"taking back refused": {
			faults:   map[string]memdir.Fault{"modrdn 0": refuse(53), "modify 2": refuse(50)},
			receipts: []string{"stands " + title + "\ndone " + join + "\nrefused " + rename + "\nnot sent", unjoin},
			status:   http.StatusInternalServerError, detail: halfway, name: "before", title: "x",
		},
		"taken back, and no answer to that": {
			faults:   map[string]memdir.Fault{"modrdn 0": refuse(53), "modify 2": dropAfter},
			receipts: []string{"taken back " + title + "\ndone " + join + "\nrefused " + rename + "\nnot sent", unjoin},
			status:   http.StatusForbidden, detail: unwilling, name: "before",
		},
		"not taken back at first": {
			faults:   map[string]memdir.Fault{"modrdn 0": refuse(53), "modify 2": dropBefore},
			receipts: []string{"taken back " + title + "\ndone " + join + "\nrefused " + rename + "\nnot sent", unjoin},
			status:   http.StatusForbidden, detail: unwilling, name: "before",
		},
		"taken back, and nobody knows": {
			faults:   map[string]memdir.Fault{"modrdn 0": refuse(53), "modify 2": dropAfter, "search 3": refuse(50)},
			receipts: []string{"unknown " + title + "\ndone " + join + "\nrefused " + rename + "\nnot sent", unjoin},
			status:   http.StatusInternalServerError, detail: halfway, name: "before",
		},
		"renamed back, and no answer to that": {
			faults:   map[string]memdir.Fault{"modify 2": refuse(50), "modrdn 1": dropAfter},
			receipts: []string{"taken back " + title + "\ndone " + join + "\ntaken back " + rename + "\nrefused " + leave, unjoin},
			status:   http.StatusForbidden, detail: unwritable, name: "before",
		},
		"putting a reference right refused": {
			faults: map[string]memdir.Fault{"modrdn 0": refuse(53), "modify 3": refuse(50)},
			receipts: []string{
				"taken back " + title + "\ndone " + join + "\nrefused " + rename + "\nnot sent",
				"refused modify cn=G delete member uid=after",
			},
			status: http.StatusInternalServerError, detail: halfway, name: "before",
		},
		"taking back refused half way": {
			faults:   map[string]memdir.Fault{"modify 2": refuse(50), "modrdn 1": refuse(53)},
			receipts: []string{"stands " + title + "\ndone " + join + "\nstands " + rename + "\nrefused " + leave, "done " + leave},
			status:   http.StatusInternalServerError, detail: halfway, name: "after", title: "x",
		},
		"a lost race": {
			faults:   map[string]memdir.Fault{"modrdn 0": refuse(16)},
			receipts: []string{"taken back " + title + "\ndone " + join + "\nrefused " + rename + "\nnot sent", again},
			status:   http.StatusOK, name: "after", title: "x",
		},
		"a lost race, and refused": {
			faults: map[string]memdir.Fault{"modrdn 0": refuse(16), "modrdn 1": refuse(53)},
			receipts: []string{
				"taken back " + title + "\ndone " + join + "\nrefused " + rename + "\nnot sent",
				"taken back " + title + "\n" + marked + "\nrefused " + rename + "\nnot sent",
				unjoin,
			},
			status: http.StatusForbidden, detail: unwilling, name: "before",
		},
		"unknown, resumed as done": {
			faults:   map[string]memdir.Fault{"modrdn 0": dropAfter},
			receipts: []string{"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent", done},
			status:   http.StatusOK, name: "after", title: "x",
		},
		"unknown, resumed as not done": {
			faults: map[string]memdir.Fault{"modrdn 0": dropBefore},
			receipts: []string{
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				marked + "\ndone " + rename + "\ndone " + leave,
			},
			status: http.StatusOK, name: "after", title: "x",
		},
		"unknown at the end, resumed as done": {
			faults: map[string]memdir.Fault{"modify 2": dropAfter},
			receipts: []string{
				"done " + title + "\ndone " + join + "\ndone " + rename + "\nunknown " + leave,
				"done " + title + "\ndone " + join + "\ndone " + rename + "\ndone " + leave,
			},
			status: http.StatusOK, name: "after", title: "x",
		},
		"unknown twice": {
			faults: map[string]memdir.Fault{"modify 0": dropAfter, "modrdn 0": dropAfter},
			receipts: []string{
				"unknown " + title + "\nnot sent\nnot sent\nnot sent",
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				done,
			},
			status: http.StatusOK, name: "after", title: "x",
		},
		"unknown, and the rest loses a race": {
			faults: map[string]memdir.Fault{ // nor does a look show that the condition holds
				"modrdn 0": dropAfter, "modify 2": refuse(122), "search 5": refuse(50),
			},
			receipts: []string{
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				"done " + title + "\ndone " + join + "\ndone " + rename + "\nrefused " + leave,
				"done " + leave,
			},
			status: http.StatusOK, name: "after", title: "x",
		},
		"unknown, and nobody can tell who has the old name": {
			faults: map[string]memdir.Fault{"modrdn 0": dropAfter, "search 4": refuse(50)},
			receipts: []string{
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				"done " + title + "\ndone " + join + "\ndone " + rename + "\nnot sent",
				"done " + leave,
			},
			status: http.StatusOK, name: "after", title: "x",
		},
		"unknown, and the rest refused: it is taken back": {
			faults: map[string]memdir.Fault{"modrdn 0": dropAfter, "modify 2": refuse(50)},
			receipts: []string{
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				"taken back " + title + "\ndone " + join + "\ntaken back " + rename + "\nrefused " + leave,
				unjoin,
			},
			status: http.StatusForbidden, detail: unwritable, name: "before",
		},
		"unknown, the rest refused, and taking back refused": {
			faults: map[string]memdir.Fault{"modrdn 0": dropAfter, "modify 2": refuse(50), "modrdn 1": refuse(53)},
			receipts: []string{
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				"stands " + title + "\ndone " + join + "\nstands " + rename + "\nrefused " + leave,
				"done " + leave,
			},
			status: http.StatusInternalServerError, detail: halfway, name: "after", title: "x",
		},
		"unknown, the rest refused, and no answer to taking back": {
			faults: map[string]memdir.Fault{"modrdn 0": dropAfter, "modify 2": refuse(50), "modrdn 1": dropAfter},
			receipts: []string{
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				"taken back " + title + "\ndone " + join + "\ntaken back " + rename + "\nrefused " + leave,
				unjoin,
			},
			status: http.StatusForbidden, detail: unwritable, name: "before",
		},
		"unknown, the rest refused, and taking back refused half way": {
			faults: map[string]memdir.Fault{"modrdn 0": dropAfter, "modify 2": refuse(50), "modify 3": refuse(50)},
			receipts: []string{
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				"stands " + title + "\ndone " + join + "\ntaken back " + rename + "\nrefused " + leave,
				unjoin,
			},
			status: http.StatusInternalServerError, detail: halfway, name: "before", title: "x",
		},
		"unknown, and the rest would leave a class unsatisfied": {
			faults: map[string]memdir.Fault{"modrdn 0": dropAfter, "modify 2": refuse(65)},
			receipts: []string{
				"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent",
				"taken back " + title + "\ndone " + join + "\ntaken back " + rename + "\nrefused " + leave,
				again,
			},
			status: http.StatusOK, name: "after", title: "x",
		},
		"never known": {
			faults:   map[string]memdir.Fault{"modrdn 0": dropAfter, "search after": dropBefore},
			receipts: []string{"done " + title + "\ndone " + join + "\nunknown " + rename + "\nnot sent"},
			status:   http.StatusInternalServerError, detail: halfway, name: "after", title: "x",
		},
		"members, of whom one is there": {
			members:  true,
			receipts: []string{"done modify cn=G add member uid=other"},
			status:   http.StatusOK, name: "before",
		},
		"members, unknown and sent again": {
			members:  true,
			faults:   map[string]memdir.Fault{"modify 1": dropAfter},
			receipts: []string{"unknown modify cn=G add member uid=other", "done modify cn=G add member uid=other"},
			status:   http.StatusOK, name: "before",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t)
			user := h.create(t, "User", `{"userName":"before","name":{"formatted":"A B","familyName":"B"}}`).Resource["id"].(string)
			other := h.user(t, "other")
			group := h.create(t, "Group", fmt.Sprintf(`{"displayName":"G","members":[{"value":%q}]}`, user)).Resource["id"].(string)
			*h.records = nil
			h.faults(c.faults)
			typ, id, operation := "User", user, `{"op":"replace","value":{"userName":"after","title":"x"}}`
			if c.members {
				typ, id = "Group", group
				operation = fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q},{"value":%q}]}`, user, other)
			}
			_, err := h.patch(t, bridge.Call{}, typ, id, operation)
			h.server.Mem.Fault(nil)
			var receipts []string
			for _, r := range *h.records {
				if r.ID != id || r.Operation != "patch" || r.Type != typ {
					t.Errorf("recorded as %s %s %s", r.Operation, r.Type, r.ID)
				}
				receipts = append(receipts, told(r.Receipt))
			}
			if d := cmp.Diff(c.receipts, receipts); d != "" {
				t.Error(d)
			}
			detail := ""
			if err != nil {
				detail = bridge.Explain(err).Detail
			}
			if status(err) != c.status || detail != c.detail {
				t.Errorf("the client is told %d %q: %v", status(err), detail, err)
			}
			e := h.server.Entry(t, "uid="+c.name+","+h.server.People)
			if got := e.Value("title"); got != c.title {
				t.Errorf("title %q", got)
			}
		})
	}
}

// TestSetTwiceOnRecord: a password that no answer came for, and that is refused the second time, may be set: nobody is told that it was
// refused.
func TestSetTwiceOnRecord(t *testing.T) {
	server := dirtest.Memory(t)
	types := usersAndGroups(server)
	types[0].Attributes[5].By = "password-modify" // userPassword
	h := buildOn(t, server, bridge.Options{}, types...)
	mara := h.user(t, "mara")
	*h.records = nil
	h.faults(map[string]memdir.Fault{"extended 0": {Drop: memdir.DropAfter}, "extended 1": {Code: 19, Text: "in history"}})
	_, err := h.patch(t, bridge.Call{}, "User", mara, `{"op":"replace","path":"password","value":"Qy7!mmKw92xTb"}`)
	if why := bridge.Explain(err).Reason; why != reason.PartlyDone {
		t.Errorf("the client is told %s: %v", why, err)
	}
	for _, r := range *h.records {
		if got := r.Receipt.Steps[0].State; got != ldif.Unknown {
			t.Errorf("it is on record as %s", got)
		}
	}
	if len(*h.records) != 2 {
		t.Errorf("%d records", len(*h.records))
	}
}

// TestNeverKnown: a write of one step that cannot be read back is not called an outage, after which nothing would have been written.
func TestNeverKnown(t *testing.T) {
	h := build(t)
	h.faults(map[string]memdir.Fault{"add 0": {Drop: memdir.DropAfter}, "search after": {Drop: memdir.DropBefore}})
	_, err := h.Create(t.Context(), bridge.Call{}, "User", []byte(`{"userName":"u"}`), bridge.View{})
	h.server.Mem.Fault(nil)
	f := bridge.Explain(err)
	if f.Status != http.StatusServiceUnavailable || f.Detail != "the directory did not confirm the change" || f.RetryAfter == 0 {
		t.Errorf("%+v: %v", f, err)
	}
	h.server.Entry(t, "uid=u,"+h.server.People)
}

// impatient asks the server, and waits half a second for an answer.
func impatient(t *testing.T, server *dirtest.Server) *directory.Client {
	t.Helper()
	d, err := directory.New(directory.Options{
		URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password},
		Timeout: 500 * time.Millisecond,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// soon waits until something holds, and says what does not where it never comes to.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Error(what)
			return
		}
	}
}

// TestDoneBehindTheLook: a server that hung may do what was sent to it behind the look at what became of it. It is not told as not done.
func TestDoneBehindTheLook(t *testing.T) {
	server := dirtest.Memory(t)
	d := impatient(t, server)
	h := buildOn(t, server, bridge.Options{Directory: d}, usersAndGroups(server)...)
	goesOn := make(chan struct{})
	var looks atomic.Int32
	server.Mem.Fault(func(op, dn string) memdir.Fault {
		switch {
		case op == "add":
			return memdir.Fault{Until: goesOn}
		case op == "search" && strings.HasPrefix(dn, "uid=mara") && looks.Add(1) == 2:
			close(goesOn)
			soon(t, "the server does not go on with the add", func() bool { return len(server.Mem.Operations()) > 0 })
		}
		return memdir.Fault{}
	})
	result, err := h.Create(t.Context(), bridge.Call{}, "User", []byte(`{"userName":"mara"}`), bridge.View{})
	if err != nil || result.Resource["userName"] != "mara" {
		t.Errorf("%v, %v", result, err)
	}
	var receipts []string
	for _, r := range *h.records {
		receipts = append(receipts, told(r.Receipt))
	}
	if want := []string{"unknown add uid=mara", "done add uid=mara"}; !slices.Equal(receipts, want) {
		t.Errorf("%q, want %q", receipts, want)
	}
	if last := (*h.records)[len(*h.records)-1].Receipt.Steps[0]; !last.ReadBack { // it may be another's
		t.Error("it is told as answered")
	}
}

// TestSentAgainBesideAnother: of members whose addition is sent again, as no answer came, those that another gave meanwhile are not told as
// given by this write; where all of them are there, nobody knows.
func TestSentAgainBesideAnother(t *testing.T) {
	for name, c := range map[string]struct {
		drop     memdir.Drop
		others   []string
		want     string
		readBack bool
	}{
		"one of them":        {memdir.DropBefore, []string{"mara"}, "done modify cn=g add member uid=noor", false},
		"none of them":       {memdir.DropBefore, nil, "done modify cn=g add member uid=mara uid=noor", false},
		"all, as it seems":   {memdir.DropAfter, nil, "done modify cn=g add member uid=mara uid=noor", true},
		"all, by themselves": {memdir.DropBefore, []string{"mara", "noor"}, "done modify cn=g add member uid=mara uid=noor", true},
	} {
		t.Run(name, func(t *testing.T) {
			server := dirtest.Memory(t)
			h := buildOn(t, server, bridge.Options{Directory: impatient(t, server)}, usersAndGroups(server)...)
			mara, noor := h.user(t, "mara"), h.user(t, "noor")
			group := h.create(t, "Group", `{"displayName":"g"}`).Resource["id"].(string)
			*h.records = nil
			conn := server.Connect(t)
			defer conn.Close()
			var sent atomic.Int32
			server.Mem.Fault(func(op, _ string) memdir.Fault {
				switch {
				case op == "modify" && sent.Add(1) == 1:
					return memdir.Fault{Drop: c.drop}
				case op == "search" && sent.CompareAndSwap(1, 2):
					for _, name := range c.others {
						change := ldap.NewModifyRequest("cn=g,"+server.Groups, nil)
						change.Add("member", []string{"uid=" + name + "," + server.People})
						if err := conn.Modify(change); err != nil {
							t.Error(err)
						}
					}
				}
				return memdir.Fault{}
			})
			if _, err := h.patch(t, bridge.Call{}, "Group", group,
				fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q},{"value":%q}]}`, mara, noor)); err != nil {
				t.Fatal(err)
			}
			last := (*h.records)[len(*h.records)-1].Receipt
			if got := told(last); got != c.want || last.Steps[0].ReadBack != c.readBack {
				t.Errorf("%s, read back %t", got, last.Steps[0].ReadBack)
			}
		})
	}
}

// TestSentAgainOnRecord: of a member who is put in or taken out, and of which no answer came, the journal says that this request did it
// where nobody else did; not where it was so before, and where another may have changed the group at the same time nobody knows. What is
// refused the second time, or does not get there, may have been done the first time.
func TestSentAgainOnRecord(t *testing.T) {
	const (
		itself = "itself" // the member, by another request
		noor   = "noor"   // another member, so
	)
	full, away := memdir.Fault{Code: 53, Text: "no"}, memdir.Fault{Drop: memdir.DropBefore}
	for name, c := range map[string]struct {
		so        bool // it is so before
		grain     bool // the group's version is the second of its last change
		heard     bool // the directory has heard of it the first time
		meanwhile string
		again     map[string]memdir.Fault // behind the first
		want      journal.Outcome
		status    int
	}{
		"heard of":                        {heard: true, want: journal.Written},
		"not heard of":                    {want: journal.Written},
		"so before":                       {so: true, want: journal.Unchanged},
		"so before, and heard of":         {so: true, heard: true, want: journal.Unchanged},
		"so before, by the second":        {so: true, grain: true, want: journal.Unknown},
		"by another":                      {meanwhile: itself, want: journal.Unknown},
		"so before, beside another":       {so: true, meanwhile: noor, want: journal.Unknown},
		"heard of, beside another":        {heard: true, meanwhile: noor, want: journal.Unknown},
		"not heard of, beside another":    {meanwhile: noor, want: journal.Written},
		"heard of, and refused":           {heard: true, again: map[string]memdir.Fault{"modify": full}, want: journal.Unknown},
		"not heard of, and refused":       {again: map[string]memdir.Fault{"modify": full}, want: journal.Refused},
		"heard of, and not seen":          {heard: true, again: map[string]memdir.Fault{"settles": away}, want: journal.Unknown},
		"heard of, and the server busy":   {heard: true, again: map[string]memdir.Fault{"modify": {Code: 51}}, want: journal.Unknown},
		"by another, and the server busy": {meanwhile: itself, again: map[string]memdir.Fault{"modify": {Code: 51}}, want: journal.Unknown},
	} {
		for _, op := range []string{"add", "remove"} {
			t.Run(op+", "+name, func(t *testing.T) {
				a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
				if c.grain {
					o := bridge.Options{Ledger: a.ledger, Directory: bySecond(t, a.server)}
					a.house = buildOn(t, a.server, o, usersAndGroups(a.server)...)
				}
				mara, fourth := a.user(t, "mara"), a.user(t, noor)
				in := func(id string) string { return fmt.Sprintf(`{"value":%q}`, id) }
				members := in(a.user(t, "other"))
				if c.so == (op == "add") {
					members += "," + in(mara)
				}
				group := a.create(t, "Group", `{"displayName":"g","members":[`+members+`]}`).Resource["id"].(string)
				change := func(request, op, id string) error {
					_, err := a.patch(t, bridge.Call{RequestID: request}, "Group", group,
						fmt.Sprintf(`{"op":%q,"path":"members","value":[%s]}`, op, in(id)))
					return err
				}
				drop := memdir.Fault{Drop: memdir.DropBefore}
				if c.heard {
					drop.Drop = memdir.DropAfter
				}
				var sent, others atomic.Int32
				a.server.Mem.Fault(func(name, _ string) memdir.Fault {
					switch {
					case others.Load() == 1:
					case name == "modify" && sent.Add(1) == 1:
						return drop
					case name == "modify":
						return c.again["modify"]
					case name == "search" && sent.Load() == 1 && c.meanwhile != "" && others.CompareAndSwap(0, 1):
						who, how := mara, op
						if c.meanwhile == noor {
							who, how = fourth, "add"
						}
						if err := change("other", how, who); err != nil {
							t.Error(err)
						}
						others.Store(2)
					case name == "search" && sent.Load() > 1:
						return c.again["settles"]
					}
					return memdir.Fault{}
				})
				err := change("r", op, mara)
				a.server.Mem.Fault(nil)
				_, all := a.accounts(t, "r")
				if len(all) != 1 || all[0].Outcome != c.want {
					t.Errorf("the client is told %d %v, and it is on record as\n%s", status(err), err, recorded(all))
				}
			})
		}
	}
}

// bySecond asks the server, and takes the second of its last change for an entry's version.
func bySecond(t *testing.T, server *dirtest.Server) *directory.Client {
	t.Helper()
	d, err := directory.New(directory.Options{
		URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password}, Version: "modifyTimestamp",
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// recorded are the outcomes of records with what became of their plans.
func recorded(all []journal.Account) (text string) {
	for _, a := range all {
		text += string(a.Outcome) + "\n"
		if a.Done != nil {
			text += a.Done.Receipt.LDIF()
		}
	}
	return text
}

// TestLateAnswer: what a server that lives does not answer in time is sent once, and waited for once more. Then it is told as what nobody
// knows: it may be done later.
func TestLateAnswer(t *testing.T) {
	for _, c := range []struct {
		name     string
		member   bool // is added to a group; else a user's title is set
		comes    bool // while it is waited for
		want     reason.Reason
		receipts []string
	}{
		{"never", false, false, reason.Unknown, []string{"unknown modify uid=mara add title later"}},
		{"late", false, true, reason.None, []string{"unknown modify uid=mara add title later", "done modify uid=mara add title later"}},
		{"never, of a member", true, false, reason.Unknown, []string{"unknown modify cn=g add member uid=mara"}},
		{"late, of a member", true, true, reason.None, []string{ // nobody can tell whether it is another's: it is sent again
			"unknown modify cn=g add member uid=mara", "done modify cn=g add member uid=mara",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := dirtest.Memory(t)
			d := impatient(t, server)
			var hangs atomic.Bool
			goesOn := make(chan struct{})
			goOn := sync.OnceFunc(func() { close(goesOn) })
			d.Observe(func(_ context.Context, e directory.Exchange) {
				if c.comes && hangs.Load() && e.Operation == "modify" {
					goOn()
				}
			})
			h := buildOn(t, server, bridge.Options{Directory: d}, usersAndGroups(server)...)
			id := h.user(t, "mara")
			typ, operation := "User", `{"op":"replace","path":"title","value":"later"}`
			if c.member {
				operation = fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, id)
				typ, id = "Group", h.create(t, "Group", `{"displayName":"g"}`).Resource["id"].(string)
			}
			*h.records = nil
			server.Mem.ResetCounts()
			hangs.Store(true)
			server.Mem.Fault(func(op, _ string) memdir.Fault {
				if op == "modify" {
					return memdir.Fault{Until: goesOn}
				}
				return memdir.Fault{}
			})
			_, err := h.patch(t, bridge.Call{}, typ, id, operation)
			if why := bridge.Explain(err).Reason; why != c.want {
				t.Errorf("the client is told %s: %v", why, err)
			}
			most := 1
			if c.member && c.comes {
				most = 2
			}
			if n := server.Mem.Counts(); n["modify"] != most || n["search"] > 12 { // 5 on a machine that is not busy
				t.Errorf("it was sent %d times, and looked for %d times", n["modify"], n["search"])
			}
			goOn()
			soon(t, "the change is not done after all", func() bool {
				done := server.Mem.Operations()
				return len(done) > 0 && done[len(done)-1].Kind == ldif.Modify
			})
			var receipts []string
			for _, r := range *h.records {
				receipts = append(receipts, told(r.Receipt))
			}
			if !slices.Equal(receipts, c.receipts) {
				t.Errorf("%q, want %q", receipts, c.receipts)
			}
		})
	}
}

// TestTakenOutBetweenNames: who is taken out of a group while he gets another name is not in it by that one either, though the connection
// ends before the directory has heard of it.
func TestTakenOutBetweenNames(t *testing.T) {
	for _, drop := range []memdir.Drop{memdir.DropBefore, memdir.DropAfter} {
		h := build(t)
		id := h.user(t, "before")
		h.create(t, "Group", fmt.Sprintf(`{"displayName":"G","members":[{"value":%q},{"value":%q}]}`, id, h.user(t, "other")))
		admin := h.server.Connect(t)
		h.at("modrdn", 0, memdir.Fault{}, func() {
			request := ldap.NewModifyRequest("cn=G,"+h.server.Groups, nil)
			request.Delete("member", []string{"uid=before," + h.server.People})
			if err := admin.Modify(request); err != nil {
				t.Error(err)
			}
			h.at("modify", 1, memdir.Fault{Drop: drop}, nil) // behind the one that does not find the old name
		})
		if _, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"replace","path":"userName","value":"after"}`); err != nil {
			t.Fatal(err)
		}
		if got := h.members(t, "cn=G"); !slices.Equal(got, []string{"uid=other," + h.server.People}) {
			t.Errorf("%v: the group holds %q", drop, got)
		}
	}
}

// TestOwnChangeUnderIfMatch: what the write itself did to the entry is not another client's version.
func TestOwnChangeUnderIfMatch(t *testing.T) {
	h := build(t)
	made := h.create(t, "User", `{"userName":"before"}`)
	h.faults(map[string]memdir.Fault{"modrdn 0": {Drop: memdir.DropBefore}})
	result, err := h.patch(t, bridge.Call{IfMatch: made.Version}, "User", made.Resource["id"].(string),
		`{"op":"replace","value":{"userName":"after","title":"x"}}`)
	if err != nil || result.Resource["userName"] != "after" {
		t.Errorf("%v, %v", result, err)
	}
}

// TestAnotherChangeUnderIfMatch: what another client does between the attempts of a write is another version, though the write has changed
// the entry itself, or found that there was nothing to change.
func TestAnotherChangeUnderIfMatch(t *testing.T) {
	for name, there := range map[string]bool{"behind its own": false, "behind nothing": true} {
		t.Run(name, func(t *testing.T) {
			h := build(t)
			admin, user, other := h.server.Connect(t), h.user(t, "user"), h.user(t, "other")
			members := fmt.Sprintf(`{"value":%q}`, other)
			if there {
				members += fmt.Sprintf(`,{"value":%q}`, user)
			}
			made := h.create(t, "Group", fmt.Sprintf(`{"displayName":"G","members":[%s]}`, members))
			h.at("modify", 1, memdir.Fault{Code: 16}, func() { // the member went and came back
				request := ldap.NewModifyRequest("cn=G,"+h.server.Groups, nil)
				request.Replace("description", []string{"another's"})
				if err := admin.Modify(request); err != nil {
					t.Error(err)
				}
			})
			swap := fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]},`+
				`{"op":"remove","path":"members","value":[{"value":%q}]}`, user, other)
			_, err := h.patch(t, bridge.Call{IfMatch: made.Version}, "Group", made.Resource["id"].(string), swap)
			if status(err) != http.StatusPreconditionFailed {
				t.Errorf("%d %v", status(err), err)
			}
		})
	}
}

// TestReferenceThatCameAndWent: a group that gets a member while he is renamed follows, though another copy had put the new name in before
// it came to that, and took it out again before it was looked at.
func TestReferenceThatCameAndWent(t *testing.T) {
	h := build(t)
	admin, user := h.server.Connect(t), h.user(t, "before")
	h.create(t, "Group", `{"displayName":"G"}`)
	h.at("modrdn", 0, memdir.Fault{}, func() {
		request := ldap.NewModifyRequest("cn=G,"+h.server.Groups, nil)
		request.Add("member", []string{"uid=before," + h.server.People})
		if err := admin.Modify(request); err != nil {
			t.Error(err)
		}
		h.at("modify", 0, memdir.Fault{Code: 20, Text: "modify/add: member: value #0 already exists"}, nil)
	})
	if _, err := h.patch(t, bridge.Call{}, "User", user, `{"op":"replace","path":"userName","value":"after"}`); err != nil {
		t.Errorf("%d %v", status(err), err)
	}
	if held := h.members(t, "cn=G"); !slices.Equal(held, []string{"uid=after," + h.server.People}) {
		t.Errorf("it holds %q", held)
	}
}

// TestRenameCountsNoMembers: groups that follow a rename are no members that the client asked for.
func TestRenameCountsNoMembers(t *testing.T) {
	h := build(t)
	user := h.user(t, "before")
	for _, name := range []string{"G", "H"} {
		h.create(t, "Group", fmt.Sprintf(`{"displayName":%q,"members":[{"value":%q}]}`, name, user))
	}
	h.faults(map[string]memdir.Fault{"modify 2": {Code: 50, Text: "says no"}})
	_, err := h.patch(t, bridge.Call{}, "User", user, `{"op":"replace","path":"userName","value":"after"}`)
	h.server.Mem.Fault(nil)
	if f := bridge.Explain(err); f.Status != http.StatusForbidden || strings.Contains(f.Detail, "members") {
		t.Errorf("%+v", f)
	}
	for _, name := range []string{"cn=G", "cn=H"} {
		if held := h.members(t, name); !slices.Contains(held, "uid=before,"+h.server.People) || len(held) > 2 {
			t.Errorf("%s holds %q", name, held)
		}
	}
}
