package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Credential stuffing: pairs of addresses and passwords that leaked elsewhere are tried here, from
// so many client addresses that no limit by address ever sees one of them twice. Meanwhile the
// victim of the worst of it signs in from a device that they have signed in from before, and others
// go about their business.

// perJudged is by how much the database may grow for each attempt that was judged: an event of the
// log, which is what an attack is found out by. What was refused leaves nothing but locks.
const perJudged = 1 << 10

// A siege is what came of an attack.
type siege struct {
	Addresses int            `json:"addresses"`
	Pairs     int            `json:"pairs"`
	Accounts  int            `json:"accounts"`
	Fresh     int            `json:"freshPairs"` // right here too
	Took      string         `json:"took"`
	Answers   map[string]int `json:"answers"` // to the attack, by their code

	Taken      int      `json:"taken"`      // accounts with nothing but the password that leaked
	Wrongly    []string `json:"wrongly"`    // accounts that were taken and must not
	VictimIn   int      `json:"victimIn"`   // sign-ins of the victim
	VictimOut  int      `json:"victimOut"`  // those that were refused
	OthersOut  int      `json:"othersOut"`  // requests of others that were refused
	SessionP99 float64  `json:"sessionP99"` // milliseconds, of others
	SignInP99  float64  `json:"signInP99"`
	Grown      int64    `json:"grownBytes"`
	Allowed    int64    `json:"allowedBytes"`
	Events     int64    `json:"events"`
	Locks      int64    `json:"locks"`
	Mails      int64    `json:"mails"`
	Violations []string `json:"violations"`
}

var errViolated = errors.New("the attack got further than it may")

// stuff attacks a house in a process of its own and prints what came of it.
func stuff(o options) error {
	p, err := start(o, "hit")
	if err != nil {
		return err
	}
	defer p.end()
	s, err := o.attack().run(context.Background(), p.url, o.clients)
	if err != nil {
		return err
	}
	if o.json {
		pretty := json.NewEncoder(os.Stdout)
		pretty.SetIndent("", "  ")
		err = pretty.Encode(s)
	} else {
		s.print(os.Stdout)
	}
	if err == nil && len(s.Violations) > 0 {
		err = errViolated
	}
	return err
}

// attack is the size that was asked for.
func (o options) attack() attack {
	return attack{addresses: o.addresses, pairs: o.pairs, sessionWithin: 100 * time.Millisecond, signInWithin: time.Second, pace: time.Second}
}

// run attacks the house at url, by so many programs at once.
func (a attack) run(ctx context.Context, url string, programs int) (*siege, error) {
	people := []*resident{newResident(url, victim, 0)}
	for i, email := range a.others() {
		people = append(people, newResident(url, email, i+1))
	}
	for _, p := range people {
		if code, err := p.signIn(ctx); err != nil || code != "" {
			return nil, fmt.Errorf("%s could not sign in before the attack: %s %w", p.email, code, err)
		}
		p.in, p.signIns = 0, nil
	}
	before, err := footprintOf(ctx, url)
	if err != nil {
		return nil, err
	}
	live, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	for _, p := range people {
		wait.Go(func() { p.live(live, a.pace) })
	}
	begin := time.Now()
	s := &siege{Addresses: a.addresses, Pairs: a.pairs, Accounts: a.accounts(), Fresh: a.fresh(), Answers: map[string]int{}}
	err = a.storm(ctx, url, programs, s)
	s.Took = time.Since(begin).Round(time.Millisecond).String()
	stop()
	wait.Wait()
	if err != nil {
		return nil, err
	}
	after, err := footprintOf(ctx, url)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		if p.err != nil {
			return nil, p.err
		}
	}
	s.judge(a, people, before, after)
	return s, nil
}

