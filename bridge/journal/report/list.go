package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"scimbridge/bridge/journal"
)

// columns of a list, with their widths: it is printed as it comes. The last is as wide as it is.
var columns = []struct {
	head  string
	width int
	of    func(journal.Account) string
}{
	{"TIME", 20, func(a journal.Account) string { return Moment(a.Time) }},
	{"RECORD", 7, func(a journal.Account) string { return a.ID.String() }},
	{"RESULT", 12, result},
	{"CALLER", 10, func(a journal.Account) string { return cmp.Or(a.Caller, "-") }},
	{"OPERATION", 12, func(a journal.Account) string { return strings.TrimSpace(cmp.Or(a.Operation, "-") + " " + a.Type) }},
	{"NAME", 24, func(a journal.Account) string { return cmp.Or(a.Name, a.DN, a.Intent.ID, "-") }},
	{"WHAT", 0, what},
}

// list prints a line for each record, below a head.
type list struct {
	out   io.Writer
	begun bool
}

func (l *list) Print(a journal.Account) error {
	if !l.begun {
		l.begun = true
		if err := l.line(func(i int) string { return columns[i].head }); err != nil {
			return err
		}
	}
	return l.line(func(i int) string { return columns[i].of(a) })
}

func (l *list) line(cell func(int) string) error {
	var b strings.Builder
	for i, c := range columns {
		text := Plain(cell(i))
		if c.width == 0 {
			b.WriteString(text)
			break
		}
		if runes := []rune(text); len(runes) > c.width && i > 1 { // who wants to name a record needs all of it
			text = string(runes[:c.width-1]) + "…"
		}
		b.WriteString(text + strings.Repeat(" ", max(0, c.width-utf8.RuneCountInString(text))+2))
	}
	_, err := fmt.Fprintln(l.out, strings.TrimRight(b.String(), " "))
	return err
}

func (l *list) End() error {
	if l.begun {
		return nil
	}
	_, err := fmt.Fprintln(l.out, "No record is found.")
	return err
}

// result is what came of a record, with the status where that says more.
func result(a journal.Account) string {
	if status, _, _ := told(a); a.Outcome == journal.Refused && status != 0 {
		return fmt.Sprintf("%s %d", a.Outcome, status)
	}
	return string(a.Outcome)
}

// what is what was done, and in brackets what was to be done where that may be more.
func what(a journal.Account) string {
	if a.Forgotten {
		kinds := a.Kinds
		if a.Outcome != journal.Written {
			kinds = bracketed(kinds)
		}
		return strings.Join(words(kinds, "(forgotten)"), " ")
	}
	if a.Kind == journal.KindAct {
		return a.Detail
	}
	_, reason, _ := told(a)
	done := ""
	if a.Done != nil && (a.Outcome == journal.Written || a.Outcome == journal.HalfDone) {
		done = brief(a.Done.Receipt.Standing())
	}
	if a.Outcome != journal.Written {
		done = strings.TrimSpace(done + " " + bracketed(brief(a.Plan.Effects)))
	}
	return strings.Join(words(strings.Join(words(done, confirmed(a)), ", "), reason), " ")
}

// bracketed is what was to be done.
func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}
