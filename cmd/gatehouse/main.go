// Command gatehouse is the house as a program: it serves, and it administers what it serves.
//
// It owns the settings and where they come from (flags, environment, one file), the
// listeners, the log, the metrics, and what exists for development only (/dev/…). It knows
// no rule of the house: commands call the nouns, beside a running server too.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/gatehouse-id/gatehouse/identity"
)

func main() {
	ctx, stop := untilSignal()
	p := &Program{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()}
	status := p.Run(ctx, os.Args[1:])
	stop(nil)
	os.Exit(status)
}

// untilSignal returns a context that ends with the first signal to stop, and has it as its
// cause. A second one ends the program at once.
func untilSignal() (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		signal.Stop(signals)
		if s == os.Interrupt {
			cancel(errInterrupt)
		}
		cancel(errTerminate)
	}()
	return ctx, cancel
}

var (
	errInterrupt = errors.New("interrupted") // by a person at the keyboard
	errTerminate = errors.New("terminated")  // by whoever supervises the program
)

// A Program is one run of gatehouse with all that it takes from its surroundings, so that
// tests run what people run.
type Program struct {
	In      io.Reader
	Out     io.Writer // what was asked for
	Err     io.Writer // the log, and what went wrong
	Environ []string  // "NAME=value"
}

// commands are what can be asked of the program.
type commands struct {
	Settings `embed:"" group:"Settings"`

	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Migrate migrateCommand `cmd:"" help:"Bring the database up to date. A start does it too."`
	User    struct {
		Create  userCreate  `cmd:"" help:"Create a user."`
		List    userList    `cmd:"" help:"List the users, newest first."`
		Roles   userRoles   `cmd:"" help:"Show a user's roles, or give exactly those named."`
		Disable userDisable `cmd:"" help:"Take a user's access away, at once and everywhere."`
		Enable  userEnable  `cmd:"" help:"Let a disabled user sign in again."`
		SignOut userSignOut `cmd:"" help:"End every session and token of a user."`
	} `cmd:"" help:"Users."`
	Client struct {
		Create  clientCreate  `cmd:"" help:"Create a client and show its secret, once."`
		List    clientList    `cmd:"" help:"List the clients, newest first."`
		Rotate  clientRotate  `cmd:"" help:"Give a client another secret and show it, once."`
		Disable clientDisable `cmd:"" help:"Take a client's access away, at once."`
		Enable  clientEnable  `cmd:"" help:"Let a disabled client in again."`
		Delete  clientDelete  `cmd:"" help:"Delete a client."`
	} `cmd:"" help:"Services that act for themselves."`
	Rules policyCommands `cmd:"" name:"policy" help:"Who may do what: the file of the policy, and the one that is in force."`
	Key   struct {
		List   keyList   `cmd:"" help:"List the keys."`
		Rotate keyRotate `cmd:"" help:"Replace the keys by the next ones; nobody is signed out."`
	} `cmd:"" help:"Keys."`
	Cert struct {
		Authority certAuthority `cmd:"" help:"Make an authority for the certificates of services."`
		Issue     certIssue     `cmd:"" help:"Issue a certificate to a service."`
	} `cmd:"" help:"Certificates of services."`
	Audit struct {
		Verify auditVerify `cmd:"" help:"Check that no event was changed, removed or inserted."`
		List   auditList   `cmd:"" help:"List events, newest first."`
	} `cmd:"" help:"The log of what happened."`
	Password struct {
		Calibrate passwordCalibrate `cmd:"" help:"Measure which cost of a password's hash this machine can bear."`
	} `cmd:"" help:"Passwords."`
	Breach struct {
		Build breachBuild `cmd:"" help:"Make a file of the passwords that attackers know, to look them up without any network."`
		Check breachCheck `cmd:"" help:"Read a password and say whether a file knows it."`
	} `cmd:"" help:"Passwords that are known from data breaches."`
	Token struct {
		Inspect tokenInspect `cmd:"" help:"Say what is in an access token, and what is wrong with it."`
	} `cmd:"" help:"Tokens."`
	Config struct {
		Print configPrint `cmd:"" help:"Print the settings in force as a file, without secrets."`
	} `cmd:"" help:"Settings."`
	Gen struct {
		Types genTypes `cmd:"" help:"Write the roles and permissions of the policy as types of TypeScript."`
	} `cmd:"" help:"What is made of the policy for other programs."`
	Check struct {
		Enumeration checkEnumeration `cmd:"" help:"Ask a running server, as a stranger would, whether it tells who has an account."`
	} `cmd:"" help:"Checks of a running server, for a release."`
	Explain explainCommand `cmd:"" help:"Say which demand refused a request, and what would have passed."`
	Routes  routesCommand  `cmd:"" help:"List every route and what it demands."`
	Version versionCommand `cmd:"" help:"Say which version this is."`
}

// Run does what args ask for, until it is done or ctx ends, and returns the exit status: 0,
// 1 when it failed, 2 when it was not understood.
func (p *Program) Run(ctx context.Context, args []string) int {
	all := &commands{}
	parser, err := kong.New(all,
		kong.Name("gatehouse"), kong.Description("Sign-in and permissions for your applications."),
		kong.ExplicitGroups([]kong.Group{{Key: settings, Title: "Settings:", Description: "Each is a flag, a variable and a key of the file: " +
			"--public-url, GATEHOUSE_PUBLIC_URL, public-url. A flag comes first, the file last."}}),
		kong.Writers(p.Out, p.Err), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Bind(p, &all.Settings), kong.BindTo(ctx, (*context.Context)(nil)), kong.Help(help))
	if err != nil {
		fmt.Fprintln(p.Err, "gatehouse:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(p.Err, "gatehouse:", err)
		return 2
	}
	if err := command.Run(); err != nil {
		fmt.Fprintln(p.Err, "gatehouse:", plain(err))
		return 1
	}
	return 0
}

// plain says an error to the person at the keyboard: what a client would be told of it, and
// why.
func plain(err error) string {
	var e *identity.Error
	if !errors.As(err, &e) || e.Message == "" {
		return err.Error()
	}
	text := []string{e.Message}
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		text = append(text, field+": "+e.Fields[field])
	}
	if e.Err != nil {
		text = append(text, e.Err.Error())
	}
	return strings.Join(text, " ")
}
