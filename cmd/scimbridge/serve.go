package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/front"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/config"
	"scimbridge/ldapmap/compile"
)

// configFlag names the configuration. Every one of its keys can be set by the environment too (see package config).
type configFlag struct {
	Config string `required:"" env:"SCIMBRIDGE_CONFIG" placeholder:"FILE" help:"The configuration file (${env})."`
}

type serveCommand struct {
	configFlag
}

func (s serveCommand) Run(w *world) error {
	c, err := config.Load(s.Config, w.environ)
	if err != nil {
		return err
	}
	log := c.Log.Logger(w.stderr)
	server, b, stop, err := assemble(c, journal.Log(log), log)
	if err != nil {
		return err
	}
	defer stop()
	listener, err := server.Listen()
	if err != nil {
		return err
	}
	log.Info("listening", "url", server.URL(listener.Addr()))
	go firstContact(w, b, log)
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // which would end the process: nothing is read again by it
	defer signal.Stop(hangUp)
	err = server.Serve(w, listener)
	log.Info("stopped")
	return err
}

// firstContact says at the start what would else show at the first request: a wrong address, password or certificate, a map that does not
// fit.
func firstContact(ctx context.Context, b *bridge.Bridge, log *slog.Logger) {
	if err := b.Contact(ctx); err != nil && ctx.Err() == nil {
		log.Error("the directory cannot be used yet", "error", err)
	}
}

// assemble builds the house that the configuration describes. stop ends its connections to the directory.
func assemble(
	c *config.Config, j journal.Journal, log *slog.Logger,
) (server *front.Server, b *bridge.Bridge, stop func(), err error) {
	compiled, err := compile.Compile(c.Resources)
	if err != nil {
		return nil, nil, nil, err
	}
	compiled.Elsewhere = c.References
	gate, err := access.New(c.Access)
	if err != nil {
		return nil, nil, nil, err
	}
	client, err := directory.New(c.Directory, log)
	if err != nil {
		return nil, nil, nil, err
	}
	b = bridge.New(bridge.Options{
		Map: compiled, Directory: client, Guard: guard.New(c.Guard, c.Directory.Bind.DN, client), Journal: j, Log: log,
		Limits: c.Limits, Strict: c.Strict,
	})
	return front.New(c.Listen, b, gate, log), b, client.Close, nil
}

type checkCommand struct {
	configFlag
}

func (check checkCommand) Run(w *world) error {
	if _, err := config.Load(check.Config, w.environ); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w.stdout, check.Config+": no faults")
	return err
}
