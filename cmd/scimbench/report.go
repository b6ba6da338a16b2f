package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// report is what a run came to.
type report struct {
	Users int    `json:"users"` // that were there
	Rows  []*row `json:"rows"`
}

// row is one operation at one concurrency. Times are milliseconds, rates are by the second.
type row struct {
	Operation   string         `json:"operation"`
	Concurrency int            `json:"concurrency"`
	Rate        float64        `json:"rate"` // the median of the rounds, as the floor's and the ratio are
	P50         float64        `json:"p50"`
	P95         float64        `json:"p95"`
	P99         float64        `json:"p99"`
	Floor       float64        `json:"floor,omitempty"` // the directory's rate
	Ratio       float64        `json:"ratio,omitempty"` // the server's rate over the directory's
	Errors      map[string]int `json:"errors,omitempty"`
	Skipped     string         `json:"skipped,omitempty"` // why it was not measured

	operation             operation
	rates, floors, ratios []float64
	took                  []time.Duration
}

// add takes a round in.
func (r *row) add(served, direct phase) {
	r.rates = append(r.rates, served.rate)
	r.took = append(r.took, served.took...)
	for _, p := range []phase{served, direct} {
		for text, n := range p.errors {
			r.Errors[text] += n
		}
	}
	if direct.rate > 0 {
		r.floors = append(r.floors, direct.rate)
		r.ratios = append(r.ratios, served.rate/direct.rate)
	}
	slices.Sort(r.took)
	r.Rate, r.Floor, r.Ratio = median(r.rates), median(r.floors), median(r.ratios)
	r.P50, r.P95, r.P99 = r.percentile(50), r.percentile(95), r.percentile(99)
}

func (r *row) percentile(p int) float64 {
	if len(r.took) == 0 {
		return 0
	}
	return float64(r.took[(len(r.took)-1)*p/100].Microseconds()) / 1000
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// failed says that some request was not answered as it should be.
func (r *report) failed() bool {
	return slices.ContainsFunc(r.Rows, func(row *row) bool { return len(row.Errors) > 0 })
}

func (r *report) print(to io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(to)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	fmt.Fprintf(to, "%d users; this side of it: %s, %d cores\n\n", r.Users, runtime.GOARCH, runtime.NumCPU())
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "operation\tat a time\ta second\tp50 ms\tp95 ms\tp99 ms\terrors\tdirectory a second\tratio\t")
	for _, row := range r.Rows {
		if row.Skipped != "" {
			fmt.Fprintf(table, "%s\t%d\t%s\t\t\t\t\t\t\t\n", row.Operation, row.Concurrency, row.Skipped)
			continue
		}
		errors := 0
		for _, n := range row.Errors {
			errors += n
		}
		floor, ratio := "", ""
		if row.Floor > 0 {
			floor, ratio = fmt.Sprintf("%.0f", row.Floor), fmt.Sprintf("%.2f", row.Ratio)
		}
		fmt.Fprintf(table, "%s\t%d\t%.0f\t%.2f\t%.2f\t%.2f\t%d\t%s\t%s\t\n",
			row.Operation, row.Concurrency, row.Rate, row.P50, row.P95, row.P99, errors, floor, ratio)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, row := range r.Rows {
		for _, text := range slices.Sorted(maps.Keys(row.Errors)) {
			_, err := fmt.Fprintf(to, "%s, %d at a time: %d times %s\n", row.Operation, row.Concurrency, row.Errors[text], text)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
