package inspect

import (
	"fmt"
	"io"
	"strings"

	"scimbridge/bridge/journal/report"
)

// Write writes them as an operator reads them: what it is and where, why it matters, how it is mended.
func (all Findings) Write(out io.Writer) error {
	for _, f := range all {
		if _, err := io.WriteString(out, f.text()+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func (f Finding) text() string {
	var b strings.Builder
	head := ""
	for _, where := range []string{f.Place, f.Key} {
		if where != "" {
			head += where + ": "
		}
	}
	fmt.Fprintf(&b, "%s: %s%s [%s]\n", f.Severity, report.Plain(head), report.Plain(f.What), f.Code)
	for _, part := range []struct{ name, text string }{
		{"why", f.Why}, {"mend", f.Mend}, {"line", f.Line}, {"ldif", f.LDIF}, {"command", f.Command},
	} {
		switch text := strings.TrimRight(part.text, "\n"); {
		case text == "":
		case strings.Contains(text, "\n"):
			fmt.Fprintf(&b, "  %s:\n", part.name)
			for line := range strings.SplitSeq(text, "\n") {
				b.WriteString(strings.TrimRight("    "+report.Plain(line), " ") + "\n")
			}
		default:
			fmt.Fprintf(&b, "  %s: %s\n", part.name, report.Plain(text))
		}
	}
	return b.String()
}
