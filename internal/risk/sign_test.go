package risk

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/session"
)

const (
	linux  = "Firefox on Linux"
	iphone = "Safari on iOS"
)

var (
	noon    = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	hamburg = session.Place{Network: "192.0.2.0/24", Agent: linux, ASN: 64500, Country: "DE", Lat: 536, Lon: 100, Radius: 20}
	osaka   = session.Place{Network: "198.51.100.0/24", Agent: linux, ASN: 64501, Country: "JP", Lat: 347, Lon: 1355, Radius: 50}
	nowhere = session.Place{Network: "203.0.113.0/24", Agent: linux}
)

// ago is a place at which its user signed in some time before noon.
func ago(d time.Duration, p session.Place) session.Place {
	p.SeenAt = noon.Add(-d)
	return p
}

// with is a place that differs.
func with(p session.Place, change func(*session.Place)) session.Place {
	change(&p)
	return p
}

// One case of one sign.
type one struct {
	sign string
	visit
	odd bool
}

// What each sign takes for odd, and what it does not (RAT-16, ASVS 6.3.5).
func TestSigns(t *testing.T) {
	home := []session.Place{ago(time.Hour, hamburg)}
	agent := func(name string) func(*session.Place) { return func(p *session.Place) { p.Agent = name } }
	for name, c := range map[string]one{
		"a stranger's browser at home":            {"new-device", visit{here: hamburg, before: home}, true},
		"a browser that is known":                 {"new-device", visit{here: osaka, before: home, known: true}, false},
		"an application at home":                  {"new-device", visit{here: hamburg, before: home, native: true}, false},
		"an application elsewhere":                {"new-device", visit{here: osaka, before: home, native: true}, true},
		"another application at home":             {"new-device", visit{here: with(hamburg, agent(iphone)), before: home, native: true}, true},
		"the same network":                        {"new-network", visit{here: hamburg, before: home}, false},
		"another network":                         {"new-network", visit{here: osaka, before: home}, true},
		"another network of the same owner":       {"new-network", visit{here: with(nowhere, func(p *session.Place) { p.ASN = 64500 }), before: home}, false},
		"two networks whose owner nobody knows":   {"new-network", visit{here: nowhere, before: []session.Place{{Network: "10.0.0.0/24"}}}, true},
		"no network":                              {"new-network", visit{here: session.Place{Agent: linux}, before: home}, false},
		"the same country":                        {"new-country", visit{here: hamburg, before: home}, false},
		"another country":                         {"new-country", visit{here: osaka, before: home}, true},
		"a country of long ago":                   {"new-country", visit{here: osaka, before: append(home, ago(1000*time.Hour, osaka))}, false},
		"a country that nobody knows":             {"new-country", visit{here: nowhere, before: home}, false},
		"a country after none that anybody knows": {"new-country", visit{here: osaka, before: []session.Place{nowhere}}, false},
		"four failures":                           {"many-failures", visit{here: hamburg, before: home, failures: 4}, false},
		"five failures":                           {"many-failures", visit{here: hamburg, before: home, failures: 5}, true},
		"a listed network":                        {"listed-network", visit{here: osaka, before: home, listed: true}, true},
		"a listed network of theirs":              {"listed-network", visit{here: hamburg, before: home, listed: true}, false},
		"a network that is not listed":            {"listed-network", visit{here: osaka, before: home}, false},
	} {
		c.at = noon
		c.judge(t, name)
	}
}

// Nobody travels faster than an airliner; how exact the map is counts for the traveller.
func TestImpossibleTravel(t *testing.T) {
	kiel := with(hamburg, func(p *session.Place) { p.Lat, p.Lon = 543, 101 })
	rough := with(osaka, func(p *session.Place) { p.Radius = 9000 })
	for name, c := range map[string]one{
		"to Japan in an hour":               {"", visit{here: osaka, before: []session.Place{ago(time.Hour, hamburg)}}, true},
		"to Japan in less than nine":        {"", visit{here: osaka, before: []session.Place{ago(8*time.Hour+45*time.Minute, hamburg)}}, true},
		"to Japan in nine hours, nonstop":   {"", visit{here: osaka, before: []session.Place{ago(9*time.Hour, hamburg)}}, false},
		"somewhere on half the globe":       {"", visit{here: rough, before: []session.Place{ago(time.Hour, hamburg)}}, false},
		"to the next town at once":          {"", visit{here: kiel, before: []session.Place{ago(0, hamburg)}}, false},
		"to nowhere":                        {"", visit{here: nowhere, before: []session.Place{ago(time.Hour, hamburg)}}, false},
		"from nowhere":                      {"", visit{here: osaka, before: []session.Place{ago(time.Hour, nowhere)}}, false},
		"from a town, by way of nowhere":    {"", visit{here: osaka, before: []session.Place{ago(time.Minute, nowhere), ago(time.Hour, hamburg)}}, true},
		"from the place that was last":      {"", visit{here: osaka, before: []session.Place{ago(time.Hour, osaka), ago(2*time.Hour, hamburg)}}, false},
		"in no time, by a clock that jumps": {"", visit{here: osaka, before: []session.Place{ago(-time.Hour, hamburg)}}, true},
	} {
		c.at, c.sign = noon, "impossible-travel"
		c.judge(t, name)
	}
	if d := distance(hamburg, osaka); d < 8850 || d > 8950 {
		t.Errorf("from Hamburg to Osaka it is %.0f km", d)
	}
	far, antipode := session.Place{Lat: 0, Lon: 0}, session.Place{Lat: 0, Lon: 1800}
	if d := distance(far, antipode); d < 20000 || d > 20050 {
		t.Errorf("around half the earth it is %.0f km", d)
	}
}

