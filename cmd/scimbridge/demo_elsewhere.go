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

// clear deletes whatever the steps have made and not deleted themselves, the last first. What stays is told with why, once for all that it
// holds for, and what deletes it later.
func (p *play) clear(ctx context.Context) error {
	var causes, stays []string
	held := map[string]int{} // by why
	for _, path := range slices.Backward(p.made) {
		status, answer, err := p.send(ctx, http.MethodDelete, path, "")
		var why string
		switch {
		case err != nil:
			why = err.Error()
		case status != http.StatusNoContent && status != http.StatusNotFound:
			why = fmt.Sprintf("%d %v", status, answer["detail"])
		default:
			continue
		}
		if stays = append(stays, p.url+path); held[why] == 0 {
			causes = append(causes, why)
		}
		held[why]++
	}
	if len(stays) > 0 {
		var text strings.Builder
		for _, why := range causes {
			fmt.Fprintf(&text, "what it made is still there, %d times: %s\n", held[why], why)
		}
		fmt.Fprintf(&text, "Once that is mended, this deletes it:\n  curl -X DELETE -H \"Authorization: Bearer %s\" %s",
			p.asShell(), strings.Join(stays, " "))
		return errors.New(text.String())
	}
	if len(p.made) > 0 {
		fmt.Fprintln(p.out, "What it made is deleted.")
	}
	return nil
}

// asShell is what a shell makes the token of.
func (p *play) asShell() string {
	if p.from == tokenVariable {
		return "$" + tokenVariable
	}
	return "$(cat '" + strings.ReplaceAll(p.from, "'", `'\''`) + "')"
}
