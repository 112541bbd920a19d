package throttle

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// A Name names one limit of the house.
type Name string

// The limits of the house.
const (
	Calls          Name = "calls"
	SignIns        Name = "sign-ins"
	FailedAddress  Name = "failed-address"
	FailedAccount  Name = "failed-account"
	FailedPair     Name = "failed-pair"
	FailedDevice   Name = "failed-device"
	Marks          Name = "marks"
	FailedKeys     Name = "failed-api-keys"
	FailedClients  Name = "failed-clients"
	FailedClient   Name = "failed-client"
	MailAccount    Name = "mail-account"
	MailAddress    Name = "mail-address"
	Registrations  Name = "registrations"
	Links          Name = "links"
	Changes        Name = "changes"
	Tokens         Name = "tokens"
	Organizations  Name = "organizations"
	Notices        Name = "notices"
	TextsNumber    Name = "texts-number"
	TextsNumberDay Name = "texts-number-day"
	TextsAddress   Name = "texts-address"
)

// A Limit is one line of the table of limits.
type Limit struct {
	Name Name
	Rate Rate   // what it is if nobody says otherwise
	By   string // what is counted by: the key
	Of   string // what is counted
}

const quarter, day = 15 * time.Minute, 24 * time.Hour

// An address is an IPv4 address or an IPv6 /64.
var table = []Limit{
	{Calls, Rate{N: 100, Per: time.Minute}, "address", "calls by strangers: of public routes of the API, and those that were answered 401"},
	{SignIns, Rate{N: 100, Per: time.Minute}, "address", "forms of a sign-in that are sent"},
	{FailedAddress, Rate{N: 100, Per: quarter}, "address", "failed proofs, whosever; a browser that has signed in before is not counted by it"},
	{FailedAccount, Rate{N: 10, Per: quarter}, "account and method", "failed proofs; the last one locks. What nobody has counts like an account"},
	{FailedPair, Rate{N: 10, Per: quarter}, "address, account and method", "failed proofs"},
	{FailedDevice, Rate{N: 10, Per: quarter}, "browser that has signed in before, account and method", "failed proofs; the last one locks, but only this browser"},
	{Marks, Rate{N: 10, Per: day}, "account", "browsers that become known by signing in. Beyond it they sign in as well, and stay strangers"},
	{FailedKeys, Rate{N: 100, Per: quarter}, "address", "API keys that open nothing"},
	{FailedClients, Rate{N: 100, Per: quarter}, "address", "secrets of clients that are wrong"},
	{FailedClient, Rate{N: 10, Per: quarter}, "client", "secrets of one client that are wrong"},
	{MailAccount, Rate{N: 5, Per: time.Hour}, "account", "mails that strangers cause: links, codes, resets. Beyond it none is sent, and nobody is told"},
	{MailAddress, Rate{N: 20, Per: time.Hour}, "address", "mails that strangers cause"},
	{Registrations, Rate{N: 10, Per: time.Hour}, "address", "accounts that are asked for"},
	{Links, Rate{N: 100, Per: time.Hour}, "address", "links and codes of mails that are tried"},
	{Changes, Rate{N: 100, Per: time.Hour}, "address", "keys and factors that are made"},
	{Tokens, Rate{N: 300, Per: time.Minute}, "address", "calls of each endpoint below /oauth"},
	{Organizations, Rate{N: 30, Per: time.Hour}, "address", "organizations that are founded"},
	{Notices, Rate{N: 5, Per: time.Hour}, "account", "notices of odd sign-ins, and as many of locks. Beyond it they are logged only"},
	{TextsNumber, Rate{N: 5, Per: time.Hour}, "number", "text messages"},
	{TextsNumberDay, Rate{N: 10, Per: day}, "number", "text messages"},
	{TextsAddress, Rate{N: 20, Per: day}, "address", "text messages"},
}

// Table returns every limit of the house.
func Table() []Limit { return slices.Clone(table) }

// Limits are the limits that somebody wants to be other than in the Table. The zero value wants none.
type Limits map[Name]Rate

// Rate returns a limit, with its name. A name that is not in the Table has none.
func (l Limits) Rate(n Name) Rate {
	r, ok := l[n]
	for _, v := range table {
		if v.Name == n && !ok {
			r = v.Rate
		}
	}
	r.Name = n
	return r
}

// Check refuses a name that is not in the Table, and a rate that limits nothing or everything.
func (l Limits) Check() error {
	known := map[Name]bool{}
	for _, v := range table {
		known[v.Name] = true
	}
	for _, n := range slices.Sorted(maps.Keys(l)) {
		if !known[n] {
			return fmt.Errorf("there is no limit %q", n)
		}
		if r := l[n]; r.N < 1 || r.Per < time.Second || r.Per/time.Duration(r.N) < time.Microsecond {
			return fmt.Errorf("the limit %q is %d in %v; it must be at least one, in at least a second", n, r.N, r.Per)
		}
	}
	return nil
}
