package main

import (
	"context"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/front"
	"scimbridge/bridge/reason"
	"scimbridge/config"
)

// premises are where serve keeps house, one after another: the door, through which clients come, and the books stay.
//
//	0  admit    who may call, by itself, whatever becomes of the rest
//	1  build    the house that the changed file describes, beside the one that stands; a fault leaves that
//	2  check    that it fits the directory, where it asks anything of it that the one before did not
//	3  swap     what comes from now on is answered by it
//	4  drain    the one before answers what it began; then what runs in it ends, and its connections to the directory
//
// What a check waits for when the file changes again is waited for no longer.
type premises struct {
	w     *world
	file  string
	level *slog.LevelVar
	log   *slog.Logger
	door  *front.Door
	found *location
	shown *operator
	hints hints

	// used by one goroutine at a time
	house   *house
	life    *life
	drained chan struct{} // closed when the houses before this one are no more
}

// newPremises opens with a first house.
func newPremises(
	w *world, file string, first house, found *location, shown *operator, lack func() error, level *slog.LevelVar, log *slog.Logger,
) *premises {
	p := &premises{
		w: w, file: file, level: level, log: log, found: found, shown: shown, door: front.NewDoor(first.server, lack, log),
		house: &first, life: first.live(w), drained: make(chan struct{}),
	}
	p.life.meet(func(ctx context.Context) { firstContact(ctx, first, &p.hints, log) })
	p.life.run(func(ctx context.Context) { found.watch(ctx, first.directory) })
	close(p.drained)
	return p
}

// untaken is what a health check tells while the configuration that holds is not what the file says.
func untaken(r *config.Reloader) func() error {
	return func() error {
		if _, err := r.Last(); err != nil {
			return &reason.Error{Reason: reason.Untaken}
		}
		return nil
	}
}

// take builds the house that the file describes, and has it take the place of the one that stands. asked: somebody asked for it, and the
// files that it names are read again, changed or not.
func (p *premises) take(ctx context.Context, asked bool) error {
	if asked {
		p.house.gate.Reread()
		p.house.directory.Retry()
	}
	return p.rebuild(ctx)
}

func (p *premises) rebuild(ctx context.Context) error {
	c, err := config.Load(p.file, p.w.environ)
	if err == nil {
		err = p.house.config.Restart(c)
	}
	if err != nil || !p.house.config.Serves(c) {
		p.admit() // 0
	}
	if err != nil {
		return err
	}
	c.Directory = p.found.locate(ctx, c.Directory)
	before := p.house
	next, err := before.books.house(c, before, p.log) // 1
	if err != nil {
		p.admit() // a file that is named was right a moment ago
		return err
	}
	p.shown.watch(next, before)
	if !before.config.Serves(c) {
		if err := next.bridge.Contact(ctx); err != nil { // 2
			return next.unfit(before, err)
		}
	}
	p.level.Set(c.Log.Severity())
	p.put(next)
	return nil
}

// admit has those call alone whom the file names, though the rest of it may be none that holds: what holds is served to them.
func (p *premises) admit() {
	who, readable := config.Access(p.file, p.w.environ, p.house.config, p.house.tokens != nil)
	if !readable || reflect.DeepEqual(who, p.house.config.Access) {
		return
	}
	c := *p.house.config
	c.Access = who
	gate, err := access.NewSound(who, p.house.tokens, p.log)
	var next house
	if err == nil {
		next, err = p.house.books.houseBehind(gate, &c, p.house, p.log)
	}
	if err != nil {
		p.log.Error("who may call is not taken from the file", "error", err)
		return
	}
	p.shown.watch(next, p.house)
	p.put(next)
	p.log.Warn("who may call is as the file says, whatever becomes of the rest of it", "file", p.file)
}

// put has a house take the place of the one that stands.
func (p *premises) put(next house) {
	before, begun := p.house, next.live(p.w)
	switch {
	case !before.config.Serves(next.config):
		begun.meet(func(ctx context.Context) { next.inspect(ctx, &p.hints, p.log) })
	case !p.life.met.Load():
		begun.meet(func(ctx context.Context) { firstContact(ctx, next, &p.hints, p.log) })
	default:
		begun.met.Store(true)
	}
	begun.run(func(ctx context.Context) { p.found.watch(ctx, next.directory) })
	p.shown.show(next.config, next)
	next.keepBooks()
	left := p.door.Put(next.server) // 3
	earlier, drained := p.drained, make(chan struct{})
	go func(l *life) { // 4
		defer close(drained)
		l.end()
		left()
		<-earlier // which may share the directory
		if before.directory != next.directory {
			before.directory.Close()
		}
	}(p.life)
	p.house, p.life, p.drained = &next, begun, drained
}

// unfit gives up a house that does not fit the directory. Where that cannot be told because the directory is away, or are the servers of
// which DNS tells now, that is for later.
func (h house) unfit(before *house, err error) error {
	if h.directory != before.directory {
		h.directory.Close()
	}
	if !h.config.Directory.IsAt(before.config.Directory) {
		return err
	}
	if bridge.Explain(err).Reason == reason.Unavailable {
		return &config.Later{Cause: err}
	}
	return err
}

// close ends the last house, when the door is shut, and what is left of those before.
func (p *premises) close(ctx context.Context) {
	p.life.end()
	<-p.drained
	p.house.gate.Close(ctx)
	p.house.close()
}

// life is what runs in a house beside the requests.
type life struct {
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	met    atomic.Bool // the house has met the directory, and what is wrong there was told
}

func (h house) live(ctx context.Context) *life {
	l := &life{}
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.run(h.gate.Watch)
	l.run(h.bridge.Adopt)
	l.run(h.bridge.Settle)
	return l
}

// meet runs the task that has the house meet the directory.
func (l *life) meet(task func(context.Context)) {
	l.run(func(ctx context.Context) {
		task(ctx)
		l.met.Store(ctx.Err() == nil)
	})
}

// run runs a task, until the end.
func (l *life) run(task func(context.Context)) { l.tasks.Go(func() { task(l.ctx) }) }

// end ends it.
func (l *life) end() {
	l.cancel()
	l.tasks.Wait()
}
