package redis_test

import (
	"log/slog"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/redis"
)

// A server is a Redis of one test's own, which may be harmed.
type server struct {
	testing.TB
	port    string
	process *exec.Cmd
}

func newServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	s := &server{TB: t, port: port}
	t.Cleanup(s.kill)
	s.start()
	return s
}

func (s *server) url() string { return "redis://:secret@127.0.0.1:" + s.port }

// start starts it, empty, and waits until it answers.
func (s *server) start() {
	s.Helper()
	s.process = exec.Command("redis-server", "--port", s.port, "--bind", "127.0.0.1", "--requirepass", "secret", "--save", "", "--dir", s.TempDir())
	if err := s.process.Start(); err != nil {
		s.Fatal(err)
	}
	for range 100 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+s.port); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.Fatal("redis-server does not start")
}

func (s *server) kill() {
	if s.process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		s.process = nil
	}
}

func (s *server) signal(what syscall.Signal) {
	s.Helper()
	if err := s.process.Process.Signal(what); err != nil {
		s.Fatal(err)
	}
}

// A machine is a house's counters over a server.
type machine struct {
	*testing.T
	*ephemeral.Shared
	far *redis.Store
	log strings.Builder
	mu  sync.Mutex
}

func (s *server) machine(t *testing.T) *machine {
	t.Helper()
	m := &machine{T: t, far: open(t, s.url(), nil)}
	shared := ephemeral.Share(m.far, nil)
	shared.Log = slog.New(slog.NewTextHandler(m, nil))
	m.Shared = shared
	return m
}

// Write takes the log.
func (m *machine) Write(line []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.Write(line)
}

// counts counts one more, which must make want, and returns how long it took.
func (m *machine) counts(what string, want int) time.Duration {
	m.Helper()
	began := time.Now()
	if n, _, err := m.Count(m.Context(), "ada", 1, 15*time.Minute); n != want || err != nil {
		m.Errorf("%s: %d, %v; want %d", what, n, err, want)
	}
	return time.Since(began)
}

// settled waits until the machine knows that the server is down, or is not.
func (m *machine) settled(down bool) {
	m.Helper()
	for range 100 {
		if m.Reconcile(m.Context()); m.Down() == down {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.Fatalf("down is still %v", m.Down())
}

// A server that is killed, comes back empty, is emptied or frozen: nobody is refused for it,
// nobody waits for it, and no machine forgets what was counted through it (F10).
func TestServerIsHarmed(t *testing.T) {
	for name, c := range map[string]struct {
		harm, mend func(*server)
		stays      bool // it keeps what it counted
	}{
		"killed":  {(*server).kill, (*server).start, false},
		"frozen":  {func(s *server) { s.signal(syscall.SIGSTOP) }, func(s *server) { s.signal(syscall.SIGCONT) }, true},
		"emptied": {func(s *server) { raw(s.TB.(*testing.T), s.url(), "FLUSHALL") }, nil, false},
		"read-only": {
			func(s *server) { raw(s.TB.(*testing.T), s.url(), "REPLICAOF", "127.0.0.1", "1") },
			func(s *server) { raw(s.TB.(*testing.T), s.url(), "REPLICAOF", "NO", "ONE") }, true,
		},
		"full": {
			func(s *server) { raw(s.TB.(*testing.T), s.url(), "CONFIG", "SET", "maxmemory", "1") },
			func(s *server) { raw(s.TB.(*testing.T), s.url(), "CONFIG", "SET", "maxmemory", "0") }, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			a, b := s.machine(t), s.machine(t)
			a.counts("a, first", 1)
			a.counts("a, second", 2)
			b.counts("b, first", 3)
			c.harm(s)
			if took := a.counts("a, after the harm", 3); took > time.Second {
				t.Errorf("it took %v", took)
			}
			if c.mend == nil {
				b.counts("b, after the harm", 2)
				return
			}
			began := time.Now()
			for i := range 50 {
				a.counts("a, alone", 4+i)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("50 counts without a server took %v", took)
			}
			if a.Reconcile(t.Context()); !a.Down() {
				t.Error("it was not noticed")
			}
			c.mend(s)
			a.settled(false)
			a.counts("a, with the server again", 54)
			if log := a.log.String(); strings.Count(log, "level=WARN") != 1 || strings.Contains(log, "secret") {
				t.Errorf("the log:\n%s", log)
			}
			sum, _, err := a.far.Count(t.Context(), "ada", 0, 15*time.Minute)
			if stayed := sum > 3; err != nil || stayed != c.stays {
				t.Errorf("the server counted %d, %v", sum, err)
			}
		})
	}
}

// A house starts without its server, and finds it later. A server that refuses the password is
// a mistake, which is told at once, without the password.
func TestOpen(t *testing.T) {
	s := newServer(t)
	if _, err := redis.Open(t.Context(), strings.Replace(s.url(), "secret", "wrong-one", 1), nil); err == nil || strings.Contains(err.Error(), "wrong-one") {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := redis.Open(t.Context(), strings.Replace(s.url(), ":secret@", "", 1), nil); err == nil {
		t.Error("no password was accepted")
	}
	s.kill()
	a := s.machine(t)
	a.counts("without a server", 1)
	s.start()
	a.settled(false)
	a.counts("with one", 2)
}

// The user of Redis needs no more than docs/howto/many-machines.md says.
func TestLeastUser(t *testing.T) {
	text, err := os.ReadFile("../docs/howto/many-machines.md")
	if err != nil {
		t.Fatal(err)
	}
	rights := strings.Fields(string(regexp.MustCompile("`(\\+eval [^`]*)`").FindSubmatch(text)[1]))
	s := newServer(t)
	raw(t, s.url(), append([]string{"ACL", "SETUSER", "gate", "on", ">secret", "~gatehouse:*"}, rights...)...)
	far := open(t, "redis://gate:secret@127.0.0.1:"+s.port+"/1", nil)
	ctx := t.Context()
	full, err := far.Spend(ctx, []ephemeral.Spent{{Key: "ada", N: 5, Per: time.Hour, Used: 2}})
	if err != nil || len(full) != 1 {
		t.Errorf("Spend: %v", err)
	}
	for what, err := range map[string]error{
		"Probe": last(far.Spend(ctx, nil)), "Count": second(far.Count(ctx, "ada", 1, time.Hour)), "Take": third(far.Take(ctx, "ada", 5, time.Hour)),
		"Claim": last(far.Claim(ctx, "ada", time.Hour)), "Forget": far.Forget(ctx, "ada"),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
