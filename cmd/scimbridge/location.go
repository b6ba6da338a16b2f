package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"scimbridge/bridge/directory"
)

const (
	// relocating is from one question to DNS to the next whether a service's servers are still the same. Who asks is not told for how long
	// an answer holds.
	relocating = time.Minute
	// relocatingAway is so while none of them can be reached, or none was ever found.
	relocatingAway = 2 * time.Second
)

// location finds the directory's servers where directory.urls name a service.
type location struct {
	locator *directory.Locator
	log     *slog.Logger
	news    chan struct{} // they are others now

	mu    sync.Mutex
	urls  []string // as the log tells
	fault string   // as it tells
}

func newLocation(lookup directory.Lookup, log *slog.Logger) *location {
	return &location{locator: directory.NewLocator(lookup), log: log, news: make(chan struct{}, 1)}
}

// locate are the options with the servers that are found now.
func (l *location) locate(ctx context.Context, o directory.Options) directory.Options {
	o, err := l.locator.Locate(ctx, o)
	if !o.IsLocated() || ctx.Err() != nil {
		return o
	}
	fault := ""
	if err != nil {
		fault = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if fault != l.fault && err != nil {
		l.log.Warn("directory: DNS does not tell of its servers", "error", err)
	}
	if !slices.Equal(o.URLs, l.urls) && !o.IsUnlocated() {
		l.log.Info("directory: the servers by DNS", "urls", o.URLs)
	}
	l.fault, l.urls = fault, o.URLs
	return o
}

// watch asks until ctx ends whether there are other servers than a client has.
func (l *location) watch(ctx context.Context, c *directory.Client) {
	o := c.Options()
	if !o.IsLocated() {
		return
	}
	tick := time.NewTicker(relocatingAway)
	defer tick.Stop()
	for asked := time.Now(); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if !o.IsUnlocated() && !c.BreakerOpen() && time.Since(asked) < relocating {
			continue
		}
		now := l.locate(ctx, o)
		asked = time.Now()
		if ctx.Err() != nil || slices.Equal(now.URLs, o.URLs) {
			continue
		}
		o = now // whoever is told tries again what cannot be taken yet
		select {
		case l.news <- struct{}{}:
		default:
		}
	}
}
