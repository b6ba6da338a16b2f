package main

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/front"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/inspect"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/webhook"
	"scimbridge/config"
	"scimbridge/ldapmap/compile"
)

// configFlag names the configuration. Every one of its keys can be set by the environment too (see package config).
type configFlag struct {
	Config string `required:"" env:"SCIMBRIDGE_CONFIG" placeholder:"FILE" help:"The configuration file (${env})."`
}

type serveCommand struct {
	configFlag
	DryRun bool `help:"Answer as if it were done, and write nothing to the directory."`
}

func (s serveCommand) Run(w *world) error {
	c, err := config.Load(s.Config, w.environ)
	if err != nil {
		return err
	}
	log, level := c.Log.Leveled(w.stderr)
	a := newOperator(c, log, level)
	h, err := assemble(c, store.New, a.journal(journal.Log(log)), log)
	if err != nil {
		return err
	}
	defer h.close()
	if s.DryRun {
		h.server.DryRun()
		log.Warn("dry run: requests are answered as if they were done, and nothing is written to the directory")
	}
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // which would end the process
	defer signal.Stop(hangUp)
	listener, err := h.server.Listen()
	if err != nil {
		return err
	}
	log.Info("listening", "url", h.server.URL(listener.Addr()))
	if err := a.begin(w, c, h); err != nil {
		return err
	}
	defer a.end()
	go firstContact(w, h, log)
	if os.Getenv("GOGC") == "" {
		paceHeap(w)
	}
	go giveBack(w)
	go onHangUp(w, hangUp, h.gate, h.directory)
	go h.gate.Watch(w)
	go h.bridge.Adopt(w)
	h.hook.Start()
	if h.ledger != nil {
		go h.ledger.Retain(w, h.hook.Needs)
	}
	err = h.server.Serve(w, listener)
	h.gate.Close(context.WithoutCancel(w))
	log.Info("stopped")
	return err
}

// firstContact says at the start what would else show at the first request: a wrong address, password or certificate, a map that does not
// fit, a store that cannot be opened.
func firstContact(ctx context.Context, h house, log *slog.Logger) {
	if h.store != nil {
		go func() { _ = h.store.Check(ctx) }() // it tells by itself
	} else {
		log.Info("no store is configured", "off", needStore)
	}
	if err := h.bridge.Contact(ctx); err != nil && ctx.Err() == nil {
		log.Error("the directory cannot be used yet", "error", err)
	}
	h.inspect(ctx, log)
}

// onHangUp reads the tokens again at each hang-up, and the password that the directory refused.
func onHangUp(ctx context.Context, hangUp <-chan os.Signal, gate *access.Gate, d *directory.Client) {
	for {
		select {
		case <-hangUp:
			gate.Reread()
			d.Retry()
		case <-ctx.Done():
			return
		}
	}
}

// needStore is what is off without a store.
var needStore = []string{"journal", "stored tokens", "guard.limits", "undo"}

// house is what a configuration describes.
type house struct {
	directory *directory.Client
	store     *store.Store // nil: there is none
	ledger    *journal.Ledger
	hook      *webhook.Hook // nil: there is none
	holds     *guard.Holds  // nil: nothing is counted
	bridge    *bridge.Bridge
	gate      *access.Gate
	server    *front.Server
	subject   inspect.Subject
}

// close ends its connections.
func (h house) close() {
	if h.directory != nil {
		h.directory.Close()
	}
	h.hook.Stop()
	if h.ledger != nil {
		h.ledger.Shut()
	}
	if h.store != nil {
		_ = h.store.Close()
	}
}

// keeper opens a store: store.New, or store.NewExisting.
type keeper func(store.Options, *slog.Logger) (*store.Store, error)

// assemble builds the house that the configuration describes. It is to be closed.
func assemble(c *config.Config, keep keeper, j journal.Journal, log *slog.Logger) (h house, err error) {
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	compiled, err := compile.Compile(c.Resources)
	if err != nil {
		return h, err
	}
	compiled.Elsewhere = c.References
	if h.directory, err = directory.New(c.Directory, log); err != nil {
		return h, err
	}
	var limiter *guard.Limiter
	if c.Store.Enabled() {
		if limiter, err = h.keepBooks(c, keep, log); err != nil {
			return h, err
		}
	}
	if h.gate, err = gate(c, h.store, log); err != nil {
		return h, err
	}
	h.bridge = bridge.New(bridge.Options{
		Map: compiled, Place: c.Place, Directory: h.directory, Guard: guard.New(c.Guard, h.directory.Self, h.directory), Journal: j,
		Store: h.store, Ledger: h.ledger, Limiter: limiter, Log: log,
		Limits: c.Limits, Strict: c.Strict,
	})
	h.server = front.New(c.Listen, h.bridge, h.gate, log)
	h.subject = subjectOf(c, compiled)
	return h, nil
}

// keepBooks opens the store, and what writes to it whatever is done: the journal, the limits' counts, the webhook's outbox.
func (h *house) keepBooks(c *config.Config, keep keeper, log *slog.Logger) (limiter *guard.Limiter, err error) {
	if h.store, err = keep(c.Store, log); err != nil {
		return nil, err
	}
	var observers []journal.Observer
	var watches []guard.Watch
	if c.Webhook.Enabled() {
		if h.hook, err = webhook.New(c.Webhook, h.store, log); err != nil {
			return nil, err
		}
		observers, watches = append(observers, h.hook.Observe), append(watches, toldBy(h.hook))
	}
	if limiter, err = guard.NewLimiter(h.store, c.Guard, c.Types(), log, watches...); err != nil {
		return nil, err
	}
	h.holds = limiter.Holds()
	h.ledger, err = journal.Open(h.store, c.Journal, log, append(observers, limiter.Settle)...)
	return limiter, err
}

// gate lets in who is configured, and whom a store has tokens of.
func gate(c *config.Config, s *store.Store, log *slog.Logger) (*access.Gate, error) {
	if s == nil {
		return access.New(c.Access, log)
	}
	tokens, err := access.NewTokens(s)
	if err != nil {
		return nil, err
	}
	return access.NewWith(c.Access, tokens, log)
}

// toldBy has the webhook tell of holds.
func toldBy(hook *webhook.Hook) guard.Watch {
	return func(ctx context.Context, tx *sql.Tx, h guard.Hold) error {
		return hook.Opened(ctx, tx, webhook.Hold{
			ID: strconv.FormatInt(h.ID, 10), Effect: h.Effect, Type: h.Type, Why: h.Why, Time: h.Opened,
		})
	}
}
