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
	return &operator{admin.New(c.Admin, version(), log, level), log}
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

// begin shows the house, from before its first request, and listens until the end.
func (o *operator) begin(ctx context.Context, c *config.Config, h house) error {
	if o == nil {
		return nil
	}
	listener, err := o.Listen()
	if err != nil {
		return err
	}
	o.watch(c, h)
	context.AfterFunc(ctx, o.Stop)
	go o.Serve(listener)
	o.log.Info("the admin listener listens", "url", "http://"+listener.Addr().String())
	return nil
}

// watch has what a house does counted, and how it stands shown. It is to be called before the house is asked anything.
func (o *operator) watch(c *config.Config, h house) {
	h.directory.Observe(o.Exchange)
	h.server.Observe(o.Request)
	site := admin.Site{
		Bridge: h.bridge, Directory: h.directory, Gate: h.gate, Store: h.store, Ledger: h.ledger, Holds: h.holds, Hook: h.hook,
		Certificates: map[string]string{},
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