func (c one) judge(t *testing.T, name string) {
	t.Helper()
	i := slices.IndexFunc(signs, func(s sign) bool { return s.name == c.sign })
	reason := signs[i].odd(c.visit)
	if (reason != "") != c.odd {
		t.Errorf("%s: %q", name, reason)
	}
	for _, secret := range []string{c.here.Network, c.here.Country} {
		if secret != "" && strings.Contains(reason, secret) {
			t.Errorf("%s: the log keeps %q for ever in %q", name, secret, reason)
		}
	}
}

// What comes of things that happen, by the rules as they are and by strict ones (BRE-09).
func TestVerdicts(t *testing.T) {
	home := []session.Place{ago(24*time.Hour, hamburg)}
	kiel := with(nowhere, func(p *session.Place) { p.Country = "DE" })
	for name, c := range map[string]struct {
		visit
		want, strict authn.Verdict
	}{
		"as always":                         {visit{here: hamburg, known: true}, authn.Pass, authn.Pass},
		"the own browser elsewhere at home": {visit{here: kiel, known: true}, authn.Pass, authn.Prove},
		"a new browser at home":             {visit{here: hamburg}, authn.Notice, authn.Prove},
		"a new browser elsewhere at home":   {visit{here: kiel}, authn.Notice, authn.Prove},
		"the own browser abroad":            {visit{here: osaka, known: true}, authn.Notice, authn.Prove},
		"a new browser abroad":              {visit{here: osaka}, authn.Prove, authn.Prove},
		"a new browser after many failures": {visit{here: kiel, failures: 9}, authn.Prove, authn.Prove},
		"the own browser after as many":     {visit{here: hamburg, known: true, failures: 9}, authn.Notice, authn.Prove},
		"a new browser through Tor":         {visit{here: nowhere, listed: true}, authn.Prove, authn.Prove},
	} {
		c.at, c.before = noon, home
		found := weigh(c.visit)
		if got := (Rules{}).verdict(found.Score); got != c.want {
			t.Errorf("%s: %v for %+v, want %v", name, got, found, c.want)
		}
		if got := Strict().verdict(found.Score); got != c.strict {
			t.Errorf("%s, strictly: %v for %+v, want %v", name, got, found, c.strict)
		}
	}
	all := weigh(visit{at: noon, here: osaka, before: []session.Place{ago(time.Hour, hamburg)}, failures: 9, listed: true})
	if len(all.Signals) != len(signs) || all.Score != most {
		t.Errorf("all at once: %+v", all)
	}
}

func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		rules Rules
		want  [4]int // from which score on; 101: never
	}{
		"zero":    {Rules{}, [4]int{0, 20, 50, 101}},
		"strict":  {Strict(), [4]int{0, 101, 10, 101}},
		"refuse":  {Rules{Refuse: 80}, [4]int{0, 20, 50, 80}},
		"nothing": {Rules{Notice: -1, Prove: -1}, [4]int{0, 101, 101, 101}},
	} {
		got := [4]int{101, 101, 101, 101}
		for score := 100; score >= 0; score-- {
			got[c.rules.verdict(score)] = score
		}
		if got != c.want || c.rules.Check() != nil {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for _, r := range []Rules{{Notice: 101}, {Prove: 101}, {Refuse: 101}} {
		if r.Check() == nil {
			t.Errorf("%+v is taken", r)
		}
	}
}

// The page about it has every sign with its score.
func TestExplained(t *testing.T) {
	text, err := os.ReadFile("../../docs/explain/odd-sign-ins.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range signs {
		if row := "| `" + s.name + "` | " + strconv.Itoa(s.score) + " |"; !strings.Contains(string(text), row) {
			t.Errorf("no %s", row)
		}
	}
}
