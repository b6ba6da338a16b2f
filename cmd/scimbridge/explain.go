package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/front"
	"scimbridge/bridge/store"
)

// explainCommand foresees what a request would do.
type explainCommand struct {
	configFlag
	Request string `arg:"" optional:"" default:"-" help:"A file with the request as HTTP has it; - is the standard input."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Help shows how to use it.
func (explainCommand) Help() string {
	return `Example:

  scimbridge explain --config scimbridge.yaml request.http

The file holds the request line, the lines of the header, an empty line and the
body. No token is needed, and nothing is written: what would be sent to the
directory is applied in memory. What the directory alone knows (its own checks,
ids, versions) is not foreseen.`
}

func (e explainCommand) Run(w *world) error {
	text, err := e.read(w)
	if err != nil {
		return err
	}
	request, err := front.ParseRequest(text)
	if err != nil {
		return fmt.Errorf("%s: %w", e.Request, err)
	}
	c, err := withoutDoor(e.Config, w.environ)
	if err != nil {
		return err
	}
	h, err := assemble(c, store.NewExisting, nil, slog.New(slog.DiscardHandler)) // what is wrong comes back with the answer
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.bridge.Contact(w); err != nil {
		return err
	}
	var f bridge.Foresight
	answer, err := h.server.Foresee(w, &f, access.Caller{Name: w.caller()}, request)
	if err != nil {
		return err
	}
	shown := explained(request, &f, answer)
	if e.JSON {
		return printJSON(w.stdout, shown)
	}
	shown.print(w.stdout)
	return nil
}

// read is the request's text.
func (e explainCommand) read(w *world) (string, error) {
	if e.Request == "-" {
		text, err := io.ReadAll(os.Stdin)
		return string(text), err
	}
	text, err := os.ReadFile(e.Request)
	return string(text), err
}

// explanation is what was foreseen, as JSON.
type explanation struct {
	Request    string          `json:"request"`
	Operations []operationJSON `json:"operations"`
	Reads      []readJSON      `json:"reads"`
	Answer     answerJSON      `json:"answer"`
	Notes      []string        `json:"notes,omitempty"`
}

type operationJSON struct {
	Index     *int          `json:"index,omitempty"` // in a bulk request
	BulkID    string        `json:"bulkId,omitempty"`
	Operation string        `json:"operation"`
	Type      string        `json:"type"`
	ID        string        `json:"id,omitempty"`
	Values    []valueJSON   `json:"values,omitempty"`
	Dropped   []droppedJSON `json:"dropped,omitempty"`
	Plans     []planJSON    `json:"plans"`
}

type valueJSON struct {
	Op    string `json:"op,omitempty"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

type droppedJSON struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

type planJSON struct {
	Why     string       `json:"why,omitempty"`
	Effects string       `json:"effects"`
	LDIF    string       `json:"ldif"`
	Guard   string       `json:"guard"`
	Limits  string       `json:"limits"`
	Outcome string       `json:"outcome,omitempty"`
	Values  []tracedJSON `json:"values"`
}

type tracedJSON struct {
	DN        string     `json:"dn"`
	Op        string     `json:"op"`
	Attribute string     `json:"attribute"`
	Values    []string   `json:"values,omitempty"`
	Secret    bool       `json:"secret,omitempty"`
	Lines     []lineJSON `json:"lines"`
}

type lineJSON struct {
	Key   string `json:"key"`
	Place string `json:"place"`
	SCIM  string `json:"scim,omitempty"`
}

type readJSON struct {
	Base       string   `json:"base"`
	Scope      string   `json:"scope"`
	Filter     string   `json:"filter,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
	Found      []string `json:"found"`
	Error      string   `json:"error,omitempty"`
}

type answerJSON struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   json.RawMessage   `json:"body,omitempty"`
}
