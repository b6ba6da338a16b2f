package drift

import (
	"fmt"
	"io"
	"strings"

	"scimbridge/bridge/journal/report"
)

// Write writes it as an operator reads it.
func (e Entry) Write(out io.Writer) error {
	var b strings.Builder
	about := strings.TrimSpace(e.Type + " " + e.Name)
	if about != "" {
		about += ", "
	}
	fmt.Fprintf(&b, "%s\n  %sid %s, last record %s of %s\n", report.Plain(e.DN), report.Plain(about), report.Plain(e.ID), e.Record,
		report.Moment(e.Time))
	for _, d := range e.Differences {
		fmt.Fprintf(&b, "  %s (%s of %s)\n", report.Plain(d.text()), d.Record, report.Moment(d.Time))
	}
	_, err := io.WriteString(out, b.String()+"\n")
	return err
}

// text says in a line what was changed.
func (d Difference) text() string {
	values := fmt.Sprintf("%s: left %s, now %s", d.Attribute, listed(d.Left), listed(d.Now))
	switch d.Kind {
	case Enabled:
		return "ENABLED, who was blocked can bind again: " + values
	case Blocked:
		return "blocked: " + values
	case Gone:
		return "gone"
	case Back:
		return "there again, which the bridge had deleted"
	case Renamed, Moved:
		return fmt.Sprintf("%s: left %s, now %s", d.Kind, strings.Join(d.Left, ""), strings.Join(d.Now, ""))
	case Elsewhere:
		return "elsewhere: it is no resource any more, out of the map's bases or of what its filter matches"
	case Removed:
		return fmt.Sprintf("%s: removed %s", d.Attribute, listed(d.Left))
	case Added:
		return fmt.Sprintf("%s: there again %s", d.Attribute, listed(d.Now))
	case Changed:
	}
	return "changed: " + values
}

// few is how many values are shown, and long how much of each.
const few, long = 5, 120

func listed(values []string) string {
	if len(values) == 0 {
		return "nothing"
	}
	var shown []string
	for i, v := range values {
		if i == few {
			shown = append(shown, fmt.Sprintf("%d more", len(values)-few))
			break
		}
		if runes := []rune(v); len(runes) > long {
			v = string(runes[:long]) + "…"
		}
		shown = append(shown, v)
	}
	return strings.Join(shown, " | ")
}

// String says what was found in all.
func (s Sums) String() string {
	if s.Entries == 0 {
		return "The journal tells of no entry."
	}
	text := fmt.Sprintf("%d of %d entries as the bridge left them", s.Entries-s.Differ, s.Entries)
	for _, k := range Kinds {
		if n := s.Kinds[k]; n > 0 {
			text += fmt.Sprintf(", %d %s", n, k)
		}
	}
	if s.Unknown > 0 {
		text += fmt.Sprintf("; of %d not all is known: nobody knows what became of a write", s.Unknown)
	}
	if s.UnderWay > 0 {
		text += fmt.Sprintf("; %d were being written, and were left out", s.UnderWay)
	}
	return text + "."
}
