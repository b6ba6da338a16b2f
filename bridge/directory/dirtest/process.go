package dirtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// process is a server in the foreground, which dies with the test process.
type process struct {
	dir     string // its log lies here
	program string
	args    []string
	env     []string     // besides the test's own
	group   bool         // it has children
	enter   func() error // runs on the thread that forks, before it does; may be nil
	ready   func() error // nil once the server answers

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// readyLimit is far more than the slowest start on a busy machine takes (Samba: some 4 s).
const readyLimit = 2 * time.Minute

// start runs the program and returns when it answers.
func (p *process) start() error {
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = exec.Command(p.program, p.args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, log, log
	p.cmd.Env = append(p.cmd.Environ(), p.env...)
	p.cmd.SysProcAttr = dieWithParent()
	p.cmd.SysProcAttr.Setpgid = p.group
	p.done = make(chan struct{})

	started := make(chan error, 1)
	go run(p.cmd, p.enter, started, p.done)
	if err := <-started; err != nil {
		return err
	}
	return p.awaitReady()
}

// run forks on a thread of its own that lives as long as the process does: a network namespace belongs to a thread, and "dies with the
// parent" means in Linux the thread that forked. The goroutine keeps the thread locked, so that it ends with it.
func run(cmd *exec.Cmd, enter func() error, started chan<- error, done chan<- struct{}) {
	defer close(done)
	runtime.LockOSThread()
	if enter != nil {
		if err := enter(); err != nil {
			started <- err
			return
		}
	}
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait()
	}
}

// tie has a program that the goroutine starts and waits for die with the test process, and not with a thread that another goroutine ends
// (see run) before it is untied.
func tie(cmd *exec.Cmd) (untie func()) {
	runtime.LockOSThread()
	cmd.SysProcAttr = dieWithParent()
	return runtime.UnlockOSThread
}

func (p *process) awaitReady() error {
	limit := time.After(readyLimit)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := p.ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended at once: %s", p.program, p.log())
		case <-limit:
			p.kill()
			return fmt.Errorf("%s does not answer: %w\n%s", p.program, err, p.log())
		case <-again.C:
		}
	}
}

func (p *process) running() bool {
	if p.done == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill ends the process, also a stopped one, and waits until it is gone.
func (p *process) kill() {
	if p.running() {
		if p.group {
			_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		}
		_ = p.signal(syscall.SIGKILL)
		<-p.done
	}
}

func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// stop stops every thread of the process, and returns when they have: a signal is only on its way when it has been sent.
func (p *process) stop() error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for until := time.Now().Add(readyLimit); p.running() && !stopped(p.cmd.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			return fmt.Errorf("%s does not stop", p.program)
		}
	}
	return nil
}

// stopped reads the state of each thread (proc_pid_stat(5)): the letter after the program's name in brackets. Where there is no /proc the
// signal must do.
func stopped(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if after := bytes.LastIndex(text, []byte(") ")); err == nil && (after < 0 || text[after+2] != 'T') {
			return false
		}
	}
	return true
}

func (p *process) logFile() string { return filepath.Join(p.dir, "server.log") }

func (p *process) log() string {
	text, _ := os.ReadFile(p.logFile())
	return string(text)
}
