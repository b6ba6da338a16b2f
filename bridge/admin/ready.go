package admin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
)

// Status is how a part stands, or all together.
type Status string

// The statuses, the worst first.
const (
	Failed   Status = "failed"   // requests are refused for it
	Degraded Status = "degraded" // they are served, and somebody should look
	Unknown  Status = "unknown"  // another part is in the way
	OK       Status = "ok"
)

var statuses = []Status{Failed, Degraded, Unknown, OK}

// Part is one thing that the bridge needs.
type Part struct {
	Name   string   `json:"part"` // directory, map, tokens, store, journal, webhook, configuration, bridge
	Status Status   `json:"status"`
	Reason string   `json:"reason,omitempty"` // of a closed set: a reason of the log, or one of those below
	Detail []string `json:"detail,omitempty"` // for who is on this machine
}

// Reasons that are no answer's.
const (
	elsewhere    = "second-server" // the first URL's server could not be used
	serverDown   = "server-down"   // one of those that are not in use
	receiverAway = "receiver-away"
	behind       = "behind" // records wait for the store
	stopping     = "stopping"
)

// Readiness is what /readyz says.
type Readiness struct {
	Status Status `json:"status"` // ok, degraded: 200; failed: 503
	Parts  []Part `json:"parts"`
}

// asking bounds what is asked for an answer. Kubernetes waits a second unless told otherwise.
const asking = 900 * time.Millisecond

// readiness asks the directory and the store on first contact alone, and the directory where no connection to it is open; else it says what
// their use has found.
func (s *Server) readiness(ctx context.Context) Readiness {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	r := Readiness{Status: OK}
	if site := s.site.Load(); site != nil {
		r.Parts = site.parts(ctx)
	} else {
		r.Parts = []Part{{Name: "bridge", Status: Failed, Reason: "starting"}}
	}
	if s.reloads != nil {
		r.Parts = append(r.Parts, s.configuration())
	}
	if s.stopping.Load() {
		r.Parts = append(r.Parts, Part{Name: "bridge", Status: Failed, Reason: stopping})
	}
	for _, p := range r.Parts {
		switch {
		case p.Status == Failed:
			r.Status = Failed
		case p.Status == Degraded && r.Status == OK:
			r.Status = Degraded
		}
	}
	return r
}

// configuration is about the file, which may say what does not hold.
func (s *Server) configuration() Part {
	_, err := s.reloads()
	if err == nil {
		return Part{Name: "configuration", Status: OK}
	}
	return Part{
		Name: "configuration", Status: Degraded, Reason: reason.Untaken.String(), Detail: strings.Split(err.Error(), "\n"),
	}
}

func (site *Site) parts(ctx context.Context) []Part {
	problems, away, misfit := site.Bridge.Standing(ctx)
	parts := []Part{site.server(away), fits(away, misfit, problems), {Name: "tokens", Status: OK}}
	if site.Gate.Faulty() {
		parts[2] = failing("tokens", Degraded, &reason.Error{Reason: reason.TokensFaulty})
	}
	if site.Store != nil {
		status := Failed
		if site.Ledger.GoesOn() {
			status = Degraded
		}
		parts = append(parts, failing("store", status, site.Store.Ready(ctx)), site.journal(status))
	}
	if site.Hook.Enabled() {
		p := Part{Name: "webhook", Status: OK}
		if site.Hook.State().Away {
			p.Status, p.Reason = Degraded, receiverAway
		}
		parts = append(parts, p)
	}
	return parts
}

// server is about the directory.
func (site *Site) server(away error) Part {
	p := failing("directory", Failed, away)
	state := site.Directory.State()
	if state.Servers == 1 {
		return p
	}
	down := false
	for _, each := range state.Each {
		down = down || each.Is == directory.Down
	}
	switch {
	case away != nil:
	case state.Server > 1:
		p.Status, p.Reason = Degraded, elsewhere
		p.Detail = []string{fmt.Sprintf("%s is in use, number %d of %d in directory.urls", state.URL, state.Server, state.Servers)}
	case down:
		p.Status, p.Reason = Degraded, serverDown
	}
	for _, each := range state.Each {
		p.Detail = append(p.Detail, each.String())
	}
	return p
}

// fits is about the map.
func fits(away, misfit error, problems []string) Part {
	p := failing("map", Failed, misfit)
	if len(problems) > 0 {
		p.Detail = problems
	}
	if away != nil && misfit == nil && bridge.Explain(away).Reason != reason.Unwritable {
		p.Status = Unknown
	}
	return p
}

// journal is about what is recorded.
func (site *Site) journal(status Status) Part {
	p := Part{Name: "journal", Status: OK}
	if state := site.Ledger.State(); state.Failing {
		p.Status, p.Reason = status, behind
		p.Detail = []string{fmt.Sprintf("%d records wait", state.Waiting)}
	}
	return p
}

// failing is a part that stands so where there is an error.
func failing(name string, status Status, err error) Part {
	if err == nil {
		return Part{Name: name, Status: OK}
	}
	return Part{Name: name, Status: status, Reason: bridge.Explain(err).Reason.String(), Detail: []string{err.Error()}}
}
