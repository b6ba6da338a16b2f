package access

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

const (
	day = 24 * time.Hour
	// notice is how long before its end a token is told: time to make another and to put it where it is used.
	notice = 14 * day
)

func (t *token) expired(now time.Time) bool { return !t.expires.IsZero() && !now.Before(t.expires) }

// Watch tells, now and each day, which tokens have expired or are about to, keeps the keys of issuers, and writes down when the store's
// tokens were used last, until ctx ends.
func (g *Gate) Watch(ctx context.Context) {
	daily, often := time.NewTicker(day), time.NewTicker(useAge)
	defer daily.Stop()
	defer often.Stop()
	g.remind(ctx)
	g.rings.refresh(ctx, keysAge) // a gate before this one may have read them
	for {
		select {
		case <-daily.C:
			g.remind(ctx)
		case <-often.C:
			g.keepUses(ctx)
			g.rings.refresh(ctx, keysAge)
		case <-ctx.Done():
			return
		}
	}
}

// Close writes down what is not written yet: when the store's tokens were used last.
func (g *Gate) Close(ctx context.Context) { g.keepUses(ctx) }

func (g *Gate) keepUses(ctx context.Context) {
	if g.stored == nil {
		return
	}
	if err := g.stored.keepUses(ctx); err != nil {
		g.log.Warn("when tokens were used last cannot be written down", "error", err)
	}
}

// Ends are when tokens end that do, those of the store too, as far as it can be asked. Those that have ended are among them.
func (g *Gate) Ends(ctx context.Context) (ends []time.Time) {
	for _, t := range slices.Concat(g.current(), g.stored.all(ctx)) {
		if !t.expires.IsZero() {
			ends = append(ends, t.expires)
		}
	}
	return ends
}

func (g *Gate) remind(ctx context.Context) {
	now := g.now()
	for _, t := range slices.Concat(g.current(), g.stored.all(ctx)) {
		told := []any{slog.String("token", t.name), slog.Time("expires", t.expires)}
		switch left := t.expires.Sub(now); {
		case t.expires.IsZero() || left > notice:
		case t.expired(now):
			g.log.Warn("a token has expired", told...)
		default:
			g.log.Warn("a token expires soon", append(told, slog.Int("days", int(left/day)))...)
		}
	}
}
