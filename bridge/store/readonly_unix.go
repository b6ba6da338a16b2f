//go:build unix

package store

import (
	"errors"
	"syscall"
)

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// mayWrite says what keeps us from reading and writing a file. SQLite would open it all the same, and leave files beside it with the same
// rights, which nobody could write later either.
func mayWrite(path string) error {
	const readAndWrite = 4 | 2
	return syscall.Access(path, readAndWrite)
}

// mayRead says what keeps us from reading a file.
func mayRead(path string) error {
	const read = 4
	return syscall.Access(path, read)
}
