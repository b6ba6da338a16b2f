package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// pages prints all of each record.
type pages struct {
	out   io.Writer
	begun bool
}

func (p *pages) End() error { return nil }

func (p *pages) Print(a journal.Account) error {
	var b strings.Builder
	if p.begun {
		b.WriteString("\n")
	}
	p.begun = true
	head(&b, a)
	if len(a.Body) > 0 {
		var text bytes.Buffer
		if json.Indent(&text, a.Body, "", "  ") != nil {
			text.Reset()
			text.Write(a.Body)
		}
		section(&b, "Request", text.String())
	}
	changes(&b, a)
	for _, e := range before(a) {
		section(&b, "Before", entryText(e))
	}
	if a.Done != nil {
		for _, s := range a.Done.Receipt.Steps {
			if s.Left != nil && len(s.Left.Attributes) > 0 {
				section(&b, "After, as far as the directory showed it", entryText(s.Left))
			}
		}
	}
	_, err := io.WriteString(p.out, Lines(b.String()))
	return err
}

// head is what a record says in a line each.
func head(b *strings.Builder, a journal.Account) {
	about := strings.Join(words(a.Operation, a.Type, cmp.Or(a.Name, a.DN)), " ")
	fmt.Fprintf(b, "Record %s%s\n", a.ID, Plain(prefixed(": ", about)))
	line := func(name string, texts ...string) {
		if text := strings.Join(words(texts...), ", "); text != "" {
			fmt.Fprintf(b, "  %-10s %s\n", name, Plain(text))
		}
	}
	r := recordOf(a, false)
	took, found, answer := "", "", ""
	if a.Done != nil {
		took = a.Done.Took.Round(time.Millisecond).String()
	}
	if r.Found {
		found = "as it was found in the directory later"
	}
	if r.Status != 0 {
		answer = fmt.Sprintf("the client was told %d", r.Status)
	}
	line("time", Moment(a.Time), prefixed("took ", took))
	line("result", string(a.Outcome), found, answer)
	if a.Forgotten {
		line("forgotten", "what it said of anybody is erased")
	} else if a.Blanked {
		line("forgotten", "what named somebody who was forgotten is erased")
	}
	line("effects", r.Effects)
	line("wanted", r.Wanted)
	line("confirms", r.Confirms)
	if a.Kind == journal.KindAct {
		line("what", r.Detail)
	} else {
		line("reason", r.Reason, r.Detail)
	}
	if a.Done != nil && a.Done.Receipt.Err != nil {
		line("error", a.Done.Receipt.Err.Error())
	}
	line("caller", a.Caller, prefixed("from ", a.Client))
	line("request", a.RequestID, part(a.Part), prefixed("Entra's activity ", a.Activity))
	line("resource", a.Type, prefixed("id ", r.ID), a.Name)
	line("dn", a.DN)
	line("follows", a.Of.String(), whys[a.Why])
}

// whys say why a plan was made that the request did not ask for.
var whys = map[journal.Why]string{
	journal.MakeRoom: "another entry gives up its name",
	journal.Number:   "a number is taken for a new entry",
	journal.Amend:    "what others did meanwhile is put right",
	journal.TakeBack: "what was done is taken back",
	journal.DryRun:   "it was only foreseen, and nothing was sent",

	journal.Undo:         "which it takes back",
	journal.UndoneInPart: "which it takes back, but for what was changed since",
}

// Why says why a plan was made that the request did not ask for, "" where it did.
func Why(why journal.Why) string { return whys[why] }

func part(p *journal.Part) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("operation %d of a bulk request%s", p.Index, prefixed(", bulkId ", p.BulkID))
}

// words are the texts that are not empty.
func words(texts ...string) (some []string) {
	for _, text := range texts {
		if text != "" {
			some = append(some, text)
		}
	}
	return some
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// changes are the change records with what became of each.
func changes(b *strings.Builder, a journal.Account) {
	for i, s := range a.Plan.Steps {
		title := fmt.Sprintf("Change %d of %d", i+1, len(a.Plan.Steps))
		planned := s.Change.String()
		if a.Done == nil {
			section(b, title+", planned", planned)
			continue
		}
		became := a.Done.Receipt.Steps[i]
		title += ": " + became.State.String()
		if became.ReadBack {
			title += ", as was read back: no answer came"
		}
		if became.Inverse != nil {
			title += ", and could not be taken back: " + Plain(became.Inverse.Error())
		}
		section(b, title, planned)
		switch sent := sentInstead(became, planned); {
		case sent == "":
		case became.Sent.Kind == ldif.Modify && len(became.Sent.Mods) == 0:
			section(b, "Sent", "nothing: it was so already\n")
		default:
			section(b, "Sent", sent)
		}
	}
}

func section(b *strings.Builder, title, text string) {
	fmt.Fprintf(b, "\n  %s\n", title)
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString(strings.TrimRight("    "+line, " ") + "\n")
	}
}

// entryText is an entry as a person reads it: its values as they are, and of what is no text its length.
func entryText(e *ldif.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: %s\n", Plain(e.DN))
	for _, a := range e.Attributes {
		for _, v := range a.Values {
			if !utf8.ValidString(v) {
				v = fmt.Sprintf("(%d octets)", len(v))
			}
			fmt.Fprintf(&b, "%s: %s\n", Plain(a.Name), Plain(v))
		}
		if len(a.Values) == 0 {
			fmt.Fprintf(&b, "%s: (not shown)\n", Plain(a.Name))
		}
	}
	return b.String()
}
