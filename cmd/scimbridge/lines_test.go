package main_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// columns is how wide a line may be, a tab counting as tab.
const (
	columns = 140
	tab     = 4
)

func TestLines(t *testing.T) {
	eachGoFile(t, func(name, source string) {
		for _, line := range tooLong(source) {
			t.Errorf("%s:%d: over %d columns", name, line, columns)
		}
	})
}

func TestLinesFindsFaults(t *testing.T) {
	full := strings.Repeat("x", columns)
	for name, c := range map[string]struct {
		source string
		lines  []int
	}{
		"full":               {full + "\n" + full, nil},
		"one over":           {"x\n" + full + "x\n\n" + full + "x", []int{2, 4}},
		"letters, not bytes": {strings.Repeat("ß", columns) + "\n", nil},
		"full with a tab":    {"\t" + full[tab:], nil},
		"over with a tab":    {"\t" + full[tab-1:], []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			if found := tooLong(c.source); !slices.Equal(found, c.lines) {
				t.Errorf("found %v, want %v", found, c.lines)
			}
		})
	}
}

// tooLong are the numbers of the lines that are over the columns.
func tooLong(source string) (found []int) {
	number := 0
	for line := range strings.Lines(source) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line)+(tab-1)*strings.Count(line, "\t") > columns {
			found = append(found, number)
		}
	}
	return found
}
