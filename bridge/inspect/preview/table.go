package preview

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is a CSV file with a line of column names.
type Table struct {
	Name    string
	Columns []string
	Rows    []Row
}

// Row is a line of it.
type Row struct {
	Line   int // in the file, from 1 on
	Values []string
}

// Faults are what is wrong with a file, each with its line, and its column where there is one.
type Faults []error

func (f Faults) Error() string { return errors.Join(f...).Error() }

// mostFaults is how many are told.
const mostFaults = 20

func (f *Faults) add(format string, args ...any) {
	if len(*f) < mostFaults {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

// ReadTable reads a file as Entra's portal, PowerShell or a spreadsheet writes it: in UTF-8 with or without a byte order mark, with commas,
// semicolons or tabs. What is wrong with it comes back as Faults.
func ReadTable(name string, file io.Reader) (*Table, error) {
	var faults Faults
	buffered := bufio.NewReader(file)
	first, skipped, err := header(buffered)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t := &Table{Name: name}
	reader := csv.NewReader(io.MultiReader(strings.NewReader(first.text), buffered))
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = first.separator, -1, true
	for {
		record, err := reader.Read()
		if err == io.EOF {
			break
		}
		if fault, is := errors.AsType[*csv.ParseError](err); is {
			where := ""
			if fault.StartLine != fault.Line {
				where = fmt.Sprintf(", in the row that begins in line %d", fault.StartLine+skipped)
			}
			faults.add("%s:%d: character %d: %w%s", name, fault.Line+skipped, fault.Column, fault.Err, where)
			break // what follows may be in quotation marks or not
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := reader.FieldPos(0)
		line += skipped
		for i, value := range record {
			if !utf8.ValidString(value) {
				faults.add("%s:%d: %s is no UTF-8: save the file as CSV UTF-8", name, line, t.column(i))
			}
		}
		switch {
		case t.Columns == nil:
			t.Columns = columnNames(record)
			t.checkColumns(line, &faults)
		case !slices.ContainsFunc(record, func(v string) bool { return strings.TrimSpace(v) != "" }): // of an empty row of a spreadsheet
		case len(record) != len(t.Columns):
			faults.add("%s:%d: the row has %d columns, and the first has %d", name, line, len(record), len(t.Columns))
		default:
			t.Rows = append(t.Rows, Row{line, slices.Clone(record)})
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return t, nil
}

// firstLine is the line of the column names.
type firstLine struct {
	text      string
	separator rune
}

// header reads up to the line of the column names. skipped are the lines before it: empty ones, a spreadsheet's sep=; or the version of a
// template of Entra's.
func header(file *bufio.Reader) (first firstLine, skipped int, err error) {
	mark, _ := file.Peek(3)
	switch {
	case bytes.HasPrefix(mark, []byte("\xff\xfe")) || bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return first, 0, errors.New("the file is UTF-16: save it as CSV UTF-8")
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		_, _ = file.Discard(len(mark))
	}
	for {
		line, err := file.ReadString('\n')
		if err != nil && err != io.EOF {
			return first, skipped, err
		}
		said := strings.TrimSpace(line)
		separator, told := strings.CutPrefix(strings.ToLower(said), "sep=")
		switch {
		case told && separator != "":
			first.separator, _ = utf8.DecodeRuneInString(separator)
			skipped++
		case strings.HasPrefix(said, "version:"):
			skipped++
		case said == "" && err == io.EOF:
			return first, skipped, errors.New("the file is empty: its first line is to name the columns")
		case said == "":
			skipped++
		default:
			first.text = line
			if first.separator == 0 {
				first.separator = separatorOf(said)
			}
			return first, skipped, nil
		}
	}
}

// separatorOf is what stands most often between the names of the columns.
func separatorOf(line string) rune {
	best := ','
	for _, r := range ";\t" {
		if strings.Count(line, string(r)) > strings.Count(line, string(best)) {
			best = r
		}
	}
	return best
}

// inBrackets is a column's name as Entra's templates have it: User name [userPrincipalName] Required.
var inBrackets = regexp.MustCompile(`\[(\w+)\]`)

func columnNames(record []string) []string {
	names := make([]string, len(record))
	for i, name := range record {
		names[i] = strings.TrimSpace(name)
		if found := inBrackets.FindStringSubmatch(name); found != nil {
			names[i] = found[1]
		}
	}
	return names
}

func (t *Table) checkColumns(line int, faults *Faults) {
	for i, name := range t.Columns {
		if at := slices.IndexFunc(t.Columns[:i], func(other string) bool { return strings.EqualFold(other, name) }); at >= 0 && name != "" {
			faults.add("%s:%d: column %d is called %s, as column %d is", t.Name, line, i+1, name, at+1)
		}
	}
}

// column names a column for people.
func (t *Table) column(i int) string {
	if i < len(t.Columns) && t.Columns[i] != "" {
		return "column " + t.Columns[i]
	}
	return fmt.Sprintf("column %d", i+1)
}

// find is where a column of one of the names is; -1: there is none.
func (t *Table) find(names ...string) int {
	for _, name := range names {
		if i := slices.IndexFunc(t.Columns, func(c string) bool { return strings.EqualFold(c, name) }); i >= 0 {
			return i
		}
	}
	return -1
}