// storm tries every pair once.
func (a attack) storm(ctx context.Context, url string, programs int, s *siege) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: programs}, Timeout: time.Minute}
	var next atomic.Int64
	var mu sync.Mutex
	var wait sync.WaitGroup
	var failed error
	for range programs {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < a.pairs; i = int(next.Add(1)) - 1 {
				pair := a.pair(i)
				code, err := trySignIn(ctx, client, url, pair.email, pair.password, pair.from)
				mu.Lock()
				if err != nil {
					failed = err
				}
				s.note(a, i, pair, code)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	return failed
}

// note writes down one answer to the attack. Of whom it let in, only accounts with nothing but a
// password that leaked may be taken: nobody can tell their thief from them.
func (s *siege) note(a attack, i int, p leaked, code string) {
	if code != "" {
		s.Answers[code]++
		return
	}
	s.Answers["SIGNED_IN"]++
	if j := i * 7919 % a.pairs; j < a.fresh() && a.guardOf(j) == nothing {
		s.Taken++
	} else {
		s.Wrongly = append(s.Wrongly, p.email)
	}
}

// judge says what must not have been.
func (s *siege) judge(a attack, people []*resident, before, after footprint) {
	s.Grown, s.Events, s.Locks, s.Mails = after.Bytes-before.Bytes, after.Events-before.Events, after.Locks, after.Mails
	s.VictimIn, s.VictimOut = people[0].in, people[0].out
	var sessions, signIns []time.Duration
	for _, p := range people[1:] {
		s.OthersOut += p.out
		sessions, signIns = append(sessions, p.sessions...), append(signIns, p.signIns...)
	}
	session, signIn := percentile99(sessions), percentile99(signIns)
	s.SessionP99, s.SignInP99 = milliseconds(session), milliseconds(signIn)
	judged := s.Answers["SIGNED_IN"] + s.Answers["INVALID_CREDENTIALS"] + s.Answers["MFA_REQUIRED"] + s.Answers["PASSWORD_RESET_REQUIRED"] + len(signIns) + s.VictimIn
	s.Allowed = int64(judged)*perJudged + 4<<20 // and the log of SQLite
	for _, c := range []struct {
		wrong bool
		text  string
	}{
		{len(s.Wrongly) > 0, fmt.Sprintf("%d accounts were taken that must not be", len(s.Wrongly))},
		{s.VictimIn == 0 || s.VictimOut > 0, fmt.Sprintf("the victim was refused %d times, let in %d times", s.VictimOut, s.VictimIn)},
		{s.OthersOut > 0, fmt.Sprintf("other users were refused %d times", s.OthersOut)},
		{s.Answers["ACCOUNT_LOCKED"]+s.Answers["RATE_LIMITED"] == 0, "nothing was ever refused: there was no attack"},
		{session > a.sessionWithin, fmt.Sprintf("the sessions of others took %v", session)},
		{signIn > a.signInWithin, fmt.Sprintf("the sign-ins of others took %v", signIn)},
		{s.Grown > s.Allowed, fmt.Sprintf("the database grew by %d bytes", s.Grown)},
	} {
		if c.wrong {
			s.Violations = append(s.Violations, c.text)
		}
	}
}

func percentile99(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[len(times)*99/100]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func footprintOf(ctx context.Context, url string) (f footprint, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/footprint", nil)
	if err != nil {
		return f, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return f, err
	}
	defer func() { _ = res.Body.Close() }()
	return f, json.NewDecoder(res.Body).Decode(&f)
}

// trySignIn returns the code of a refusal, "" for a sign-in.
func trySignIn(ctx context.Context, client *http.Client, url, email, password, from string) (code string, err error) {
	body, err := json.Marshal(map[string]string{"email": email, "password": password, "mode": "cookie"})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/auth/login", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	return told(client, r, from)
}

// told sends a request as a client at some address, and returns the code of what came back.
func told(client *http.Client, r *http.Request, from string) (string, error) {
	r.Header.Set("X-Forwarded-For", from)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Code        string `json:"code"`
		MFARequired bool   `json:"mfaRequired"`
	}
	text, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %s: %w", r.URL, res.Status, err)
	case answer.MFARequired:
		return "MFA_REQUIRED", nil
	case answer.Code == "" && res.StatusCode != http.StatusOK:
		return res.Status, nil
	}
	return answer.Code, nil
}

// A resident is somebody with an account and a browser that knows it.
type resident struct {
	url, email, from  string
	client            *http.Client
	in, out           int
	signIns, sessions []time.Duration
	err               error
}

func newResident(url, email string, n int) *resident {
	jar, _ := cookiejar.New(nil) // it fails for no options never
	return &resident{url: url, email: email, from: fmt.Sprintf("203.0.113.%d", n+1), client: &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{}}}
}

func (p *resident) signIn(ctx context.Context) (code string, err error) {
	begin := time.Now()
	if code, err = trySignIn(ctx, p.client, p.url, p.email, phrase, p.from); err != nil {
		return code, err
	}
	p.signIns = append(p.signIns, time.Since(begin))
	p.note(code)
	return code, nil
}

func (p *resident) note(code string) {
	if code == "" {
		p.in++
	} else {
		p.out++
	}
}

// live signs in now and then, and uses the session in between, until ctx ends.
func (p *resident) live(ctx context.Context, pace time.Duration) {
	always := context.WithoutCancel(ctx) // what is begun is finished
	for ctx.Err() == nil && p.err == nil {
		if _, p.err = p.signIn(always); p.err != nil {
			return
		}
		for again := time.Now().Add(pace); time.Now().Before(again) && ctx.Err() == nil && p.err == nil; time.Sleep(pace / 10) {
			p.err = p.look(always)
		}
	}
}

// look uses the session. It is no sign-in, so of the victim it counts only if it is refused.
func (p *resident) look(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/auth/me", nil)
	if err != nil {
		return err
	}
	begin := time.Now()
	code, err := told(p.client, r, p.from)
	p.sessions = append(p.sessions, time.Since(begin))
	if code != "" {
		p.note(code)
	}
	return err
}
