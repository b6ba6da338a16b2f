package preview

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"scimbridge/bridge/journal/report"
)

// Document is a forecast as JSON.
type Document struct {
	Sums  map[string]map[Outcome]int `json:"sums"` // by type
	Open  int                        `json:"open"`
	Holds []string                   `json:"holds,omitempty"`
	Notes []string                   `json:"notes,omitempty"`
	Lines []Line                     `json:"lines"`
}

// JSON is the forecast as JSON has it.
func (f *Forecast) JSON() Document {
	d := Document{
		Sums: map[string]map[Outcome]int{}, Open: f.Open(), Holds: f.Holds, Notes: f.Notes, Lines: slices.Concat(f.Users, f.Groups),
	}
	for name, lines := range map[string][]Line{users.name: f.Users, teams.name: f.Groups} {
		if len(lines) > 0 {
			d.Sums[name] = Sums(lines)
		}
	}
	return d
}

// Said is what is told of the whole of it: what would be held, and notes.
func (f *Forecast) Said() (all []string) {
	for _, why := range f.Holds {
		all = append(all, "guard.limits would hold such a cycle: "+why)
	}
	return append(all, f.Notes...)
}

// CSV writes a row for each line, in the order of the files.
func (f *Forecast) CSV(out io.Writer) error {
	w := csv.NewWriter(out)
	rows := [][]string{{"row", "type", "name", "outcome", "dn", "effects", "why", "answer", "notes", "ldif"}}
	for _, l := range slices.Concat(f.Users, f.Groups) {
		answer := ""
		if l.Answer > 0 {
			answer = strconv.Itoa(l.Answer)
		}
		row := []string{
			strconv.Itoa(l.Row), l.Type, l.Name, string(l.Outcome), l.DN, l.Effects, l.Why, answer, strings.Join(l.Notes, "; "), l.LDIF,
		}
		for i, cell := range row {
			row[i] = report.Inert(report.Lines(cell))
		}
		rows = append(rows, row)
	}
	return w.WriteAll(rows)
}

// Text writes the sums, and then the lines, those first of which somebody has to decide.
func (f *Forecast) Text(out io.Writer) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\tusers\tgroups\t\n")
	of, and := Sums(f.Users), Sums(f.Groups)
	for _, o := range Outcomes {
		if of[o]+and[o] > 0 {
			fmt.Fprintf(table, "%s\t%d\t%d\t\n", o, of[o], and[o])
		}
	}
	fmt.Fprintf(table, "in all\t%d\t%d\t\n", len(f.Users), len(f.Groups))
	_ = table.Flush() // into memory
	for _, said := range f.Said() {
		fmt.Fprintf(&b, "\n%s\n", report.Plain(said))
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	lines := slices.Concat(f.Users, f.Groups)
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.Outcome.rank(), b.Outcome.rank()) })
	heading := Outcome("")
	for _, l := range lines {
		b.Reset()
		if l.Outcome != heading {
			heading = l.Outcome
			fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(string(heading)))
		}
		l.text(&b)
		if _, err := io.WriteString(out, b.String()); err != nil {
			return err
		}
	}
	_, err := io.WriteString(out, "\nNothing is written.\n")
	return err
}

// rank is where the lines of an outcome stand.
func (o Outcome) rank() int {
	rank := slices.Index(Outcomes, o)
	if !o.IsOpen() {
		rank += len(Outcomes)
	}
	return rank
}

// text writes the line, with what would be changed below it.
func (l Line) text(b *strings.Builder) {
	fmt.Fprintf(b, "\nrow %d  %s %s", l.Row, l.Type, report.Plain(l.Name))
	if l.DN != "" {
		fmt.Fprintf(b, "  %s", report.Plain(l.DN))
	}
	b.WriteByte('\n')
	for _, said := range append([]string{l.Effects, l.answered()}, l.Notes...) {
		if said != "" {
			fmt.Fprintf(b, "  %s\n", report.Plain(said))
		}
	}
	for line := range strings.Lines(report.Lines(strings.TrimRight(l.LDIF, "\n"))) {
		if line != "\n" {
			line = "    " + line
		}
		b.WriteString(line)
	}
	if l.LDIF != "" {
		b.WriteByte('\n')
	}
}

// answered is why, with the answer that says so.
func (l Line) answered() string {
	if l.Why != "" && l.Answer > 0 {
		return fmt.Sprintf("%d: %s", l.Answer, l.Why)
	}
	return l.Why
}
