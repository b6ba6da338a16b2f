package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
)

// progress is a bar on a terminal; elsewhere it is nothing.
type progress struct {
	out   io.Writer // nil: no terminal
	begun time.Time
	shown time.Time
}

func newProgress(out io.Writer) *progress {
	if file, is := out.(*os.File); !is || !isatty.IsTerminal(file.Fd()) {
		out = nil
	}
	return &progress{out: out, begun: time.Now()}
}

const (
	barWidth = 30
	redrawn  = 100 * time.Millisecond
)

// step shows how far it is.
func (p *progress) step(done, all int) {
	now := time.Now()
	if p.out == nil || now.Sub(p.shown) < redrawn && done < all {
		return
	}
	p.shown = now
	filled := barWidth * done / max(all, 1)
	left := time.Duration(float64(now.Sub(p.begun)) / float64(max(done, 1)) * float64(all-done)).Round(time.Second)
	bar := strings.Repeat("#", filled) + strings.Repeat(" ", barWidth-filled)
	fmt.Fprintf(p.out, "\r[%s] %d of %d, %s left \x1b[K", bar, done, all, left)
}

// end takes it away.
func (p *progress) end() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
