package main

import (
	"context"
	"log/slog"

	"scimbridge/bridge/admin"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/release"
	"scimbridge/bridge/tracing"
	"scimbridge/config"
)

// operator is what an operator sees of the house: by a listener, and by traces.
type operator struct {
	*admin.Server // nil: there is no such listener
	tracer        *tracing.Tracer
	log           *slog.Logger
}

func newOperator(c *config.Config, environ []string, log *slog.Logger, level *slog.LevelVar) *operator {
	o := &operator{tracer: tracing.New(environ, release.Read().Version, log), log: log}
	if c.Admin.Enabled() {
		o.Server = admin.New(c.Admin, log, level)
	}
	return o
}

// journal has what was done counted besides.
func (o *operator) journal(j journal.Journal) journal.Journal {
	if o.Server == nil {
		return j
	}
	return func(r journal.Record) {
		j(r)
		o.Record(r)
	}
}

// begin shows the first house, from before its first request, and what became of changed configurations, and listens until the end.
func (o *operator) begin(ctx context.Context, c *config.Config, h house, r *config.Reloader) error {
	o.watch(h, nil)
	if o.Server == nil {
		return nil
	}
	listener, err := o.Listen()
	if err != nil {
		return err
	}
	o.Reloads(r.Last)
	o.show(c, h)
	context.AfterFunc(ctx, o.Stop)
	go o.Serve(listener)
	o.log.Info("the admin listener listens", "url", "http://"+listener.Addr().String())
	return nil
}

// watch has what a house does counted. It is to be called before the house is asked anything, and of what it shares with the one before
// that has been.
func (o *operator) watch(h house, before *house) {
	if before == nil || before.directory != h.directory {
		h.directory.Observe(o.exchanges())
	}
	if h.server.Trace(o.tracer); o.Server != nil {
		h.server.Observe(o.Request)
	}
}

// exchanges is who is told of LDAP operations; nil: nobody.
func (o *operator) exchanges() func(context.Context, directory.Exchange) {
	switch {
	case o.Server == nil && o.tracer == nil:
		return nil
	case o.Server == nil:
		return exchanged
	case o.tracer == nil:
		return func(_ context.Context, e directory.Exchange) { o.Exchange(e) }
	}
	return func(ctx context.Context, e directory.Exchange) {
		o.Exchange(e)
		exchanged(ctx, e)
	}
}

// show has it shown how a house stands.
func (o *operator) show(c *config.Config, h house) {
	if o.Server == nil {
		return
	}
	site := admin.Site{
		Bridge: h.bridge, Front: h.server, Directory: h.directory, Gate: h.gate, Store: h.store, Ledger: h.ledger, Hook: h.hook,
		Limits: h.limiter, Certificates: map[string]string{},
	}
	for name, file := range map[string]string{"listener": c.Listen.TLS.Certificate, "directory-client": c.Directory.TLS.Certificate} {
		if file != "" {
			site.Certificates[name] = file
		}
	}
	o.Show(site)
}

// end sends what is not sent yet of traces.
func (o *operator) end() {
	if o.Server != nil {
		o.Server.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushing)
	defer cancel()
	o.tracer.Close(ctx)
}
