package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/inspect"
	"scimbridge/bridge/inspect/layout"
	"scimbridge/bridge/journal/report"
	"scimbridge/config"
	"scimbridge/ldapmap/ldif"
)

// passwordVariable holds the password of whom init looks around as, and afterwards that of whom the bridge binds as.
const passwordVariable = "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD"

type initCommand struct {
	URL              string `name:"url" placeholder:"URL" help:"Of a directory server: ldaps://dc1.corp.example."`
	BindDN           string `name:"bind-dn" placeholder:"DN" help:"Whom to look around as."`
	BindPasswordFile string `placeholder:"FILE" help:"Its password; left out: SCIMBRIDGE_DIRECTORY_BIND_PASSWORD, or it is asked for."`
	TLSCA            string `name:"tls-ca" placeholder:"FILE" help:"The authority of the server's certificate, PEM."`
	TLSServerName    string `name:"tls-server-name" placeholder:"NAME" help:"The name in that certificate, where it is not the URL's."`
	StartTLS         bool   `name:"start-tls" help:"Begin TLS on ldap://."`
	Account          string `placeholder:"DN" help:"Whom the bridge is to bind as, where that is another: it is given the rights."`

	Below      string `placeholder:"DN" help:"Look below this entry alone."`
	UserBase   string `placeholder:"DN" help:"Where people stand, or are to."`
	GroupBase  string `placeholder:"DN" help:"Where groups stand, or are to."`
	UserName   string `placeholder:"ATTRIBUTE" help:"What holds the userName: uid, mail, userPrincipalName; or uid@corp.example."`
	GroupClass string `placeholder:"CLASS" help:"Of new groups: groupOfNames, groupOfUniqueNames, posixGroup, both with +, group."`

	Output string `short:"o" default:"scimbridge.yaml" placeholder:"FILE" help:"The configuration to write (${default})."`
	Force  bool   `help:"Write over files that are there."`
}

// Help shows how to use it.
func (initCommand) Help() string {
	return `Example:

  scimbridge init --url ldaps://ldap.corp.example --bind-dn cn=admin,dc=corp,dc=example --account cn=scimbridge,dc=corp,dc=example

It looks how people and groups stand in the directory, writes the configuration
for it, and says what it saw. Beside that it writes what an administrator loads:
the rights of the bridge's account, and no others, the indexes that are missing,
and places that are. The directory is only read. At a terminal it asks for what
is not said.`
}

func (i initCommand) Run(w *world) error { return i.run(w, atTerminal(w.stdout)) }

// run is the command; d is nil where nobody can be asked.
func (i initCommand) run(w *world, d *dialog) error {
	if err := i.isFree(); err != nil {
		return err
	}
	o, err := i.directory(w, d)
	if err != nil {
		return err
	}
	o.Check(func(path, problem string) {
		if strings.HasPrefix(path, "urls") && err == nil {
			err = misuse{errors.New("--url " + problem)}
		}
	})
	if err != nil {
		return err
	}
	client, err := directory.New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer client.Close()
	if found := inspect.Reached(w, o, client); found.Reach(inspect.Error) {
		return errors.Join(found.Write(w.stdout), errors.New("the directory was not looked at"))
	}
	sight, err := layout.Look(w, client, i.Below)
	if err != nil {
		return err
	}
	proposal, err := i.propose(sight, d, i.choices(o))
	if err != nil {
		return err
	}
	files, left, err := i.beside(w, client, proposal.Text)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "Looked at %s (%s).\n", o.URLs[0], sight.Server.Kind)
	for _, saw := range proposal.Saw {
		fmt.Fprintln(w.stdout, "  "+report.Plain(saw))
	}
	written := []output{{i.Output, proposal.Text}}
	for _, f := range files {
		written = append(written, output{i.besideOutput(f.Name), f.Text})
	}
	if err := writeAll(written, i.Force); err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "\nWritten:\n  %s\n", i.Output)
	for _, f := range files {
		line := i.besideOutput(f.Name)
		if f.Load != "" {
			line += "\n      " + strings.ReplaceAll(f.Load, f.Name, i.besideOutput(f.Name))
		}
		fmt.Fprintln(w.stdout, "  "+line)
	}
	if !i.isThere(w, client) {
		fmt.Fprintf(w.stdout, "\n%s is not there, or not shown: make the account before its rights are loaded.\n", i.Account)
	}
	if i.Account == "" {
		const same = "\nThe bridge is to bind as %s, whom this looked around as.\n" +
			"An account of its own, with these rights and no others, is named by --account.\n"
		fmt.Fprintf(w.stdout, same, i.BindDN)
	}
	if len(left) > 0 {
		fmt.Fprintln(w.stdout, "\nWhat these do not mend:")
		if err := left.Write(w.stdout); err != nil {
			return err
		}
	}
	holds := ""
	if c := i.choices(o); c.PasswordFile == "" {
		holds = fmt.Sprintf(", have %s hold the password of %s, whom the bridge binds as", passwordVariable, c.Account)
	}
	const next = "\nRead them, load what is beside the configuration%s, and then:\n  scimbridge check --config %s --connect\n"
	_, err = fmt.Fprintf(w.stdout, next, holds, i.Output)
	return err
}

