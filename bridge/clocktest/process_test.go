package clocktest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
)

// tells is in the environment of a process that says when it is, as often as it is asked.
const tells = "SCIMBRIDGE_TEST_TELLS_THE_TIME"

func TestMain(m *testing.M) {
	if os.Getenv(tells) == "" {
		os.Exit(m.Run())
	}
	begun := time.Now()
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		fmt.Println(time.Now().Unix(), time.Since(begun))
	}
}

// TestProcess: the time of day of a process is turned, there and back, and its monotonic clock goes on.
func TestProcess(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), tells+"=1")
	ask, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	hear, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(command)
	if err != nil {
		dirtest.LeaveOutHere(t, "a clock of a process", err.Error(), "run the tests on Linux on amd64")
	}
	defer func() { _ = command.Wait() }()
	defer ask.Close()
	begun, answers := time.Now(), bufio.NewReader(hear)
	for _, by := range []time.Duration{0, time.Hour, -24 * time.Hour, 1e4 * time.Hour, 0} {
		if err := p.Turn(by); err != nil {
			t.Fatal(err)
		}
		before := time.Now().Add(by).Unix()
		fmt.Fprintln(ask)
		answer, err := answers.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		after := time.Now().Add(by).Unix()
		var now int64
		var since string
		if _, err := fmt.Fscan(strings.NewReader(answer), &now, &since); err != nil {
			t.Fatal(err)
		}
		went, err := time.ParseDuration(since)
		if now < before || now > after || err != nil || went < 0 || went > time.Since(begun)+time.Second {
			t.Errorf("turned by %s it is %d, and not from %d to %d; since its start %s went by: %v", by, now, before, after, since, err)
		}
	}
}
