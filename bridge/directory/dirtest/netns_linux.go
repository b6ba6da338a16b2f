package dirtest

import (
	"fmt"
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

// room is a network and a mount namespace.
type room struct{ network, mounts *os.File }

// enterNewRoom is enterNewNetwork, with further addresses on loopback, and with other files in the place of the machine's.
func enterNewRoom(addresses []string, files map[string]string) (*room, error) {
	network, err := enterNewNetwork()
	if err != nil {
		return nil, err
	}
	for i, address := range addresses {
		if err := addAddress(fmt.Sprintf("lo:%d", i+1), address); err != nil {
			return nil, err
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return nil, os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, os.NewSyscallError("mount", err)
	}
	for at, file := range files {
		if err := unix.Mount(file, at, "", unix.MS_BIND, ""); err != nil {
			return nil, &os.PathError{Op: "mount", Path: at, Err: err}
		}
	}
	mounts, err := os.Open("/proc/thread-self/ns/mnt")
	return &room{network, mounts}, err
}

// enter moves the calling thread, which must be locked to its goroutine, there.
func (r *room) enter() error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Setns(int(r.mounts.Fd()), unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("setns", err)
	}
	return os.NewSyscallError("setns", unix.Setns(int(r.network.Fd()), unix.CLONE_NEWNET))
}

// addAddress gives the interface lo a further address, by a name for it.
func addAddress(name, address string) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := lo.SetInet4Addr(net.ParseIP(address).To4()); err != nil {
		return err
	}
	return os.NewSyscallError("ioctl", unix.IoctlIfreq(socket, unix.SIOCSIFADDR, lo))
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
func lockMachine(name string) (*os.File, error) { return lockFile(filepath.Join(os.TempDir(), name)) }

// lockFile likewise locks a file, and makes it if it is not there.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		file.Close()
		return nil, os.NewSyscallError("flock", err)
	}
	return file, nil
}
