package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// tokenVariable is where the token stands that a bridge elsewhere asks for.
const tokenVariable = "SCIMBRIDGE_ACCESS_TOKEN"

// elsewhere sends the cycle to a bridge that serves already, up to the first answer that is not as expected, and takes away what it made.
func (d demoCommand) elsewhere(w *world) error {
	token, from, err := d.token(w.environ)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // whoever has read enough, as head has, is no reason to leave people behind
	play := newPlay(w.stdout, strings.TrimSuffix(d.URL, "/"), token, nil)
	play.strict, play.from, play.domain = true, from, d.Domain
	fmt.Fprintf(w.stdout, "scimbridge sends what Microsoft Entra ID sends to %s.\n", d.URL)
	failed := play.run(w)
	return errors.Join(failed, play.clear(context.WithoutCancel(w)))
}

// token is what the bridge asks for, and where it is read from.
func (d demoCommand) token(environ []string) (token, from string, err error) {
	if d.TokenFile != "" {
		content, err := os.ReadFile(d.TokenFile)
		return strings.TrimSpace(string(content)), d.TokenFile, err
	}
	for _, variable := range environ {
		if token, is := strings.CutPrefix(variable, tokenVariable+"="); is && token != "" {
			return token, tokenVariable, nil
		}
	}
	return "", "", errors.New("the bridge asks for a token: set " + tokenVariable + ", or name a file that holds it by --token-file")
}

// clear deletes whatever the steps have made and not deleted themselves, the last first.
func (p *play) clear(ctx context.Context) error {
	var faults []error
	for _, path := range slices.Backward(p.made) {
		status, answer, err := p.send(ctx, http.MethodDelete, path, "")
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("%s stays: %w", path, err))
		case status != http.StatusNoContent && status != http.StatusNotFound:
			faults = append(faults, fmt.Errorf("%s stays: %d %v", path, status, answer["detail"]))
		}
	}
	if len(faults) == 0 && len(p.made) > 0 {
		fmt.Fprintln(p.out, "What it made is deleted.")
	}
	return errors.Join(faults...)
}
