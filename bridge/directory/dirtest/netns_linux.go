package dirtest

import (
	"net"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// enterNewNetwork moves the calling thread, which must be locked to its goroutine, into a network namespace of its own with the loopback
// interface up, and returns a handle on it. It needs CAP_SYS_ADMIN.
func enterNewNetwork() (*os.File, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, os.NewSyscallError("unshare", err)
	}
	if err := loopbackUp(); err != nil {
		return nil, err
	}
	return os.Open("/proc/thread-self/ns/net")
}

func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return os.NewSyscallError("ioctl", unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo))
}

// dialInNetwork dials an IP address and port from inside a network namespace.
func dialInNetwork(namespace *os.File, address string) (net.Conn, error) {
	var conn net.Conn
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		// A socket belongs to the namespace of the thread that makes it. The thread stays locked, and so ends with the goroutine.
		runtime.LockOSThread()
		err = unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
		runtime.KeepAlive(namespace)
		if err == nil {
			conn, err = net.DialTimeout("tcp", address, patience)
		}
	}()
	<-done
	return conn, err
}

// canEnterNewNetwork says why enterNewNetwork does not work here, or nil.
func canEnterNewNetwork() error {
	failed := make(chan error)
	go func() {
		runtime.LockOSThread()
		namespace, err := enterNewNetwork()
		if err == nil {
			namespace.Close()
		}
		failed <- err
	}()
	return <-failed
}

// lockMachine waits until no other process holds the lock of that name. It is free again when the file is closed, or the process ends.
func lockMachine(name string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		file.Close()
		return nil, os.NewSyscallError("flock", err)
	}
	return file, nil
}
