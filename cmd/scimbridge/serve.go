package main

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/front"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/inspect"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/release"
	"scimbridge/bridge/store"
	"scimbridge/bridge/webhook"
	"scimbridge/config"
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
	reloader := config.NewReloader(s.Config)
	c, err := config.Load(s.Config, w.environ)
	if err != nil {
		return err
	}
	log, level := c.Log.Leveled(w.stderr)
	if err := s.serve(w, c, reloader, log, level); err != nil {
		log.Error("cannot serve", "error", err) // whoever reads the log reads nothing else
		return errTold
	}
	return nil
}

// serve serves as the configuration says, which the reloader follows, until w ends.
func (s serveCommand) serve(w *world, c *config.Config, reloader *config.Reloader, log *slog.Logger, level *slog.LevelVar) error {
	found := newLocation(directory.SystemLookup, log)
	c.Directory = found.locate(w, c.Directory)
	a := newOperator(c, w.environ, log, level)
	h, err := assemble(c, store.New, a.journal(journal.Log(log)), log)
	if err != nil {
		return err
	}
	if s.DryRun {
		h.dryRun = true
		h.server.DryRun()
		log.Warn("dry run: requests are answered as if they were done, and nothing is written to the directory")
	}
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // which would end the process
	defer signal.Stop(hangUp)
	listener, err := h.server.Listen()
	if err != nil {
		h.close()
		return err
	}
	program := release.Read()
	log.Info("listening", "url", h.server.URL(listener.Addr()), "version", program.Version, "commit", program.Commit)
	if err := a.begin(w, c, h, reloader); err != nil {
		h.close()
		return err
	}
	defer a.end()
	p := newPremises(w, s.Config, h, found, a, untaken(reloader), level, log)
	if os.Getenv("GOGC") == "" {
		paceHeap(w)
	}
	go giveBack(w)
	h.hook.Trace(a.tracer)
	h.hook.Start()
	if h.ledger != nil {
		go h.ledger.Retain(w, h.hook.Needs)
	}
	running, stop := context.WithCancel(w)
	defer stop()
	reloading := make(chan struct{})
	go func() {
		defer close(reloading)
		reloader.Run(running, log, hangUp, found.news, p.take)
	}()
	err = p.door.Serve(w, listener)
	stop()
	<-reloading
	p.close(context.WithoutCancel(w))
	log.Info("stopped")
	return err
}

// firstContact says at the start what would else show at the first request: a wrong address, password or certificate, a map that does not
// fit, a store that cannot be opened.
func firstContact(ctx context.Context, h house, hints *hints, log *slog.Logger) {
	if h.store != nil {
		met := make(chan struct{})
		go func() {
			defer close(met)
			_ = h.store.Check(ctx) // it tells by itself
		}()
		defer func() { <-met }()
	} else {
		log.Info("no store is configured", "off", needStore)
	}
	err := h.bridge.Contact(ctx)
	if found := h.inspect(ctx, hints, log); err != nil && ctx.Err() == nil && !found.Reach(inspect.Error) { // which tells why
		log.Error("the directory cannot be used yet", "error", err)
	}
	log.Debug("the first look at the directory is over")
	debug.FreeOSMemory() // what the start took: the file, the schema, what check read
}

// needStore is what is off without a store.
var needStore = []string{"journal", "stored tokens", "guard.limits", "undo"}

// house is what a configuration describes.
type house struct {
	books
	config    *config.Config
	directory *directory.Client
	guard     *guard.Guard
	bridge    *bridge.Bridge
	gate      *access.Gate
	server    *front.Server
	receiver  *webhook.Receiver // nil: nobody is told
	subject   inspect.Subject
}

// books are what is written down of what is done. They are the same for as long as the program runs, whatever else is configured.
type books struct {
	store   *store.Store // nil: there is none, like the four that follow
	ledger  *journal.Ledger
	hook    *webhook.Hook
	limiter *guard.Limiter
	tokens  *access.Tokens
	journal journal.Journal
	dryRun  bool // nothing is to be done, in any house
}

// close ends its connections.
func (h house) close() {
	if h.directory != nil {
		h.directory.Close()
	}
	h.books.close()
}

