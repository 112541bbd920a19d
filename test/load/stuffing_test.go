package main

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

// A stuffing attack takes nothing but what nobody could tell from its owner: accounts whose pair is
// right here too and that have no second factor. The victim gets in throughout, and others notice
// nothing (RAT-05, PWD-14, BUG-25). The times are those of a machine that does other things.
func TestStuffing(t *testing.T) {
	o := options{dir: t.TempDir(), pairs: 1200, addresses: 120}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h, gate, err := stuffed(t.Context(), o, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = gate.Close(context.Background())
	})
	a := o.attack()
	a.sessionWithin, a.signInWithin, a.pace = 5*time.Second, 10*time.Second, 500*time.Millisecond
	s, err := a.run(t.Context(), "http://"+l.Addr().String(), 8)
	if err != nil {
		t.Fatal(err)
	}
	s.print(t.Output())
	for _, v := range s.Violations {
		t.Error(v)
	}
	if s.Taken == 0 || s.Answers["MFA_REQUIRED"] == 0 || s.Answers["PASSWORD_RESET_REQUIRED"] == 0 {
		t.Errorf("of the pairs that are right too little came: %+v", s)
	}
}

// The attack finds out a house that lets everything pass.
func TestStuffingFindsOut(t *testing.T) {
	a := options{pairs: 3000, addresses: 300}.attack()
	s := &siege{Answers: map[string]int{}}
	s.note(a, 0, leaked{email: victim}, "INVALID_CREDENTIALS")
	for i := range a.pairs {
		if p := a.pair(i); p.email == accountOf(0) || p.email == accountOf(1) && p.password == secretOf(1) {
			s.note(a, i, p, "")
		}
	}
	people := []*resident{{out: 1}, {out: 2, sessions: []time.Duration{time.Second}, signIns: []time.Duration{time.Minute}}}
	s.judge(a, people, footprint{}, footprint{Bytes: 1 << 30})
	if s.Taken != 1 || len(s.Wrongly) == 0 || len(s.Violations) != 7 {
		t.Errorf("%+v", s)
	}
}

// The pairs are the same whenever they are made, all different, and each address sends as many.
func TestPairs(t *testing.T) {
	a := attack{pairs: 3000, addresses: 300}
	seen, from, victims := map[leaked]bool{}, map[string]int{}, 0
	for i := range a.pairs {
		p := a.pair(i)
		from[p.from]++
		if p.email == victim {
			victims++
		}
		p.from = ""
		seen[p] = true
	}
	if len(seen) != a.pairs || len(from) != a.addresses || from["198.18.0.0"] != 10 || victims < 50 {
		t.Errorf("%d pairs, %d addresses, %d by the first, %d for the victim", len(seen), len(from), from["198.18.0.0"], victims)
	}
}
