package main

import (
	"context"
	"log/slog"

	"scimbridge/bridge/admin"
	"scimbridge/bridge/journal"
	"scimbridge/config"
)

// operator is what the operator's listener sees of the house; nil: there is no such listener.
type operator struct {
	*admin.Server
	log *slog.Logger
}

func newOperator(c *config.Config, log *slog.Logger, level *slog.LevelVar) *operator {
	if !c.Admin.Enabled() {
		return nil
	}
	return &operator{admin.New(c.Admin, log, level), log}
}

// journal has what was done counted besides.
func (o *operator) journal(j journal.Journal) journal.Journal {
	if o == nil {
		return j
	}
	return func(r journal.Record) {
		j(r)
		o.Record(r)
	}
}

// begin shows the first house, from before its first request, and what became of changed configurations, and listens until the end.
func (o *operator) begin(ctx context.Context, c *config.Config, h house, r *config.Reloader) error {
	if o == nil {
		return nil
	}
	listener, err := o.Listen()
	if err != nil {
		return err
	}
	o.Reloads(r.Last)
	o.watch(h, nil)
	o.show(c, h)
	context.AfterFunc(ctx, o.Stop)
	go o.Serve(listener)
	o.log.Info("the admin listener listens", "url", "http://"+listener.Addr().String())
	return nil
}

// watch has what a house does counted. It is to be called before the house is asked anything, and of what it shares with the one before
// that has been.
func (o *operator) watch(h house, before *house) {
	if o == nil {
		return
	}
	if before == nil || before.directory != h.directory {
		h.directory.Observe(o.Exchange)
	}
	h.server.Observe(o.Request)
}

// show has it shown how a house stands.
func (o *operator) show(c *config.Config, h house) {
	if o == nil {
		return
	}
	site := admin.Site{
		Bridge: h.bridge, Directory: h.directory, Gate: h.gate, Store: h.store, Ledger: h.ledger, Hook: h.hook,
		Certificates: map[string]string{},
	}
	if h.limiter != nil {
		site.Holds = h.limiter.Holds()
	}
	for name, file := range map[string]string{"listener": c.Listen.TLS.Certificate, "directory-client": c.Directory.TLS.Certificate} {
		if file != "" {
			site.Certificates[name] = file
		}
	}
	o.Show(site)
}

func (o *operator) end() {
	if o != nil {
		o.Close()
	}
}