func (b books) close() {
	b.hook.Stop()
	if b.ledger != nil {
		b.ledger.Shut()
	}
	if b.store != nil {
		_ = b.store.Close()
	}
}

// keeper opens a store: store.New, or store.NewExisting.
type keeper func(store.Options, *slog.Logger) (*store.Store, error)

// assemble builds the house that the configuration describes. It is to be closed.
func assemble(c *config.Config, keep keeper, j journal.Journal, log *slog.Logger) (h house, err error) {
	b := books{journal: j}
	if c.Store.Enabled() {
		if err = b.open(c, keep, log); err != nil {
			b.close()
			return h, err
		}
	}
	if h, err = b.house(c, nil, log); err != nil {
		b.close()
	}
	return h, err
}

// house builds what the configuration describes around the books. It is to take the place of another, nil for none, with which it shares
// the directory's connections where it is reached in the same way.
func (b books) house(c *config.Config, before *house, log *slog.Logger) (h house, err error) {
	gate, err := access.NewWith(c.Access, b.tokens, log)
	if err != nil {
		return h, err
	}
	return b.houseBehind(gate, c, before, log)
}

// houseBehind is house, for whom the gate lets in.
func (b books) houseBehind(gate *access.Gate, c *config.Config, before *house, log *slog.Logger) (h house, err error) {
	h = house{books: b, config: c, gate: gate}
	compiled, err := c.Map()
	if err != nil {
		return h, err
	}
	if h.receiver, err = h.hook.Receiver(c.Webhook); err != nil {
		return h, err
	}
	same := before != nil && before.config.Serves(c)
	if before != nil && before.config.SameDirectory(c) {
		h.directory = before.directory
	} else if h.directory, err = directory.New(c.Directory, log); err != nil {
		return h, err
	}
	if h.guard = guard.New(c.Guard, h.directory.Self, h.directory); same {
		h.guard = before.guard
	}
	if before != nil && b.limiter != nil {
		h.limiter = b.limiter.With(c.Guard, c.Types())
	}
	h.bridge = bridge.New(bridge.Options{
		Map: compiled, Place: c.Place, Directory: h.directory, Guard: h.guard, Journal: b.journal,
		Store: h.store, Ledger: h.ledger, Limiter: h.limiter, Log: log,
		Limits: c.Limits, Strict: c.Strict,
	})
	h.server = front.New(c.Listen, h.bridge, h.gate, log)
	if h.dryRun {
		h.server.DryRun()
	}
	if before != nil {
		h.succeed(before, same)
	}
	h.subject = subjectOf(c, compiled)
	return h, nil
}

// keepBooks has the books be kept as the house's configuration says.
func (h house) keepBooks() {
	h.hook.Tell(h.receiver)
	if h.ledger != nil {
		h.ledger.Set(h.config.Journal)
	}
}

// succeed takes over what is known of clients and of the directory.
func (h house) succeed(before *house, same bool) {
	if h.directory != before.directory {
		h.directory.Succeed(before.directory)
	}
	h.bridge.Succeed(before.bridge, same)
	h.gate.Succeed(before.gate)
	h.server.Succeed(before.server)
}

// open opens the store, and what writes to it whatever is done: the journal, the limits' counts, the webhook's outbox.
func (b *books) open(c *config.Config, keep keeper, log *slog.Logger) (err error) {
	if b.store, err = keep(c.Store, log); err != nil {
		return err
	}
	if b.hook, err = webhook.New(c.Webhook, b.store, log); err != nil {
		return err
	}
	if b.limiter, err = guard.NewLimiter(b.store, c.Guard, c.Types(), log, toldBy(b.hook)); err != nil {
		return err
	}
	if b.ledger, err = journal.Open(b.store, c.Journal, log, b.hook.Observe, b.limiter.Settle); err != nil {
		return err
	}
	b.tokens, err = access.NewTokens(b.store)
	return err
}

// toldBy has the webhook tell of holds.
func toldBy(hook *webhook.Hook) guard.Watch {
	return func(ctx context.Context, tx *sql.Tx, h guard.Hold) error {
		return hook.Opened(ctx, tx, webhook.Hold{
			ID: strconv.FormatInt(h.ID, 10), Effect: h.Effect, Type: h.Type, Why: h.Why, Time: h.Opened,
		})
	}
}
