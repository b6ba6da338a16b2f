package access

import (
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"scimbridge/bridge/reason"
)

const (
	// failuresAtOnce are a client's that was set up with the wrong token: it is told so for a while.
	failuresAtOnce = 40
	// failuresApart is how far apart further ones are told.
	failuresApart = 3 * time.Second
	// failingAddresses is how many are kept, those of which nothing was heard the longest given up: a few hundred kilobytes.
	failingAddresses = 4096
)

// attempts limits, for each address, how often somebody is told that he is nobody, or that it cannot be told: who makes tokens up may
// choose which. Whoever is somebody is let in all the same, from the same address too: what is limited is what the others cost, and what
// they fill the log with.
type attempts struct {
	log *slog.Logger

	mu   sync.Mutex
	from *lru.Cache[netip.Prefix, *failing]
}

// failing is an address from which attempts fail.
type failing struct {
	*rate.Limiter
	told bool // that they are limited
}

func newAttempts(log *slog.Logger) (*attempts, error) {
	from, err := lru.New[netip.Prefix, *failing](failingAddresses)
	return &attempts{log: log, from: from}, err
}

// failed counts an attempt that failed, and returns err, or what it is told in its place.
func (a *attempts) failed(address string, now time.Time, err error) error {
	network, ok := networkOf(address)
	if !ok {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f, known := a.from.Get(network)
	if !known {
		f = &failing{Limiter: rate.NewLimiter(rate.Every(failuresApart), failuresAtOnce)}
		a.from.Add(network, f)
	}
	next := f.ReserveN(now, 1)
	wait := next.DelayFrom(now)
	if wait == 0 {
		f.told = f.told && f.TokensAt(now) < failuresAtOnce/2
		return err
	}
	next.CancelAt(now)
	if !f.told {
		f.told = true
		a.log.Warn("attempts to be let in keep failing from an address", "client", network.String(), "last", causeOf(err))
	}
	if refusal, known := errors.AsType[*reason.Error](err); known {
		wait = max(wait, refusal.RetryAfter)
	}
	return &reason.Error{Reason: reason.Attempts, RetryAfter: wait}
}

// networkOf is what one client may have of addresses: of IPv6 a network (RFC 6177).
func networkOf(address string) (netip.Prefix, bool) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}, false
	}
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	network, err := ip.Prefix(bits)
	return network, err == nil
}
