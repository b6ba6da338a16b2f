package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/front"
	"scimbridge/bridge/journal/report"
)

// explained is what was foreseen of a request.
func explained(request front.Message, f *bridge.Foresight, answer front.Message) explanation {
	x := explanation{
		Request: request.Method + " " + request.Target, Operations: []operationJSON{}, Reads: []readJSON{},
		Answer: answerJSON{Status: answer.Status, Header: map[string]string{}},
	}
	for _, p := range f.Parts() {
		x.Operations = append(x.Operations, operationOf(p))
	}
	writes := 0
	for _, o := range x.Operations {
		writes += min(1, len(o.Plans))
	}
	if writes > 1 {
		x.Notes = append(x.Notes, presupposes)
	}
	for _, r := range f.Reads() {
		x.Reads = append(x.Reads, readOf(r))
	}
	for _, field := range answer.Header {
		x.Answer.Header[field.Name] = field.Value
	}
	if json.Valid(answer.Body) {
		x.Answer.Body = answer.Body
	}
	return x
}

// presupposes is told of several operations that write.
const presupposes = "each operation is foreseen as if those before it were done; what runs side by side may come in another order"

func operationOf(p *bridge.Foreseen) operationJSON {
	o := operationJSON{Operation: p.Operation, Type: p.Type, ID: p.ID, Plans: []planJSON{}}
	if p.Part != nil {
		o.Index, o.BulkID = &p.Part.Index, p.Part.BulkID
	}
	for _, v := range p.Values {
		o.Values = append(o.Values, valueJSON(v))
	}
	for _, d := range p.Dropped {
		o.Dropped = append(o.Dropped, droppedJSON(d))
	}
	for _, plan := range p.Plans {
		o.Plans = append(o.Plans, planOf(plan))
	}
	return o
}

func planOf(p bridge.ForeseenPlan) planJSON {
	shown := planJSON{
		Why: report.Why(p.Why), Effects: p.Plan.Words(), LDIF: p.Plan.String(), Guard: "lets it run", Limits: "none is about it",
		Values: []tracedJSON{},
	}
	if p.Refused != nil {
		shown.Guard, shown.Limits = "refuses it: "+bridge.Explain(p.Refused).Detail, "are not asked"
	}
	switch {
	case p.Held != nil:
		shown.Limits = "would hold it: " + bridge.Explain(p.Held).Detail
	case p.Unsure != nil:
		shown.Limits = "are about " + strings.Join(p.Limited, ", ") + ", and what they say is not known: " + p.Unsure.Error()
	case len(p.Limited) > 0:
		shown.Limits = "let it pass: it counts as " + strings.Join(p.Limited, ", ")
	}
	if p.Receipt != nil {
		shown.Outcome = "it would be done"
		if p.Receipt.Err != nil {
			shown.Outcome = "it would not be done: " + p.Receipt.Err.Error()
		}
	}
	for _, v := range p.Values {
		traced := tracedJSON{DN: v.DN, Op: v.Op, Attribute: v.Attribute, Values: v.Values, Secret: v.Secret, Lines: []lineJSON{}}
		for _, l := range v.Lines {
			traced.Lines = append(traced.Lines, lineJSON(l))
		}
		shown.Values = append(shown.Values, traced)
	}
	return shown
}

func readOf(r directory.Reading) readJSON {
	shown := readJSON{
		Base: r.Base, Scope: "subtree", Filter: r.Filter, Attributes: r.Attributes, Found: append([]string{}, r.Found...),
	}
	if r.Scope == directory.BaseObject {
		shown.Scope = "base"
	}
	if r.Err != nil {
		shown.Error = r.Err.Error()
	}
	return shown
}

// print shows it as text.
func (x explanation) print(out io.Writer) {
	line := func(indent int, key, text string) {
		if text != "" {
			fmt.Fprintf(out, "%*s%-10s %s\n", indent, "", key+":", report.Plain(text))
		}
	}
	line(0, "request", x.Request)
	for _, o := range x.Operations {
		about := o.Operation + " " + o.Type + " " + o.ID
		if o.Index != nil {
			about = fmt.Sprintf("operation %d: %s", *o.Index, about)
		}
		fmt.Fprintf(out, "\nUnderstood as: %s\n", report.Plain(strings.TrimSpace(about)))
		for _, v := range o.Values {
			value, _ := json.Marshal(v.Value)
			fmt.Fprintf(out, "  %s\n", report.Plain(strings.TrimSpace(v.Op+" "+v.Path+" = "+string(value))))
		}
		for _, d := range o.Dropped {
			line(2, "dropped", d.Path+": "+d.Why)
		}
		for _, p := range o.Plans {
			p.print(out, line)
		}
		if len(o.Plans) == 0 {
			fmt.Fprint(out, "\nPlan: nothing is written\n")
		}
	}
	if len(x.Reads) > 0 {
		fmt.Fprint(out, "\nRead, and found as it would be by then:\n")
	}
	for _, r := range x.Reads {
		fmt.Fprintf(out, "  %s\n", report.Plain(strings.TrimSpace(r.Scope+" "+r.Base+" "+r.Filter)))
		for _, dn := range r.Found {
			line(4, "found", dn)
		}
		line(4, "error", r.Error)
	}
	for _, note := range x.Notes {
		line(0, "note", note)
	}
	fmt.Fprintf(out, "\nAnswer: %d %s\n", x.Answer.Status, http.StatusText(x.Answer.Status))
	for _, name := range slices.Sorted(maps.Keys(x.Answer.Header)) {
		fmt.Fprintf(out, "  %s\n", report.Plain(name+": "+x.Answer.Header[name]))
	}
	if len(x.Answer.Body) > 0 {
		var body bytes.Buffer
		_ = json.Indent(&body, x.Answer.Body, "", "  ") // it is JSON
		fmt.Fprintf(out, "\n%s\n", report.Lines(body.String()))
	}
	fmt.Fprint(out, "\nNothing is written.\n")
}

func (p planJSON) print(out io.Writer, line func(indent int, key, text string)) {
	fmt.Fprintf(out, "\nPlan: %s\n", report.Plain(p.Effects))
	line(2, "why", p.Why)
	line(2, "guard", p.Guard)
	line(2, "limits", p.Limits)
	line(2, "outcome", p.Outcome)
	fmt.Fprintf(out, "\n%s\n", report.Lines(strings.TrimRight(p.LDIF, "\n")))
	fmt.Fprint(out, "\n  From the map:\n")
	for _, v := range p.Values {
		text := v.Op + " " + v.Attribute + ": " + strings.Join(v.Values, " | ")
		if v.Secret {
			text += "(a secret)"
		}
		fmt.Fprintf(out, "    %s\n", report.Plain(text))
		for _, l := range v.Lines {
			from := l.Key
			if l.SCIM != "" {
				from += " (" + l.SCIM + ")"
			}
			fmt.Fprintf(out, "      %s  %s\n", report.Plain(l.Place), report.Plain(from))
		}
	}
}
