//go:build unix

package storetest

import (
	"os"
	"os/user"
	"strconv"
	"sync"
	"syscall"
)

// other is whom root runs PostgreSQL as, which refuses root: its package's user, or nobody. nil: we are not root.
var other = sync.OnceValue(func() *syscall.Credential {
	if os.Geteuid() != 0 || namespaced() != nil {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, wrong := strconv.ParseUint(found.Uid, 10, 32)
		gid, alsoWrong := strconv.ParseUint(found.Gid, 10, 32)
		if wrong == nil && alsoWrong == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
})

// unprivileged has a program run as that user, in a process group of its own: what a terminal sends the test is not for it.
func unprivileged() *syscall.SysProcAttr {
	if attr := namespaced(); os.Geteuid() == 0 && attr != nil {
		return attr
	}
	return &syscall.SysProcAttr{Credential: other(), Setpgid: true}
}

// giveAway makes files that user's.
func giveAway(paths ...string) error {
	for _, path := range paths {
		if to := other(); to != nil {
			if err := os.Chown(path, int(to.Uid), int(to.Gid)); err != nil {
				return err
			}
		}
	}
	return nil
}
