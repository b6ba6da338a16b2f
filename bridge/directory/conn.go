package directory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// conn is one bound connection. go-ldap multiplexes operations over it.
type conn struct {
	ldap   *ldap.Conn
	wire   *wire
	server int // index of its URL

	observe  func(context.Context, Exchange) // nil: nobody asks
	expires  time.Time                       // the server's certificate; zero: it has shown none
	doubt    string                          // what may be wrong where the connection ends before the server has answered anything; ""
	answered atomic.Bool                     // the server has answered something

	// guarded by the pool
	epoch    int
	underway int
	writing  int // writes of those, where there are several servers
	retired  bool
	apart    bool // for heavy requests: nobody is lent it unasked
}

func newConn(raw net.Conn, server int, timeout time.Duration, life *life) *conn {
	k := &conn{wire: &wire{Conn: raw, timeout: timeout, life: life}, server: server}
	k.ldap = ldap.NewConn(k.wire, false)
	k.ldap.Start() // without a timeout of go-ldap's, which takes a goroutine a request and a context a response: see exchange
	return k
}

// close ends the connection and what waits on it. The network connection goes first: go-ldap's Close waits for a blocked write.
func (k *conn) close() {
	k.wire.Close()
	k.ldap.Close()
}

// errLate is why the context of an operation ends where it took longer than we give it.
var errLate = fmt.Errorf("no answer in time (directory.timeout): %w", context.DeadlineExceeded)

// exchange runs one operation and returns when it is answered or ctx ends, whichever is first. go-ldap's calls take no context: the one
// that is left behind ends with the connection, which whoever had the outage retires or closes. The error is an *outage, what holds an
// *ldap.Error that the server answered, an *Error that says why the request cannot be sent, or errFull beside what was read of the answer.
func exchange[T any](ctx context.Context, k *conn, what operation, do func(*ldap.Conn) (T, error)) (T, error) {
	if k.observe == nil {
		return exchanged(ctx, k, do)
	}
	begun := time.Now()
	value, err := exchanged(ctx, k, do)
	if _, unsent := errors.AsType[*Error](err); !unsent {
		k.observe(ctx, Exchange{what.String(), codeOf(err), time.Since(begun)})
	}
	return value, err
}

// exchanged is exchange, which nobody watches.
func exchanged[T any](ctx context.Context, k *conn, do func(*ldap.Conn) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var nothing T
	if err := ctx.Err(); err != nil {
		return nothing, &outage{cause: context.Cause(ctx)}
	}
	sent, heard := k.wire.sent(), k.wire.life.signs.Load()
	look := time.AfterFunc(k.wire.timeout/2, func() { k.wire.life.look(ctx) })
	defer look.Stop()
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if fault := recover(); fault != nil {
				a.err = fmt.Errorf("the answer could not be read: %v", fault)
			}
			done <- a
		}()
		a.value, a.err = do(k.ldap)
	}()
	var a answer
	select {
	case a = <-done:
	case <-ctx.Done():
		select {
		case a = <-done: // both at once: the answer counts
		default:
			o := &outage{cause: context.Cause(ctx), sent: k.wire.maySend(sent)}
			o.late = errors.Is(o.cause, errLate)
			o.silent = o.late && k.wire.life.signs.Load() == heard
			o.answered = func() bool { return isAnswer((<-done).err) }
			return nothing, o
		}
	}
	a.err = worded(a.err)
	_, unsent := errors.AsType[*Error](a.err)
	if isAnswer(a.err) || unsent {
		k.answered.Store(true)
		return a.value, a.err
	}
	if k.doubt != "" && !k.answered.Load() {
		a.err = fmt.Errorf("%w (%s)", a.err, k.doubt)
	}
	return nothing, &outage{cause: a.err, sent: k.wire.sent() != sent}
}

// isAnswer says that an operation that ended so was answered.
func isAnswer(err error) bool {
	_, answered := asAnswer(err)
	return answered || err == nil || errors.Is(err, errFull)
}

// worded is the error of a call with a text that reads well.
func worded(err error) error {
	if answer, ok := asAnswer(err); ok && answer.Err.Error() == "" {
		return wordless{answer}
	}
	return err
}

// wordless is an answer that says no more than its code. go-ldap ends its text with a colon.
type wordless struct{ answer *ldap.Error }

func (w wordless) Error() string { return strings.TrimSuffix(w.answer.Error(), ": ") }
func (w wordless) Unwrap() error { return w.answer }

// wire is a network connection with a deadline on each write, which go-ldap does not set. It counts what goes over it.
type wire struct {
	net.Conn
	timeout time.Duration
	life    *life        // of the server
	begun   atomic.Int64 // writes begun, one an LDAP message
	failed  atomic.Int64 // writes that did not complete: the server cannot have run the message
}

// sent counts the messages that the server may have received. After a failed write nothing more is sent.
func (w *wire) sent() int64 { return w.begun.Load() - w.failed.Load() }

// maySend says that a message behind the first so many was sent, or may be yet: it may stand behind one that the server has not taken.
func (w *wire) maySend(sent int64) bool { return w.failed.Load() == 0 || w.sent() != sent }

func (w *wire) Write(message []byte) (int, error) {
	w.begun.Add(1)
	err := w.SetWriteDeadline(time.Now().Add(w.timeout))
	n := 0
	if err == nil {
		n, err = w.Conn.Write(message)
	}
	if err != nil {
		w.failed.Add(1)
		w.Close() // half a message makes the stream useless
	}
	return n, err
}

func (w *wire) Read(into []byte) (int, error) {
	n, err := w.Conn.Read(into)
	if n > 0 {
		w.life.signs.Add(1)
	}
	return n, err
}
