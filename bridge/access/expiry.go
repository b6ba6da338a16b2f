package access

import (
	"context"
	"log/slog"
	"time"
)

const (
	day = 24 * time.Hour
	// notice is how long before its end a token is told: time to make another and to put it where it is used.
	notice = 14 * day
)

func (t *token) expired(now time.Time) bool { return !t.expires.IsZero() && !now.Before(t.expires) }

// Watch tells, now and each day, which tokens have expired or are about to, and keeps the keys of issuers, until ctx ends.
func (g *Gate) Watch(ctx context.Context) {
	daily, keys := time.NewTicker(day), time.NewTicker(keysAge)
	defer daily.Stop()
	defer keys.Stop()
	g.remind()
	g.rings.refresh(ctx)
	for {
		select {
		case <-daily.C:
			g.remind()
		case <-keys.C:
			g.rings.refresh(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (g *Gate) remind() {
	now := g.now()
	for _, t := range g.current() {
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
