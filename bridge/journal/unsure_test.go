package journal_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// What a between does with the next commit.
const (
	pass int32 = iota
	loseAnswer
	loseCommit
)

// between stands between a store and PostgreSQL.
type between struct{ next atomic.Int32 }

// stand returns the options of a store that goes through it.
func (b *between) stand(t *testing.T, o store.Options) store.Options {
	t.Helper()
	address, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	const socket = ".s.PGSQL.5432"
	server := filepath.Join(query.Get("host"), socket)
	folder := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(folder, socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go b.serve(client, server)
		}
	}()
	query.Set("host", folder)
	address.RawQuery = query.Encode()
	o.URL = address.String()
	return o
}

func (b *between) serve(client net.Conn, server string) {
	defer client.Close()
	database, err := net.Dial("unix", server)
	if err != nil {
		return
	}
	defer database.Close()
	var deaf atomic.Bool
	go func() {
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := database.Read(buffer)
			if err != nil || deaf.Load() { // the commit is done
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.HasPrefix(buffer[:n], []byte("Q")) && bytes.Contains(buffer[:n], []byte("commit\x00")) {
			switch b.next.Swap(pass) {
			case loseCommit:
				return
			case loseAnswer:
				deaf.Store(true)
				_, _ = database.Write(buffer[:n])
				_, _ = io.Copy(io.Discard, client) // until the other side is done
				return
			}
		}
		if _, err := database.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestUnknownCommit: what was committed and not answered is not written twice, and what was not is written: an intent whose writer was
// told no says that nothing was sent, and a receipt stands once.
func TestUnknownCommit(t *testing.T) {
	for name, c := range map[string]struct {
		fault   int32
		refused int // intents of whom the caller was told that they are not recorded, and are
	}{"the answer is lost": {loseAnswer, 1}, "the commit is lost": {loseCommit, 0}} {
		t.Run(name, func(t *testing.T) {
			b := &between{}
			s := storetest.Open(t, b.stand(t, storetest.Postgres(t)))
			l := open(t, s, journal.Options{})
			fill(t, l, 1)
			b.next.Store(c.fault)
			if entry, err := l.Begin(t.Context(), intent(renaming()), nil); err == nil {
				t.Fatalf("%s is recorded", entry.ID())
			}
			var entry *journal.Entry
			for until := time.Now().Add(time.Minute); entry == nil; time.Sleep(20 * time.Millisecond) {
				var err error
				if entry, err = l.Begin(t.Context(), intent(renaming()), nil); err != nil && time.Now().After(until) {
					t.Fatal(err)
				}
			}
			b.next.Store(c.fault)
			entry.Close(journal.Done{Receipt: done(renaming()), Status: 500})
			l.Shut()
			outcomes := map[journal.Outcome]int{}
			if err := journal.Find(t.Context(), s, journal.Query{}, func(a journal.Account) error {
				outcomes[a.Outcome]++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if outcomes[journal.HalfDone] != 2 || outcomes[journal.NotSent] != c.refused || len(outcomes) != 1+c.refused {
				t.Error(outcomes)
			}
			if v, faults := verify(t, s); faults != "" || v.Records != 4+2*c.refused {
				t.Errorf("%d records; %s", v.Records, faults)
			}
		})
	}
}
