package bridge

import (
	"fmt"
	"runtime/debug"
)

// caught does what is done beside a request's own goroutine, where a panic would end the process: it is its error.
func caught(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic: %v\n%s", value, debug.Stack())
		}
	}()
	return do()
}
