package clocktest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// clockGettime stands in a process for the kernel's function of that name, which every process is given (vdso(7)) and time.Now calls: it
// asks the kernel, and adds the seconds behind it to the time of day, clock 0. Other clocks go on.
var clockGettime = []byte{
	0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi
	0x75, 10, // jne ret
	0x48, 0x8b, 0x0d, 6, 0, 0, 0, // mov rcx, the seconds
	0x48, 0x01, 0x0e, // add [rsi], rcx
	0xc3,       // ret
	0xcc, 0xcc, // the seconds are aligned
	0, 0, 0, 0, 0, 0, 0, 0,
}

const secondsAt = 24

// Start starts a program on a clock of its own. An error of errors.ErrUnsupported is this machine's.
func Start(command *exec.Cmd) (*Process, error) {
	runtime.LockOSThread() // who traces is a thread
	defer runtime.UnlockOSThread()
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true} // so that it waits ahead of its first step
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &Process{pid: command.Process.Pid}
	err := p.replace()
	if err = errors.Join(err, syscall.PtraceDetach(p.pid)); err != nil {
		return nil, errors.Join(err, command.Process.Kill(), command.Wait())
	}
	return p, nil
}

// replace puts clockGettime where the kernel's function is, in the process's own copy of it.
func (p *Process) replace() error {
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.pid, &status, 0, nil); err != nil {
		return err
	}
	base, err := p.vdso()
	if err != nil {
		return err
	}
	image := make([]byte, 2*os.Getpagesize())
	if _, err := syscall.PtracePeekText(p.pid, base, image); err != nil {
		return err
	}
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return err
	}
	functions, err := file.DynamicSymbols()
	if err != nil {
		return err
	}
	for _, f := range functions {
		if at := base + uintptr(f.Value); f.Name == "__vdso_clock_gettime" && f.Size >= uint64(len(clockGettime)) && at%8 == 0 {
			p.seconds = at + secondsAt
			_, err := syscall.PtracePokeText(p.pid, at, clockGettime)
			return err
		}
	}
	return fmt.Errorf("the kernel's clock_gettime is not as it is known to be: %w", errors.ErrUnsupported)
}

// vdso is where the process has what the kernel gives it: a word of its auxiliary vector (getauxval(3)).
func (p *Process) vdso() (uintptr, error) {
	const sysinfoEhdr, pair = 33, 16
	vector, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", p.pid))
	if err != nil {
		return 0, err
	}
	for ; len(vector) >= pair; vector = vector[pair:] {
		if binary.LittleEndian.Uint64(vector) == sysinfoEhdr {
			return uintptr(binary.LittleEndian.Uint64(vector[pair/2:])), nil
		}
	}
	return 0, fmt.Errorf("the kernel gives no functions: %w", errors.ErrUnsupported)
}

// Turn has the process's time of day be so much later (earlier: less than 0) than it is, in whole seconds.
func (p *Process) Turn(by time.Duration) error {
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", p.pid), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	_, err = memory.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(int64(by/time.Second))), int64(p.seconds))
	return err
}
