package dirtest

import (
	"runtime"
	"testing"
)

// portsLock is held by the test that has the ports of a domain controller.
const portsLock = "dirtest-samba.lock"

// OwnNetwork moves the test's thread, which forks its commands, into a network of its own; where that is not allowed, it waits until no
// other test on this machine has a domain controller's ports.
func OwnNetwork(t testing.TB) {
	t.Helper()
	runtime.LockOSThread() // for good: the thread ends with the test
	network, err := enterNewNetwork()
	if err == nil {
		network.Close()
		return
	}
	t.Log("on the machine's ports: ", err)
	ports, err := lockMachine(portsLock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ports.Close() })
}
