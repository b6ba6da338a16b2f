package report_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/journal/report"
	"scimbridge/ldapmap/ldif"
)

// hostile is a text that a terminal, or a spreadsheet, would obey.
const hostile = "=\x1b[2J\u009bK\u202e\x7f\xff\r\n@x"

// stopped is a record of which one change stands, one was refused, and the rest was not sent.
func stopped() journal.Account {
	mara := &ldif.Entry{DN: "uid=mara", Attributes: []ldif.Attribute{
		{Name: "cn", Values: []string{"Köchin", hostile}}, {Name: "jpegPhoto", Values: []string{"\xff\xd8"}}, {Name: "userPassword"},
	}}
	modify := func(name string, values ...string) ldif.Step {
		mods := []ldif.Mod{{Op: ldif.ReplaceValues, Name: name, Values: values}}
		return ldif.Step{Before: mara, Change: ldif.Change{Kind: ldif.Modify, DN: mara.DN, Mods: mods}}
	}
	plan := ldif.Plan{
		Before: mara, Steps: []ldif.Step{modify("title", hostile), modify("mail", "m"), modify("sn", "s")},
		Effects: []ldif.Effect{
			{Kind: ldif.Changed, DN: mara.DN, Attributes: []string{"title"}},
			{Kind: ldif.Blocked, DN: mara.DN, Attributes: []string{"mail"}},
		},
	}
	receipt := ldif.NewReceipt(plan)
	receipt.Steps[0] = ldif.StepReceipt{Sent: plan.Steps[0].Change, State: ldif.Stands, Inverse: errors.New("no answer")}
	receipt.Steps[1] = ldif.StepReceipt{Sent: plan.Steps[1].Change, State: ldif.Refused}
	receipt.Err = errors.New("constraint")
	return journal.Account{
		ID: journal.ID{Writer: 12, Seq: 4711}, Kind: journal.KindIntent, Outcome: journal.HalfDone,
		Intent: journal.Intent{
			Time:      time.Date(2026, 11, 27, 12, 0, 0, 5000, time.UTC),
			RequestID: hostile, Activity: "a", Part: &journal.Part{BulkID: "b", Index: 3},
			Caller: hostile, Client: "192.0.2.7", Operation: "patch", Type: "User", ID: "7", Name: hostile,
			DN:   mara.DN,
			Body: []byte("{\"a\":\"\u009b\u202e\"}"), Plan: plan, Of: journal.ID{Writer: 12, Seq: 4710}, Why: journal.MakeRoom,
		},
		Done: &journal.Done{
			Receipt: receipt, Took: 1234567 * time.Nanosecond, Status: 500, Reason: "partlyDone", Detail: hostile, Found: true,
		},
	}
}

