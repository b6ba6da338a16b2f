package directory

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/go-ldap/ldap/v3"
)

// life tells a server that hangs from one that is busy with something heavy: whatever comes from it, over any connection, is a sign of
// life, and where an operation waits for long it is asked for one.
type life struct {
	signs  atomic.Int64
	asking atomic.Bool
	ask    func(context.Context) error // connects afresh and reads the root DSE, without our bind: any answer will do
}

// look asks for a sign of life, once for all that wait.
func (l *life) look(ctx context.Context) {
	if !l.asking.CompareAndSwap(false, true) {
		return
	}
	defer l.asking.Store(false)
	_, down := errors.AsType[*outage](l.ask(ctx))
	if !down {
		l.signs.Add(1)
	}
}

// ask is a life's.
func (d *dialer) ask(ctx context.Context, server int) error {
	k, err := d.connect(ctx, server, &life{ask: func(context.Context) error { return nil }})
	if err != nil {
		return err
	}
	defer k.close()
	_, err = exchange(ctx, k, reads, readRootDSE(ctx))
	return err
}

// readRootDSE asks for an answer and nothing else.
func readRootDSE(ctx context.Context) func(*ldap.Conn) (*ldap.SearchResult, error) {
	return func(l *ldap.Conn) (*ldap.SearchResult, error) {
		return l.Search(Search{Scope: BaseObject, Attributes: []string{noAttributes}}.request(ctx))
	}
}
