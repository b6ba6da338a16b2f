package examples_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples/bridgetest"
)

const (
	// idlers are connections on which nothing is asked any more, dawdlers those of each kind of client that takes its time.
	idlers, dawdlers = 5_000, 200
	// crowdSize is what the program may hold of them all: some 40 KiB of each, and as much again until it is collected.
	crowdSize = 600 << 20
)

// TestCrowdsOfConnections: beside thousands of connections that are idle, send their requests octet by octet, read no answer or begin no
// request, on both listeners, others are served; and each ends when its time is over, whether it sends anything or not.
func TestCrowdsOfConnections(t *testing.T) {
	t.Parallel()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if need := uint64(idlers + 10*dawdlers); limit.Cur < need { // and so does the program
		t.Fatalf("the test opens %d files at once, and may open %d: ulimit -n", need, limit.Cur)
	}
	binary := bridgetest.Build(t)
	t.Run("while they stay", func(t *testing.T) {
		scim, _ := besideCrowds(t, binary, "1h") // however slow the machine is; of the admin listener's the time is not configured
		if n := scim.ended.Load(); n > 0 {
			t.Errorf("%d of %d connections were not there beside the others' requests", n, scim.all.Load())
		}
	})
	t.Run("until they end", func(t *testing.T) {
		scim, admin := besideCrowds(t, binary, "8s")
		for _, c := range []*crowds{scim, admin} {
			c.end(t)
			if n := c.early.Load(); n > 0 {
				t.Errorf("%d connections ended before their time", n)
			}
		}
	})
}

// besideCrowds sees that others are served beside crowds on both listeners, which have so much time.
func besideCrowds(t *testing.T, binary, timeout string) (scim, admin *crowds) {
	t.Helper()
	p := startProgram(t, binary, dirtest.Memory(t), "SCIMBRIDGE_ADMIN_ADDRESS=127.0.0.1:0",
		"SCIMBRIDGE_LISTEN_MAXCONNECTIONS=10000", "SCIMBRIDGE_LISTEN_READTIMEOUT="+timeout,
		"SCIMBRIDGE_LISTEN_WRITETIMEOUT="+timeout, "SCIMBRIDGE_LISTEN_IDLETIMEOUT="+timeout)
	const head = "Host: x\r\nAuthorization: Bearer " + token + "\r\n"
	scim = &crowds{address: strings.TrimPrefix(strings.TrimSuffix(p.url, "/scim/v2"), "http://")}
	scim.come(t, idlers, "GET /healthz HTTP/1.1\r\n"+head+"\r\n", "")
	scim.come(t, dawdlers, "", "")
	scim.come(t, dawdlers, "GET /scim/v2/Schemas HTTP/1.1\r\n"+head+"X: ", "x")
	scim.come(t, dawdlers, "POST /scim/v2/Users HTTP/1.1\r\n"+head+"Content-Length: 100000\r\n\r\n{", " ")
	scim.come(t, dawdlers, strings.Repeat("GET /scim/v2/Schemas HTTP/1.1\r\n"+head+"\r\n", 100), "unread")
	admin = &crowds{address: strings.TrimPrefix(p.Admin, "http://")}
	admin.come(t, dawdlers, "GET /healthz HTTP/1.1\r\n"+head+"\r\n", "")
	admin.come(t, dawdlers, "GET /healthz HTTP/1.1\r\n"+head+"X: ", "x")
	admin.come(t, dawdlers, "", "")
	for n := range 20 {
		if err := p.plainly(fmt.Sprintf("plain%d", n)); err != nil {
			t.Error(err)
		}
		answer, err := http.Get(p.Admin + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("ready: %s", answer.Status)
		}
	}
	size := p.resident(t, "VmHWM")
	t.Logf("of %d and %d connections %d and %d ended beside the others' requests; %d MiB at most",
		scim.all.Load(), admin.all.Load(), scim.ended.Load(), admin.ended.Load(), size>>20)
	if size > crowdSize {
		t.Errorf("the program held %d MiB", size>>20)
	}
	return scim, admin
}

// crowds are connections that stay until the server ends them.
type crowds struct {
	address           string
	all, ended, early atomic.Int64
	open              sync.WaitGroup
}

// come opens connections that send a text, and then another every now and then.
func (c *crowds) come(t *testing.T, n int, first, then string) {
	t.Helper()
	for range n {
		begun := time.Now() // before the server's clock begins
		conn, err := net.Dial("tcp", c.address)
		if err != nil {
			t.Fatal(err)
		}
		c.all.Add(1)
		c.open.Go(func() {
			_, _ = io.WriteString(conn, first)
			defer c.ended.Add(1)
			defer func() {
				if time.Since(begun) < 7*time.Second {
					c.early.Add(1)
				}
			}()
			defer conn.Close()
			if then == "" {
				_, _ = io.Copy(io.Discard, conn) // until the server ends it
				return
			}
			for { // likewise
				if _, err := io.WriteString(conn, strings.Replace(then, "unread", first, 1)); err != nil {
					return
				}
				time.Sleep(200 * time.Millisecond)
			}
		})
	}
}

// end waits until the server has ended all.
func (c *crowds) end(t *testing.T) {
	t.Helper()
	over := make(chan struct{})
	go func() {
		defer close(over)
		c.open.Wait()
	}()
	select {
	case <-over:
	case <-time.After(time.Minute):
		t.Errorf("%d connections are there still", c.all.Load()-c.ended.Load())
	}
}
