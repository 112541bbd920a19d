package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/postgres"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

var empty = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"ok"}`)
})

func bare(o options) error {
	return listen(o, func(string) (http.Handler, error) { return empty, nil })
}

// hash computes argon2id at the default cost and does nothing else: what a sign-in cannot do
// without.
func hash(o options) error {
	return listen(o, func(string) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			argon2.IDKey([]byte(phrase), []byte("sixteen bytes ok"), 3, 64<<10, 1, 32)
			empty(w, r)
		}), nil
	})
}

// house is the product through its library face, with argon2id at its default cost.
func house(o options) error {
	return listen(o, func(addr string) (http.Handler, error) {
		ctx := context.Background()
		open := func() (*gatehouse.Database, error) { return sqlite.Open(filepath.Join(o.dir, "load.db")) }
		if o.database != "" {
			open = func() (*gatehouse.Database, error) { return postgres.Open(o.database) }
		}
		db, err := open()
		if err != nil {
			return nil, err
		}
		key, err := gatehouse.MasterKeyFile(ctx, db, filepath.Join(o.dir, "master.key"))
		if err != nil {
			return nil, err
		}
		gate, err := gatehouse.New(ctx, gatehouse.Config{
			Breaches: gatehouse.Breaches{Off: true}, DB: db, MasterKey: key, PublicURL: "http://" + addr, Unverified: true, NoLimits: true,
			Passwords: gatehouse.Passwords{Parallel: o.parallel}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		})
		if err != nil {
			return nil, err
		}
		if err := service(ctx, gate, o.dir); err != nil {
			return nil, err
		}
		mux := http.NewServeMux()
		mux.Handle("/", gate.Handler())
		mux.Handle("GET /check", gate.Protect(guard.Rule{}, empty))
		return mux, nil
	})
}

// listen serves until its standard input ends, which it does with the process that began it.
func listen(o options, handler func(addr string) (http.Handler, error)) error {
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	h, err := handler(l.Addr().String())
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A process is a server of ours.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	url   string
}

func start(o options, kind string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"-serve", kind, "-dir", o.dir, "-database", o.database, "-pairs", strconv.Itoa(o.pairs), "-addresses", strconv.Itoa(o.addresses), "-parallel", strconv.Itoa(o.parallel)}
	cmd := exec.Command(self, args...) //nolint:gosec // ourselves
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s did not start: %w", kind, err)
	}
	return &process{cmd, stdin, "http://" + strings.TrimSpace(addr)}, nil
}

func (p *process) end() {
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
}

// cpu returns the CPU time that the process has used (proc(5), fields 14 and 15; a tick is
// 10 ms).
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, err
}

// resident returns the memory of the process in MiB.
func (p *process) resident() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	return float64(pages*os.Getpagesize()) / (1 << 20), err
}
