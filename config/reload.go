package config

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"scimbridge/bridge/access"
)

const (
	// looking is how often the file is looked at. That finds what no notice tells of, such as a change on another machine, or by a symbolic
	// link that another takes the place of, as in Kubernetes. What a file was changed to is read once it was the same at two looks, so that
	// one that is being written is not taken for a bad one.
	looking = 300 * time.Millisecond
	// tryAgain is how long after it could not be taken for the time being it is tried again.
	tryAgain = 5 * time.Second
)

// Later is why a configuration cannot be taken yet: it is tried again, though nothing of the file changes.
type Later struct{ Cause error }

func (l *Later) Error() string { return l.Cause.Error() }
func (l *Later) Unwrap() error { return l.Cause }

// Reloader has a configuration taken in the place of the one that holds, when its file changes and on request. The files that it names are
// no matter of its: whoever needs one reads it when it has changed.
type Reloader struct {
	file string
	seen os.FileInfo // as of the last taking

	mu  sync.Mutex
	at  time.Time
	err error
}

// NewReloader is to be made before the file is read first.
func NewReloader(file string) *Reloader { return &Reloader{file: file, seen: access.Version(file)} }

// Last says when the file was last to be taken since the start, the zero time where it was not, and why that could not be, nil where it
// was: then the configuration before it holds.
func (r *Reloader) Last() (at time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at, r.err
}

// Run calls take until ctx ends: when the file has changed, when somebody asks for it, and when there is news of what it names. The context
// of a taking that is under way when that comes again ends, and what becomes of that one is of no account.
func (r *Reloader) Run(
	ctx context.Context, log *slog.Logger, ask <-chan os.Signal, news <-chan struct{},
	take func(ctx context.Context, asked bool) error,
) {
	tick := time.NewTicker(looking)
	defer tick.Stop()
	under := &taking{}
	defer func() { under.end() }()
	for last := r.seen; ; {
		asked, told := false, false
		select {
		case err := <-under.done:
			r.note(log, err, under.tells)
			under = &taking{}
			continue
		case <-ask:
			asked = true
		case <-news:
			told = true
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := access.Version(r.file)
		changed := access.SameVersion(now, last) && !access.SameVersion(now, r.seen)
		if last = now; !asked && !told && !changed && !(under.done == nil && r.due()) {
			continue
		}
		r.seen = now
		under.end()
		under = begin(ctx, take, asked || under.asked, asked || changed || under.tells)
	}
}

// taking is one that is under way; the zero taking: none is.
type taking struct {
	asked, tells bool // somebody asked for it; the log is to hear of it though nothing is new
	cancel       context.CancelFunc
	done         chan error
}

func begin(ctx context.Context, take func(ctx context.Context, asked bool) error, asked, tells bool) *taking {
	t := &taking{asked: asked, tells: tells, done: make(chan error, 1)}
	ctx, t.cancel = context.WithCancel(ctx)
	go func() { t.done <- take(ctx, asked) }()
	return t
}

// end waits for what is under way, which it has end.
func (t *taking) end() {
	if t.done != nil {
		t.cancel()
		<-t.done
	}
}

// due says that it is time to try again what could not be taken yet.
func (r *Reloader) due() bool {
	at, err := r.Last()
	_, later := errors.AsType[*Later](err)
	return later && time.Since(at) >= tryAgain
}

// note keeps what became of it. tells: the log is to hear of it though nothing is new.
func (r *Reloader) note(log *slog.Logger, err error, tells bool) {
	r.mu.Lock()
	r.at, r.err = time.Now(), err
	r.mu.Unlock()
	faults, are := errors.AsType[Faults](err)
	_, later := errors.AsType[*Later](err)
	switch {
	case err == nil:
		log.Info("the configuration was taken", "file", r.file)
	case later && !tells:
	case are:
		for _, f := range faults {
			log.Error("the configuration is not taken, the one before holds", "place", f.Origin, "key", f.Path, "problem", f.Problem)
		}
	default:
		log.Error("the configuration is not taken, the one before holds", "file", r.file, "error", err)
	}
}
