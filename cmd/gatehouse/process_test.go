package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// A process is a server that a script started.
type process struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

// start runs "gatehouse serve" on free ports until it greets: start NAME ARGS... sets $url,
// $metrics and $link from the greeting, which is in NAME.out.
func start(ts *testscript.TestScript, _ bool, args []string) {
	name := args[0]
	p := &process{cmd: exec.Command("gatehouse", append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"}, args[1:]...)...)}
	p.cmd.Dir, p.cmd.Stderr = ts.MkAbs("."), &p.log
	out, err := p.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	ts.Defer(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		ts.Logf("log of %s:\n%s", name, &p.log)
	})
	worldOf(ts).servers[name] = p
	greeting := make([]byte, 4096) // it is one write
	n, err := out.Read(greeting)
	if err != nil {
		ts.Fatalf("%s did not start: %v", name, err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(name+".out"), greeting[:n], 0o600))
	text := string(greeting[:n])
	ts.Setenv("url", after(text, "Gatehouse is at "))
	ts.Setenv("metrics", after(text, "Metrics are at "))
	ts.Setenv("link", after(text, "within a day:\n"))
}

// after returns the rest of the line behind a mark, "" without it.
func after(text, mark string) string {
	_, rest, _ := strings.Cut(text, mark)
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// signalled sends a signal: signal NAME TERM.
func signalled(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}
	ts.Check(worldOf(ts).servers[args[0]].cmd.Process.Signal(signals[args[1]]))
}

// ended waits for the end of a server, which must be a success unless negated, and leaves
// its log in NAME.log.
func ended(ts *testscript.TestScript, failed bool, args []string) {
	p := worldOf(ts).servers[args[0]]
	err := p.cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".log"), p.log.Bytes(), 0o600))
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if failed != (err != nil) {
		ts.Fatalf("%s ended with %v", args[0], err)
	}
}