// directory is how the directory is reached: as the flags say, or who is asked.
func (i *initCommand) directory(w *world, d *dialog) (o directory.Options, err error) {
	for _, missing := range []struct {
		flag, question, usual string
		value                 *string
	}{
		{"--url", "URL of the directory", "ldap://127.0.0.1", &i.URL},
		{"--bind-dn", "DN to look around as", "", &i.BindDN},
	} {
		switch {
		case *missing.value != "":
		case d == nil:
			return o, misuse{fmt.Errorf("%s is missing, and nobody is at a terminal to be asked", missing.flag)}
		default:
			if *missing.value, err = d.ask(missing.question, missing.usual); err != nil {
				return o, err
			}
		}
	}
	o = directory.Options{
		URLs: []string{i.URL},
		Bind: directory.BindOptions{DN: i.BindDN, PasswordFile: i.BindPasswordFile},
		TLS:  directory.TLSOptions{StartTLS: i.StartTLS, CA: i.TLSCA, ServerName: i.TLSServerName},
	}
	if i.BindPasswordFile != "" {
		return o, nil
	}
	for _, line := range w.environ {
		if value, is := strings.CutPrefix(line, passwordVariable+"="); is {
			o.Bind.Password = value
		}
	}
	switch {
	case o.Bind.Password != "":
	case d == nil:
		err = fmt.Errorf("the password is missing: name its file by --bind-password-file, or set %s", passwordVariable)
	default:
		o.Bind.Password, err = d.askSecret("Password of " + i.BindDN)
	}
	return o, err
}

// choices are what the flags say of the configuration. The files that it names are relative to its folder.
func (i initCommand) choices(o directory.Options) layout.Choices {
	c := layout.Choices{
		Name: strings.TrimSuffix(filepath.Base(i.Output), filepath.Ext(i.Output)), URL: o.URLs[0], CA: i.fromOutput(i.TLSCA),
		StartTLS: i.StartTLS, ServerName: i.TLSServerName, Account: cmp.Or(i.Account, i.BindDN),
		UserBase: i.UserBase, GroupBase: i.GroupBase, UserName: i.UserName, GroupClass: i.GroupClass,
	}
	if i.Account == "" {
		c.PasswordFile = i.fromOutput(i.BindPasswordFile)
	}
	return c
}

// fromOutput is a file as the configuration names it.
func (i initCommand) fromOutput(file string) string {
	if file == "" {
		return ""
	}
	folder, err := filepath.Abs(filepath.Dir(i.Output))
	if err != nil {
		return file
	}
	whole, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	if within, err := filepath.Rel(folder, whole); err == nil && !strings.HasPrefix(within, "..") {
		return within
	}
	return whole
}

// propose asks about what cannot be decided, as often as there is something.
func (i initCommand) propose(s layout.Sight, d *dialog, c layout.Choices) (layout.Proposal, error) {
	for {
		p, err := layout.Propose(s, c)
		open, undecided := errors.AsType[*layout.Undecided](err)
		if !undecided || d == nil {
			return p, err
		}
		value, err := d.choose(open)
		if err != nil {
			return p, err
		}
		c = open.Choose(c, value)
	}
}

// beside is what an administrator loads for the configuration, and what check finds that this does not mend.
func (i initCommand) beside(w *world, client *directory.Client, text string) (files []inspect.File, left inspect.Findings, err error) {
	secrets := []string{passwordVariable + "=not-looked-at", "SCIMBRIDGE_ACCESS_TOKEN=not-looked-at-0123456789"}
	c, err := config.Parse(i.Output, []byte(text), secrets)
	if err != nil {
		return nil, nil, err
	}
	compiled, err := c.Map()
	if err != nil {
		return nil, nil, err
	}
	s := subjectOf(c, compiled)
	s.Account = c.Directory.Bind.DN
	survey := inspect.Look(w, s, client)
	if survey.Err != nil {
		return nil, nil, survey.Err
	}
	for _, f := range append(inspect.Offline(s), inspect.Live(s, survey)...).InOrder() {
		if f.Severity.AtLeast(inspect.Warning) && !slices.Contains(inspect.MendedByFiles, f.Code) {
			left = append(left, f)
		}
	}
	return inspect.Files(s, survey), left, nil
}

// besideOutput is the name of a file beside the configuration: scimbridge.access.ldif.
func (i initCommand) besideOutput(name string) string {
	return strings.TrimSuffix(i.Output, filepath.Ext(i.Output)) + "." + name
}

// isThere says whether the account is, as far as it shows. Whom was looked at as is, and a name that is no DN is not looked for.
func (i initCommand) isThere(w *world, client *directory.Client) bool {
	if _, err := ldif.ParseRDN(i.Account); err != nil || i.Account == "" {
		return true
	}
	found, err := client.Look(w, directory.Search{Base: i.Account, Scope: directory.BaseObject, Attributes: []string{"1.1"}})
	return err != nil || len(found) > 0
}

// isFree says, before anything is asked, that the configuration is there already.
func (i initCommand) isFree() error {
	if _, err := os.Lstat(i.Output); err == nil && !i.Force {
		return fmt.Errorf("%s is there already: name another by --output, or have it written over by --force", i.Output)
	}
	return nil
}
