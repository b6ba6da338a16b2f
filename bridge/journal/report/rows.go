package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"scimbridge/bridge/journal"
)

// rows prints a JSON object a line.
type rows struct {
	out   io.Writer
	whole bool
}

func newJSON(out io.Writer, whole bool) Printer { return &rows{out, whole} }

func (r *rows) Print(a journal.Account) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(recordOf(a, r.whole))
	if err == nil {
		_, err = r.out.Write(VisibleJSON(text.Bytes()))
	}
	return err
}

func (r *rows) End() error { return nil }

// table prints CSV (RFC 4180), its first line the names of the columns.
type table struct {
	writer *csv.Writer
	whole  bool
	begun  bool
}

func newCSV(out io.Writer, whole bool) Printer {
	return &table{writer: csv.NewWriter(out), whole: whole}
}

var (
	heads = []string{
		"time", "record", "result", "status", "caller", "client", "operation", "type", "id", "name", "dn", "effects", "wanted", "reason",
		"detail", "request", "activity", "follows", "why",
	}
	moreHeads = []string{"bulkId", "index", "seconds", "error", "body", "before", "ldif"}
)

func (t *table) begin() error {
	if t.begun {
		return nil
	}
	t.begun = true
	if t.whole {
		return t.writer.Write(append(heads[:len(heads):len(heads)], moreHeads...))
	}
	return t.writer.Write(heads)
}

func (t *table) Print(a journal.Account) error {
	if err := t.begin(); err != nil {
		return err
	}
	r := recordOf(a, t.whole)
	cells := []string{
		r.Time, r.Record.String(), string(r.Result), number(r.Status), r.Caller, r.Client, r.Operation, r.Type, r.ID, r.Name, r.DN,
		r.Effects, r.Wanted, r.Reason, r.Detail, r.Request, r.Activity, r.Follows.String(), string(r.Why),
	}
	if w := r.whole; w != nil {
		index := ""
		if w.Index != nil {
			index = fmt.Sprint(*w.Index)
		}
		var changes []string
		for _, s := range w.Steps {
			text := s.Sent
			if text == "" {
				text = s.Planned
			}
			if s.State != "" {
				text = "# " + s.State + "\n" + text
			}
			changes = append(changes, text)
		}
		cells = append(cells, w.BulkID, index, fmt.Sprintf("%.3f", w.Seconds), w.Error, string(w.Body), strings.Join(w.Before, "\n"),
			strings.Join(changes, "\n"))
	}
	for i, text := range cells {
		cells[i] = Inert(Lines(text))
	}
	if err := t.writer.Write(cells); err != nil {
		return err
	}
	t.writer.Flush()
	return t.writer.Error()
}

func (t *table) End() error {
	if err := t.begin(); err != nil {
		return err
	}
	t.writer.Flush()
	return t.writer.Error()
}

// number is empty for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// Inert is a cell that a spreadsheet takes for a text: one that begins as a formula does has ' before it.
func Inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
