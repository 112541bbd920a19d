package policy

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Test says what the policy must decide about one request.
type Test struct {
	Name string         `yaml:"name"`
	As   Subject        `yaml:"as"`
	Do   Permission     `yaml:"do"`
	On   map[string]any `yaml:"on,omitempty"` // type, id, owner, organization, and the attributes
	// At is when it is asked; zero: at Noon.
	At      time.Time `yaml:"at,omitempty"`
	IP      string    `yaml:"ip,omitempty"`
	Posture string    `yaml:"posture,omitempty"` // of the device
	Want    string    `yaml:"want"`              // allow or deny
}

// A Subject is whom a test asks as. The zero Subject is a user without roles.
type Subject struct {
	User         string   `yaml:"user,omitempty"` // "" with no Client: Somebody
	Client       string   `yaml:"client,omitempty"`
	Roles        []string `yaml:"roles,omitempty"`
	Organization string   `yaml:"organization,omitempty"`
	// OrganizationRoles are those in Organization.
	OrganizationRoles []string `yaml:"organizationRoles,omitempty"`
	// Scopes limit the credential; nil: it is not limited.
	Scopes   []string  `yaml:"scopes,omitempty"`
	Scheme   string    `yaml:"scheme,omitempty"`
	ACR      string    `yaml:"acr,omitempty"`
	AMR      []string  `yaml:"amr,omitempty"`
	AuthTime time.Time `yaml:"authTime,omitempty"`
}

// Somebody is the user that a Subject without a name is.
const Somebody identity.UserID = "somebody"

// Noon is when a test asks that says no time: always the same, so that a test that passes today
// passes tomorrow.
var Noon = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

// What a test can want.
const (
	wantAllow = "allow"
	wantDeny  = "deny"
)

// A Failure is a test that the policy does not pass.
type Failure struct {
	Name string
	Want string // allow or deny
	Got  string // the other one
	// Rule is what decided, "" where nothing granted it; Reason says it in a sentence.
	Rule, Reason string
	Line         int // where the test stands; 0 where the file was not read
}

// Test runs the tests of the file and returns those that fail, in the order of the file; nil
// where all pass. An allow that depends on the resource is none where the test names none.
func (p *Policy) Test() []Failure {
	var failed []Failure
	for i, t := range p.file.Tests {
		d := p.Authorize(p.tests[i])
		got := wantDeny
		if d.Allow {
			got = wantAllow
		}
		if got != t.Want {
			failed = append(failed, Failure{Name: t.Name, Want: t.Want, Got: got, Rule: d.Rule, Reason: d.Reason, Line: p.file.line(fmt.Sprintf("tests.%d", i))})
		}
	}
	return failed
}

// compileTests makes the request of each test, and refuses one that could not mean what it says.
// Threat: a test of a role or an attribute that does not exist passes for ever, and proves nothing.
func (p *Policy) compileTests() error {
	for i := range p.file.Tests {
		r, err := p.compileTest(fmt.Sprintf("tests.%d", i), &p.file.Tests[i])
		if err != nil {
			return err
		}
		p.tests = append(p.tests, r)
	}
	return nil
}

func (p *Policy) compileTest(path string, t *Test) (Request, error) {
	switch {
	case t.Name == "":
		return Request{}, p.file.fault(path, "tests: a test has no name")
	case t.Want != wantAllow && t.Want != wantDeny:
		return Request{}, p.file.fault(path+".want", "tests: %q: want is %q, not allow or deny", t.Name, t.Want)
	case !p.Registered(t.Do):
		return Request{}, p.file.fault(path+".do", "tests: %q: permission %q is not registered", t.Name, string(t.Do))
	}
	if err := p.checkSubject(path+".as", t); err != nil {
		return Request{}, err
	}
	on, err := p.sample(path+".on", t)
	if err != nil {
		return Request{}, err
	}
	at := t.At
	if at.IsZero() {
		at = Noon
	}
	return Request{Principal: t.As.principal(), Permission: t.Do, Resource: on, Context: Context{Now: at, IP: t.IP, Posture: t.Posture}}, nil
}

// checkSubject checks that the roles and scopes of whom a test asks as exist.
func (p *Policy) checkSubject(path string, t *Test) error {
	for _, list := range []struct {
		key   string
		names []string
		known func([]string) error
	}{
		{"roles", t.As.Roles, func(n []string) error { return p.Known(n, false) }},
		{"organizationRoles", t.As.OrganizationRoles, func(n []string) error { return p.Known(n, true) }},
		{"scopes", t.As.Scopes, p.Scoped},
	} {
		for i, n := range list.names {
			if list.known([]string{n}) != nil {
				return p.file.fault(fmt.Sprintf("%s.%s.%d", path, list.key, i), "tests: %q: %s has %q, which there is not", t.Name, list.key, n)
			}
		}
	}
	if t.As.Organization == "" && t.As.OrganizationRoles != nil {
		return p.file.fault(path+".organizationRoles", "tests: %q: organizationRoles need an organization", t.Name)
	}
	return nil
}

func (s *Subject) principal() *identity.Principal {
	who := &identity.Principal{
		UserID: identity.UserID(s.User), ClientID: identity.ClientID(s.Client), TenantID: identity.TenantID(s.Organization),
		Scheme: identity.SchemeID(s.Scheme), Roles: s.Roles, TenantRoles: s.OrganizationRoles, Scopes: s.Scopes,
		ACR: s.ACR, AMR: s.AMR, AuthTime: s.AuthTime,
	}
	if who.UserID == "" && who.ClientID == "" {
		who.UserID = Somebody
	}
	return who
}

// sample makes the resource of a test; nil where it names none.
func (p *Policy) sample(path string, t *Test) (*Resource, error) {
	if t.On == nil {
		return nil, nil
	}
	kind, _ := t.On["type"].(string)
	if _, declared := p.file.Resources[kind]; !declared && t.On["type"] != nil {
		return nil, p.file.fault(path+".type", "tests: %q: %v is no type of resource that is declared", t.Name, t.On["type"])
	}
	on := &Resource{Attributes: map[string]any{}}
	for _, key := range slices.Sorted(maps.Keys(t.On)) {
		if err := p.describe(on, kind, key, t.On[key]); err != nil {
			return nil, p.file.fault(path+"."+key, "tests: %q: %w", t.Name, err)
		}
	}
	return on, nil
}
