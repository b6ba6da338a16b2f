package examples_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/examples/bridgetest"
)

// moment is one at which a bridge dies: when the directory hears of so many operations, before it or after it does the last.
type moment struct {
	at    int
	after bool
	eager bool // the client sends the request again at once, before anybody looks up what became of it
}

// heard is what stood when the directory heard of an operation.
type heard struct {
	writes  bool
	changes int   // that the directory has made
	records int64 // that the journal has
}

// moments are those of a write that differ in what stands, in the directory or the journal: between two that do not, a bridge asked a
// question, or heard an answer. all: each.
func moments(trace []heard, all bool) (list []moment) {
	type stands struct {
		changes int
		records int64
	}
	known := map[stands]bool{}
	add := func(m moment, s stands) {
		if all || !known[s] {
			known[s] = true
			list = append(list, m)
		}
	}
	for n, h := range trace {
		add(moment{at: n}, stands{h.changes, h.records})
		if h.writes {
			add(moment{at: n, after: true}, stands{h.changes + 1, h.records})
		}
	}
	return list
}

// TestCrashedAnywhere: a bridge may die at any moment of a write. What stands is safe to stay; another bridge finds out what became of
// what the journal knows of, and is right; the same request sent again completes it, and then the directory is as if nothing had happened.
// So too where it is sent again first: then what it did is not the dead bridge's. With SCIMBRIDGE_TEST_CRASHES=all at every message, the
// questions too, and in both orders at each; without at half of the moments, others each time.
func TestCrashedAnywhere(t *testing.T) {
	t.Parallel()
	for _, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.everywhere(t, inMemory, everyCrash())
		})
	}
}

// TestKilledAnywhere: likewise for the program, killed beside slapd. With SCIMBRIDGE_TEST_CRASHES=all in each kind of write.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	binary := bridgetest.Build(t)
	for _, c := range crashes {
		if !everyCrash() && !c.killed {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.everywhere(t, func(t *testing.T) stage { return besideSlapd(t, binary) }, false)
		})
	}
}

// everywhere has a bridge die at each moment.
func (c crashed) everywhere(t *testing.T, start func(t *testing.T) stage, all bool) {
	whole := c.lives(t, start)
	if c.large && !everyCrash() {
		c.diesAt(t, whole, start, inTheMiddle(t, whole.trace))
		return
	}
	c.diesAtEach(t, whole, start, moments(whole.trace, all))
}

// diesAtEach has it die at moments, of which the short form takes half.
func (c crashed) diesAtEach(t *testing.T, whole life, start func(t *testing.T) stage, list []moment) {
	t.Logf("%d messages, %d moments", len(whole.trace), len(list))
	if !everyCrash() && len(list) > 1 {
		list = half(t, list)
	}
	for _, m := range list {
		for _, m.eager = range []bool{false, true} {
			if everyCrash() || m.eager == !m.after {
				c.diesAt(t, whole, start, m)
			}
		}
	}
}

// lives has no bridge die.
func (c crashed) lives(t *testing.T, start func(t *testing.T) stage) (whole life) {
	t.Helper()
	if !t.Run("nobody dies", func(t *testing.T) { whole = c.run(t, start(t)) }) {
		t.FailNow()
	}
	return whole
}

// diesAt has bridges die, one after the other.
func (c crashed) diesAt(t *testing.T, whole life, start func(t *testing.T) stage, deaths ...moment) {
	t.Run(strings.Trim(fmt.Sprint(deaths), "[]"), func(t *testing.T) {
		if !c.inTurns { // who waits for a turn takes the place of another test
			t.Parallel()
		}
		c.isSafe(t, whole, c.run(t, start(t), deaths...))
	})
}

// TestCrashedBefore: likewise before 389 Directory Server, in the middle of a write. With SCIMBRIDGE_TEST_CRASHES=all at each moment, and
// before Active Directory too.
func TestCrashedBefore(t *testing.T) {
	for _, s := range servers {
		if s.name != "389ds" && s.name != "active-directory" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			if s.name == "active-directory" && !everyCrash() {
				dirtest.LeaveOutHere(t, "A bridge that dies before Active Directory", "it takes long", "make crashes")
			}
			t.Parallel()
			start := inTurns(s.start(t))
			for _, c := range crashes {
				if c.clear || !c.runs() {
					continue
				}
				c.inTurns = true
				t.Run(c.name, func(t *testing.T) {
					if everyCrash() {
						c.everywhere(t, start, false)
						return
					}
					whole := c.lives(t, start)
					c.diesAt(t, whole, start, inTheMiddle(t, whole.trace))
				})
			}
		})
	}
}

// TestCrashedBesideAnothersDatabase: likewise where a naming context of the server's is hidden from the bridge's account.
func TestCrashedBesideAnothersDatabase(t *testing.T) {
	t.Parallel()
	start := inTurns(besideAnothersDatabase(t))
	for _, c := range crashes {
		if c.name == "a delete with references" || c.name == "a patch" {
			c.inTurns = true
			t.Run(c.name, func(t *testing.T) { c.everywhere(t, start, false) })
		}
	}
}

