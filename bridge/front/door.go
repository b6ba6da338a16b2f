package front

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"
)

// Door is where clients come in, for as long as the program runs: the listener's connections. Behind it stands one Server at a time, and
// another may take its place at any moment. A request is answered by the one that stood there when it came, by whichever connection.
type Door struct {
	options Options          // of the first server: those of connections hold for all
	http    *fasthttp.Server // its
	log     *slog.Logger
	lack    func() error // beside what the bridge lacks
	ending  atomic.Bool

	mu     sync.RWMutex
	server *Server
}

// NewDoor makes a door with the first server behind it. lack is what a health check tells is missing all the same, nil where nothing is.
func NewDoor(first *Server, lack func() error, log *slog.Logger) *Door {
	d := &Door{options: first.options, http: first.app.Server(), log: log, lack: lack, server: first}
	first.door = d
	return d
}

// Put has s answer what comes from now on. left waits until the one before has answered what it began.
func (d *Door) Put(s *Server) (left func()) {
	s.door = d
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.server
	d.server = s
	s.crowd.limit(s.bridge.Limits())
	return before.underway.Wait // which nobody adds to any more
}

// enter is the server that answers a request, whose underway is to be told when it has.
func (d *Door) enter() *Server {
	d.mu.RLock()
	defer d.mu.RUnlock()
	d.server.underway.Add(1)
	return d.server
}

func (d *Door) handle(request *fasthttp.RequestCtx) {
	s := d.enter()
	defer s.underway.Done()
	if d.ending.Load() {
		request.SetConnectionClose() // the next is for another copy
	}
	s.handle(request)
}

func (d *Door) room(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	s := d.enter()
	defer s.underway.Done()
	return s.room(h)
}

func (d *Door) unreadable(request *fasthttp.RequestCtx, err error) {
	s := d.enter()
	defer s.underway.Done()
	s.unread(request, err)
}

// Serve answers requests on ln until ctx ends. Then health checks say so for shutdownDelay, while requests are answered as ever; then it
// takes no more, and returns when those under way are answered.
func (d *Door) Serve(ctx context.Context, ln net.Listener) error {
	server := d.http
	server.Handler, server.HeaderReceived, server.ErrorHandler = d.handle, d.room, d.unreadable
	server.CloseOnShutdown = true
	ended := make(chan error, 1)
	go func() {
		ended <- server.Serve(&listener{
			Listener: ln, most: int64(d.options.MaxConnections), asks: d.options.TLS.ClientCA != "", log: d.log,
			unsure: rate.Sometimes{Interval: time.Minute}, mistaken: rate.Sometimes{Interval: time.Minute},
		})
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	d.ending.Store(true)
	last := d.enter()
	last.underway.Done()
	select {
	case err := <-ended:
		return err
	case <-time.After(last.options.ShutdownDelay):
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), last.options.RequestTimeout+shutdownTimeout)
	defer cancel()
	return server.ShutdownWithContext(bounded)
}

// Succeed takes over from the server whose place it takes how many requests there are of whom, and what they may cost together. It is to
// be called before it answers any. How many there may be is the one's before until s is put in its place, which may never be.
func (s *Server) Succeed(before *Server) {
	s.crowd = before.crowd
	if s.options.MaxBody == before.options.MaxBody {
		s.heavy = before.heavy
	}
}
