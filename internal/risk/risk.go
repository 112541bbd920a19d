// Package risk judges how odd a sign-in is: by a browser, from a network or a country that its user
// has never signed in from, faster than anybody travels, after many failures, through a network that
// hides who is behind it.
//
// Each sign has a score; their sum decides what becomes of the sign-in, by Rules. Nothing is asked
// of the network: where an address is it reads from files of the operator, and where there are
// none those signs are silent. It owns no table; where users signed in is kept by package session.
// It does not know what a proof is, nor how anybody is told. docs/explain/odd-sign-ins.md explains
// it to people. The requirements are those of ASVS 6.3.5.
package risk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/session"
)

// Rules say what becomes of odd sign-ins. The zero Rules tell their user by mail, from a score of
// 20 on, ask for one more proof, from 50 on, and refuse nobody.
type Rules struct {
	Off    bool // nothing is judged, and nothing remembered
	Shadow bool // all is judged and logged, and nothing comes of it
	// Notice, Prove and Refuse are the scores, of 100, from which a sign-in has that verdict. 0 means
	// 20, 50 and never; less than that means never.
	Notice, Prove, Refuse int
	// Always asks for the proof whoever has proved two kinds of evidence as well.
	Always bool
	// GeoIP are files in the format of MaxMind DB that say where addresses are: countries, towns,
	// owners of networks; what one does not know the next may. Read anew when they change.
	GeoIP []string
	// Networks is a file of networks that few people sign in from, such as the exits of Tor and
	// hosting: one address or prefix a line. Read anew when it changes; "": none.
	Networks string
}

// Strict are the Rules for whoever has been attacked (BRE-09): one more proof from any network,
// country or browser that is new to its user.
func Strict() Rules { return Rules{Notice: networkScore, Prove: networkScore} }

// Check reports scores that nothing reaches.
func (r Rules) Check() error {
	for name, n := range map[string]int{"notice": r.Notice, "prove": r.Prove, "refuse": r.Refuse} {
		if n > most {
			return fmt.Errorf("the score for %s is %d; it must be %d at most, or less than 0 for never", name, n, most)
		}
	}
	return nil
}

// verdict is what becomes of a score.
func (r Rules) verdict(score int) authn.Verdict {
	reaches := func(from, otherwise int) bool {
		if from == 0 {
			from = otherwise
		}
		return from > 0 && score >= from
	}
	switch {
	case reaches(r.Refuse, -1):
		return authn.Refuse
	case reaches(r.Prove, 50):
		return authn.Prove
	case reaches(r.Notice, 20):
		return authn.Notice
	default:
		return authn.Pass
	}
}

// An Assessor judges sign-ins by Rules. It is made by New.
type Assessor struct {
	rules    Rules
	sessions *session.Store
	log      *audit.Log
	now      func() time.Time
	geo      []*file[*geo]
	networks *file[networks] // nil: none
}

var _ authn.Assessor = (*Assessor)(nil)

// New returns an Assessor that has read its files. One that cannot be read is an error, which says why.
func New(rules Rules, sessions *session.Store, log *audit.Log, now func() time.Time) (*Assessor, error) {
	if err := rules.Check(); err != nil {
		return nil, err
	}
	a := &Assessor{rules: rules, sessions: sessions, log: log, now: now}
	for _, name := range rules.GeoIP {
		a.geo = append(a.geo, &file[*geo]{name: name, read: readGeo})
	}
	if rules.Networks != "" {
		a.networks = &file[networks]{name: rules.Networks, read: readNetworks}
	}
	return a, a.Reload(context.Background())
}

// Reload reads the files that have changed. One that cannot be read leaves what was read before in
// use, and is reported once.
func (a *Assessor) Reload(context.Context) error {
	var failed []error
	for _, f := range a.geo {
		failed = append(failed, f.reload())
	}
	if a.networks != nil {
		failed = append(failed, a.networks.reload())
	}
	return errors.Join(failed...)
}

const (
	// lately is for how long failures count.
	lately = time.Hour
	// failuresMost is how many are counted.
	failuresMost = 100
)

// Assess implements authn.Assessor. The first sign-in of a user is never odd. It costs two reads
// by index.
func (a *Assessor) Assess(ctx context.Context, user *identity.User, l *authn.Login, known bool) (authn.Assessment, error) {
	before, err := a.sessions.Places(ctx, user.ID)
	if err != nil || len(before) == 0 {
		return authn.Assessment{}, err
	}
	origin := identity.OriginOf(ctx)
	v := visit{
		at: a.now(), here: a.place(origin.IP, origin.UserAgent), before: before, known: known,
		native: l.Start.Mode == identity.ModeNative, listed: a.listed(origin.IP),
	}
	since := v.at.Add(-lately)
	if last := before[0].SeenAt; last.After(since) { // what failed before that was judged there
		since = last
	}
	if v.failures, err = a.log.Count(ctx, user.ID, identity.EventLoginFailed, since, failuresMost); err != nil {
		return authn.Assessment{}, err
	}
	found := weigh(v)
	found.Verdict, found.Always, found.Shadow = a.rules.verdict(found.Score), a.rules.Always, a.rules.Shadow
	return found, nil
}

// Settle implements authn.Assessor.
func (a *Assessor) Settle(ctx context.Context, user *identity.User, v *identity.Session) error {
	return a.sessions.Arrive(ctx, user.ID, a.place(v.IP, v.UserAgent))
}

// Place implements authn.Assessor.
func (a *Assessor) Place(ip string) string { return a.place(ip, "").Name }

// place is what is kept of an address and of a User-Agent.
func (a *Assessor) place(ip, agent string) session.Place {
	p := session.Place{Agent: notify.Device(agent)}
	addr, ok := address(ip)
	if !ok {
		return p
	}
	p.Network = network(addr).String()
	for _, f := range a.geo {
		if g := f.value(); g != nil {
			g.fill(&p, addr)
		}
	}
	return p
}

func (a *Assessor) listed(ip string) bool {
	addr, ok := address(ip)
	return ok && a.networks != nil && a.networks.value().has(addr)
}

func address(ip string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(ip)
	return addr.Unmap().WithZone(""), err == nil
}

// network is what is kept of an address: of IPv4 the /24, which is the least that is routed; of
// IPv6 the /48, which is the most that one customer gets (RFC 6177).
func network(addr netip.Addr) netip.Prefix {
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	p, _ := addr.Prefix(bits) // there are as many
	return p
}
