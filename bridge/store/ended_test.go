package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// TestConnectionEnds: a connection that ends anywhere in an answer of PostgreSQL has the transaction done anew, or its commit told as
// unknown; it is nobody's fault within.
func TestConnectionEnds(t *testing.T) {
	o := storetest.PostgresServer(t).Database(t)
	way := newWay(t, &o)
	s := storetest.Open(t, o)
	shelf(t, s)
	anew, unknown := 0, 0
	for octets, cut := int64(1), true; cut; octets += 3 { // no message is as short
		title, tries := fmt.Sprintf("cut-after-%d", octets), 0
		way.left.Store(octets)
		err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			tries++
			if err := execute("INSERT INTO book (title) VALUES ($1)", title)(ctx, tx); err != nil {
				return err
			}
			var stands int
			return tx.QueryRowContext(ctx, "SELECT count(*) FROM book WHERE title = $1", title).Scan(&stands)
		})
		cut = way.left.Swap(0) == 0
		known, ours := errors.AsType[*store.Error](err)
		switch {
		case ours && known.Kind == store.Away && known.Unknown:
			unknown++
		case err != nil:
			t.Fatalf("after %d octets: %v", octets, err)
		case tries > 1:
			anew++
		}
		if n := strings.Count(titles(t, s)+" ", title+" "); n != 1 && err == nil {
			t.Fatalf("after %d octets it stands %d times", octets, n)
		}
	}
	if anew == 0 || unknown == 0 {
		t.Errorf("%d were done anew, of %d it was not known", anew, unknown)
	}
}

// way is a way to PostgreSQL that ends after some octets of answers.
type way struct{ left atomic.Int64 } // 0: it does not end; the last of them is not passed on

func newWay(t *testing.T, o *store.Options) *way {
	t.Helper()
	to, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "way") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	query := to.Query()
	server := filepath.Join(query.Get("host"), ".s.PGSQL.5432")
	listener, err := net.Listen("unix", filepath.Join(folder, filepath.Base(server)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	query.Set("host", folder)
	to.RawQuery = query.Encode()
	o.URL = to.String()
	w := &way{}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("unix", server)
			if err != nil {
				client.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(behind, client)
				behind.Close()
			}()
			go w.answers(client, behind)
		}
	}()
	return w
}

// answers passes on what a server says, until the way ends.
func (w *way) answers(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	octets := make([]byte, 4096)
	for {
		n, err := server.Read(octets)
		if err != nil {
			return
		}
		left := w.left.Load()
		ends := left > 0 && left <= int64(n)
		if left > 0 {
			w.left.Store(max(left-int64(n), 0))
		}
		if ends {
			n = int(left) - 1
		}
		if _, err := client.Write(octets[:n]); err != nil || ends {
			return
		}
	}
}