func printed(t *testing.T, f report.Format, whole bool, accounts ...journal.Account) string {
	t.Helper()
	var b strings.Builder
	p := report.New(&b, f, whole)
	for _, a := range accounts {
		if err := p.Print(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.End(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What a client calls somebody moves no cursor, whatever is printed.
func TestHostileNames(t *testing.T) {
	forgotten := journal.Account{ID: journal.ID{Writer: 1, Seq: 1}, Outcome: journal.Written, Forgotten: true}
	obeyed := func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\u202e' }
	for _, f := range []report.Format{report.Text, report.JSON, report.CSV} {
		for _, whole := range []bool{false, true} {
			text := printed(t, f, whole, stopped(), forgotten)
			if at := strings.IndexFunc(text, obeyed); at >= 0 {
				t.Errorf("format %d, whole %t: %q stands in\n%s", f, whole, text[at:at+2], text)
			}
		}
	}
}

// JSON says what was recorded to the letter, and a spreadsheet calculates nothing.
func TestHostileNamesStay(t *testing.T) {
	var got struct {
		Name, Result, Wanted, Effects string
		Body                          map[string]string
	}
	if err := json.Unmarshal([]byte(printed(t, report.JSON, true, stopped())), &got); err != nil {
		t.Fatal(err)
	}
	if want := strings.ToValidUTF8(hostile, "\ufffd"); got.Name != want || got.Body["a"] != "\u009b\u202e" {
		t.Errorf("%q, want %q; %q", got.Name, want, got.Body)
	}
	const stands = "changed uid=mara (title)"
	if got.Result != "half done" || got.Effects != stands || got.Wanted != stands+"; blocked uid=mara" {
		t.Errorf("%+v", got)
	}
	lines, err := csv.NewReader(strings.NewReader(printed(t, report.CSV, true, stopped()))).ReadAll()
	if err != nil || len(lines) != 2 || len(lines[0]) != len(lines[1]) {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for i, cell := range lines[1] {
		if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
			t.Errorf("%s is a formula: %q", lines[0][i], cell)
		}
	}
}

// A record of what was so already says what that is.
func TestConfirmed(t *testing.T) {
	a := journal.Account{
		ID: journal.ID{Writer: 12, Seq: 4711}, Kind: journal.KindIntent, Outcome: journal.Unchanged, Done: &journal.Done{Status: 200},
		Intent: journal.Intent{Operation: "patch", Type: "User", Name: "mara", Confirms: []string{"userAccountControl"}},
	}
	for f, want := range map[report.Format]string{
		report.Text: "mara                      blocked already\n",
		report.JSON: `"confirms":"blocked already"`,
	} {
		if got := printed(t, f, false, a); !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if got := printed(t, report.Text, true, a); !strings.Contains(got, "  confirms   blocked already\n") {
		t.Error(got)
	}
	beside := stopped()
	beside.Confirms = a.Confirms
	if got := printed(t, report.Text, false, beside); !strings.Contains(got, "changed (changed, blocked), blocked already partlyDone\n") {
		t.Error(got)
	}
}

// A record of which some stands says what, and why not all.
func TestHalfDone(t *testing.T) {
	calm := strings.NewReplacer(`=\u001b[2J\u009bK\u202e\u007f\xff\u000d\u000a@x`, "HOSTILE")
	const wantLine = `TIME                  RECORD   RESULT        CALLER      OPERATION     NAME                      WHAT
2026-11-27 12:00:00Z  12-4711  half done     =\u001b[2…  patch User    =\u001b[2J\u009bK\u202e…  changed (changed, blocked) partlyDone
`
	if diff := cmp.Diff(wantLine, printed(t, report.Text, false, stopped())); diff != "" {
		t.Error(diff)
	}
	const want = `Record 12-4711: patch User HOSTILE
  time       2026-11-27 12:00:00Z, took 1ms
  result     half done, as it was found in the directory later, the client was told 500
  effects    changed uid=mara (title)
  wanted     changed uid=mara (title); blocked uid=mara
  reason     partlyDone, HOSTILE
  error      constraint
  caller     HOSTILE, from 192.0.2.7
  request    HOSTILE, operation 3 of a bulk request, bulkId b, Entra's activity a
  resource   User, id 7, HOSTILE
  dn         uid=mara
  follows    12-4710, another entry gives up its name

  Request
    {
      "a": "\u009b\u202e"
    }

  Change 1 of 3: stands, and could not be taken back: no answer
    dn: uid=mara
    changetype: modify
    replace: title
    title:: PRtbMkrCm0vigK5//w0KQHg=
    -

  Change 2 of 3: refused
    dn: uid=mara
    changetype: modify
    replace: mail
    mail: m
    -

  Change 3 of 3: not sent
    dn: uid=mara
    changetype: modify
    replace: sn
    sn: s
    -

  Before
    dn: uid=mara
    cn: Köchin
    cn: (17 octets)
    jpegPhoto: (2 octets)
    userPassword: (not shown)
`
	if diff := cmp.Diff(want, calm.Replace(printed(t, report.Text, true, stopped()))); diff != "" {
		t.Error(diff)
	}
}

// TestWhy: each reason of a plan that no request asked for has its words, an undo's among them.
func TestWhy(t *testing.T) {
	for _, why := range []journal.Why{
		journal.MakeRoom, journal.Number, journal.Amend, journal.TakeBack, journal.DryRun, journal.Undo, journal.UndoneInPart,
	} {
		if report.Why(why) == "" {
			t.Errorf("%s: no words", why)
		}
	}
	undo := stopped()
	undo.Why, undo.Operation, undo.Done.Status = journal.Undo, "undo", 0
	text := printed(t, report.Text, true, undo)
	if !strings.Contains(text, "follows    12-4710, which it takes back\n") || strings.Contains(text, "the client was told") {
		t.Error(text)
	}
}
