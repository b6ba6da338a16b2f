package replay

import (
	"fmt"
	"io"
	"strings"

	"scimbridge/bridge/journal/report"
)

// Write writes it as an operator reads it.
func (o Outcome) Write(out io.Writer) error {
	var b strings.Builder
	line := func(key, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %-8s %s\n", key+":", report.Plain(text))
		}
	}
	head := o.File + ", request " + o.Request
	if o.File == "" {
		head = fmt.Sprintf("%s  %s  %s", o.Record, report.Moment(o.Time), strings.TrimSpace(o.Request+" "+o.Name))
	}
	fmt.Fprintln(&b, report.Plain(head))
	verdicts := map[Verdict]string{
		Refused: "it would be refused", Allowed: "it was refused, and would be done", Differs: "it would differ",
		Untold: "it cannot be told", Same: "it would be the same", Passed: "passed over",
	}
	line("verdict", verdicts[o.Verdict])
	if o.Verdict != Passed {
		line("was", o.Was.text())
		line("now", o.Now.text())
	}
	for _, note := range o.Notes {
		line("note", note)
	}
	if o.Diff != "" {
		fmt.Fprintf(&b, "\n%s\n", report.Lines(strings.TrimRight(o.Diff, "\n")))
	}
	_, err := io.WriteString(out, b.String()+"\n")
	return err
}

// text says in a line what is planned, or answered.
func (p Plan) text() string {
	switch {
	case p.refused():
		return strings.TrimSuffix(fmt.Sprintf("%d %s", p.Status, p.Detail), " ")
	case p.Effects == "":
		return "nothing is written"
	}
	return p.Effects
}