// inTheMiddle is the moment after the first change of a write, when it is half done where there are more.
func inTheMiddle(t *testing.T, trace []heard) moment {
	t.Helper()
	first := slices.IndexFunc(trace, func(h heard) bool { return h.writes })
	if first < 0 {
		t.Fatal("it changed nothing")
	}
	return moment{at: first, after: true}
}

// TestCrashedHindered: likewise of a bridge that the directory hinders, and that dies while it makes the best of that: it reads back what
// no answer came for and goes on, or begins again; or it puts right the references that a plan which was refused was to keep true. Where
// it lives what it was asked for is done, or nothing is. With SCIMBRIDGE_TEST_CRASHES=all at every message.
func TestCrashedHindered(t *testing.T) {
	t.Parallel()
	for _, h := range []struct {
		write string
		hindered
	}{
		{"a create that takes a number", hindered{"modify", unheard}},
		{"a create that takes a number", hindered{"modify", unanswered}},
		{"a rename with references", hindered{"modify", unanswered}},
		{"a rename with references", hindered{"modrdn", unheard}},
		{"a rename with references", hindered{"modrdn", unanswered}},
		{"a rename with references", hindered{"modrdn", refused}},
		{"a delete with references", hindered{"modify", unanswered}},
		{"a delete with references", hindered{"delete", unheard}},
		{"a delete with references", hindered{"delete", unanswered}},
		{"a delete with references", hindered{"delete", refused}},
		{"members come and go", hindered{"modify", unheard}},
		{"members come and go", hindered{"modify", unanswered}},
	} {
		c := crashes[slices.IndexFunc(crashes, func(c crashed) bool { return c.name == h.write })]
		t.Run(fmt.Sprintf("%s, %s %s", c.name, h.operation, h.is), func(t *testing.T) {
			t.Parallel()
			whole := c.run(t, inMemory(t))
			c.hindered = h.hindered
			lived := c.lives(t, inMemory)
			if c.isSafe(t, whole, lived); c.is == refused && !slices.Equal(lived.between, whole.before) {
				t.Errorf("what was refused left\n%q\nof\n%q", lived.between, whole.before)
			}
			before := func(m moment) bool { return m.at < lived.hindered }
			c.diesAtEach(t, whole, inMemory, slices.DeleteFunc(moments(lived.trace, everyCrash()), before))
		})
	}
}

// TestCrashedAgain: likewise of a bridge that dies while it finds out what became of a write that another died in, or while it does that
// write again. With SCIMBRIDGE_TEST_CRASHES=all both die at every message.
func TestCrashedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range crashes {
		if !c.runs() {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			whole := c.run(t, inMemory(t))
			if !everyCrash() {
				c.diesAt(t, whole, inMemory, inTheMiddle(t, whole.trace), moment{at: 1})
				return
			}
			for _, first := range moments(whole.trace, false) {
				for at := range whole.trace {
					c.diesAt(t, whole, inMemory, first, moment{at: at})
				}
			}
		})
	}
}

// TestCrashedUndoing: likewise of a bridge that dies while it takes a write back, and another that takes it back again. With
// SCIMBRIDGE_TEST_CRASHES=all at every message.
func TestCrashedUndoing(t *testing.T) {
	t.Parallel()
	for _, c := range crashes {
		if !c.runs() {
			continue
		}
		c = c.undone()
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			whole := c.run(t, inMemory(t))
			for _, f := range differing(whole.origin, whole.end) {
				if c.either == nil || !c.either(f) {
					t.Errorf("the undo leaves it otherwise than it was: %s", f)
				}
			}
			if everyCrash() {
				c.diesAtEach(t, whole, inMemory, moments(whole.trace, true))
				return
			}
			c.diesAt(t, whole, inMemory, inTheMiddle(t, whole.trace))
		})
	}
}

// undone is that the write is taken back.
func (c crashed) undone() crashed {
	c.name, c.holds, c.undoes = "an undo of "+c.name, nil, true
	c.does = func(ctx context.Context, d *deployment) error {
		how := &bridge.Undoing{Call: bridge.Call{RequestID: "the-undo", Caller: "operator", PastLimits: true}, Apply: true}
		var records []journal.Account
		if err := journal.Find(ctx, d.store, journal.Query{RequestID: "the-write", Newest: true}, func(a journal.Account) error {
			if a.Kind != journal.KindRefusal && bridge.IsUndoable(a) {
				records = append(records, a)
			}
			return nil
		}); err != nil {
			return err
		}
		for _, record := range records {
			switch u := d.bridge.TakeBack(ctx, how, record); u.State {
			case bridge.UndoDone, bridge.UndoBefore, bridge.UndoNeedless:
			default:
				return fmt.Errorf("%s: %s %v %v: %w", record.ID, u.State, u.Changed, u.Notes, u.Err)
			}
		}
		return nil
	}
	return c
}

// runs says that the write is not one that is left to the long form, where others of more than one change stand for it.
func (c crashed) runs() bool { return !c.large || everyCrash() }

func everyCrash() bool { return os.Getenv("SCIMBRIDGE_TEST_CRASHES") == "all" }
