package access

import (
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"scimbridge/bridge/origin"
	"scimbridge/bridge/reason"
)

const (
	// failuresAtOnce are a client's that was set up with the wrong token: it is told so for a while.
	failuresAtOnce = 40
	// failuresApart is how far apart further ones are told.
	failuresApart = 3 * time.Second
	// failingAddresses is how many are kept, those of which nothing was heard the longest given up: a few hundred kilobytes.
	failingAddresses = 4096
	// failingTogether is how many addresses' worth of failures may be told of one client: who guesses its secret from many of them gains
	// no more, and one address that fails does not use it up.
	failingTogether = 10

	// tokensAtOnce are more than a client fetches that keeps each for as long as it lasts, and starts again a few times.
	tokensAtOnce = 100
	// tokensApart lets a client through that fetches one for each request.
	tokensApart = 100 * time.Millisecond
)

// attempts limits, for each address and for each client that fetches tokens, how often somebody is told that he is nobody, or that it
// cannot be told: who makes tokens up may choose which. Whoever is somebody is let in all the same, from the same address too: what is
// limited is what the others cost, and what they fill the log with. Of tokens that are fetched it limits how many a client gets, for each
// address by itself: who has a secret that he should not have keeps its client from none.
type attempts struct {
	log *slog.Logger

	mu      sync.Mutex
	from    *lru.Cache[netip.Prefix, *failing]
	as      map[string]*failing // clients that are configured
	fetched *lru.Cache[fetching, *rate.Limiter]
}

// failing is an address from which attempts fail, or a client as which they do.
type failing struct {
	*rate.Limiter
	told bool // that they are limited
}

// fetching is a client that fetches tokens from an address.
type fetching struct {
	client  string
	network netip.Prefix // zero: it cannot be told
}

func newAttempts(log *slog.Logger) (*attempts, error) {
	from, err := lru.New[netip.Prefix, *failing](failingAddresses)
	fetched, problem := lru.New[fetching, *rate.Limiter](failingAddresses)
	return &attempts{log: log, from: from, as: map[string]*failing{}, fetched: fetched}, errors.Join(err, problem)
}

// failed counts an attempt that failed, and returns err, or what it is told in its place. client is the one whose it would be, "" where it
// is no client's of the configuration.
func (a *attempts) failed(address, client string, now time.Time, err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var wait time.Duration
	if network, ok := origin.Network(address); ok {
		f, known := a.from.Get(network)
		if !known {
			f = newFailing(1)
			a.from.Add(network, f)
		}
		wait = a.count(f, now, "attempts to be let in keep failing from an address", "client", network.String(), err)
	}
	if client != "" && wait == 0 { // of what is limited already no client hears
		f := a.as[client]
		if f == nil {
			f = newFailing(failingTogether)
			a.as[client] = f
		}
		wait = a.count(f, now, "attempts to fetch a token keep failing, from many addresses", "id", client, err)
	}
	if wait == 0 {
		return err
	}
	if refusal, known := errors.AsType[*reason.Error](err); known {
		wait = max(wait, refusal.RetryAfter)
	}
	return &reason.Error{Reason: reason.Attempts, RetryAfter: wait}
}

func newFailing(addresses int) *failing {
	return &failing{Limiter: rate.NewLimiter(rate.Every(failuresApart/time.Duration(addresses)), failuresAtOnce*addresses)}
}

// count counts an attempt that failed. 0: it may be told so; else it is to come back after a while, and the log is told once.
func (a *attempts) count(f *failing, now time.Time, what, key, whose string, err error) time.Duration {
	next := f.ReserveN(now, 1)
	wait := next.DelayFrom(now)
	if wait == 0 {
		f.told = f.told && f.TokensAt(now) < float64(f.Burst())/2
		return 0
	}
	next.CancelAt(now)
	if !f.told {
		f.told = true
		a.log.Warn(what, key, whose, "last", causeOf(err))
	}
	return wait
}

// fetch counts a token that a client is about to get, or says why it gets none yet.
func (a *attempts) fetch(address, client string, now time.Time) error {
	network, _ := origin.Network(address)
	a.mu.Lock()
	defer a.mu.Unlock()
	f, known := a.fetched.Get(fetching{client, network})
	if !known {
		f = rate.NewLimiter(rate.Every(tokensApart), tokensAtOnce)
		a.fetched.Add(fetching{client, network}, f)
	}
	next := f.ReserveN(now, 1)
	wait := next.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	next.CancelAt(now)
	return &reason.Error{Reason: reason.TooFast, RetryAfter: wait, Detail: "the client fetches too many tokens: each lasts until it ends"}
}
