package layout

import (
	"fmt"
	"strings"
)

// Choices are what an administrator says, and is not to be found out. What is "" is found out where it can be.
type Choices struct {
	Name string // of the configuration's file, without .yaml

	URL        string
	CA         string // as the configuration is to name it
	StartTLS   bool
	ServerName string

	Account      string // whom the bridge binds as
	PasswordFile string // as the configuration is to name it; "": the environment gives the password

	UserBase   string
	GroupBase  string
	UserName   string // LDAP attribute; uid@corp.example: it is what stands ahead of that
	GroupClass string
}

// Undecided is what more than one thing may be meant by: who asks chooses one of the options.
type Undecided struct {
	What    string
	Options []Option
	Flag    string // that decides
	set     func(*Choices, string)
}

// Option is one answer.
type Option struct{ Value, Says string }

func (u *Undecided) Error() string {
	text := u.What + ":"
	for _, o := range u.Options {
		text += fmt.Sprintf("\n  %s %s   (%s)", u.Flag, quotedForShell(o.Value), o.Says)
	}
	return text
}

func quotedForShell(text string) string {
	if strings.ContainsAny(text, " '\"\\$") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

// Choose is the choices with one of the options taken.
func (u *Undecided) Choose(c Choices, value string) Choices {
	u.set(&c, value)
	return c
}
