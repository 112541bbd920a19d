package pages

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

const keysPath = "/account/keys"

// keyPages are the pages of keys for programs.
func (p *Pages) keyPages() []page {
	return []page{
		{path: keysPath, rule: mine, show: p.keys},
		{path: keysPath + "/new", rule: fresh, show: p.newKey, submit: p.makeKey, limit: throttle.Changes, reason: "key"},
		{path: keysPath + "/rename", rule: mine, show: p.aboutKey("rename"), submit: p.renameKey},
		{path: keysPath + "/rotate", rule: fresh, show: p.aboutKey("rotate"), submit: p.rotateKey, limit: throttle.Changes, reason: "key"},
		{path: keysPath + "/revoke", rule: mine, show: p.aboutKey("revoke"), submit: p.revokeKey},
	}
}

// A shownKey is an API key as its owner sees it.
type shownKey struct {
	apikey.Key
	Expired bool
	May     string // its scopes
	From    string // its networks; "": from everywhere
	Used    string
	Ends    string
	Do      string // what is asked about it: "rename", "rotate", "revoke"
}

func (v *view) key(k apikey.Key) shownKey {
	s := shownKey{Key: k, Expired: k.Expired(v.pages.Now()), May: strings.Join(k.Scopes, ", ")}
	networks := make([]string, 0, len(k.Networks))
	for _, n := range k.Networks {
		networks = append(networks, strings.TrimSuffix(strings.TrimSuffix(n.String(), "/32"), "/128"))
	}
	s.From = strings.Join(networks, ", ")
	s.Used, s.Ends = v.words["keys.unused"], v.words["keys.forever"]
	if !k.UsedAt.IsZero() {
		s.Used, _ = v.T("keys.used", "date", v.Day(k.UsedAt))
	}
	switch {
	case s.Expired:
		s.Ends, _ = v.T("keys.over", "date", v.Day(k.ExpiresAt))
	case !k.ExpiresAt.IsZero():
		s.Ends, _ = v.T("keys.until", "date", v.Day(k.ExpiresAt))
	}
	return s
}

// keyring is what the list shows.
type keyring struct {
	List []shownKey
	Full bool // there can be no more
}

func (p *Pages) keys(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "keys", why)
	if err != nil {
		return err
	}
	list, err := p.Flow.APIKeys.List(r.Context(), v.Me.ID)
	if err != nil {
		return err
	}
	ring := keyring{Full: len(list) >= apikey.Most}
	for _, k := range list {
		ring.List = append(ring.List, v.key(k))
	}
	v.Data = ring
	return v.render(status(why), "account/keys")
}

// A keyForm is what a new key can be given.
type keyForm struct {
	Scopes []string
	Ends   []option
}

// An option is one line of a list to choose from.
type option struct{ Value, Text string }

// lives are how long a new key may live, in days; "0" is for ever. The first is for who chooses
// nothing.
var lives = []int{90, 30, 365, 0}

func (v *view) keyForm() keyForm {
	f := keyForm{Scopes: v.scopes()}
	for _, days := range lives {
		c := option{strconv.Itoa(days), v.words["keys.forever"]}
		if days > 0 {
			c.Text = v.number(days, v.Spans["days"])
		}
		f.Ends = append(f.Ends, c)
	}
	return f
}

// scopes are those that a key can be limited to: the built-in ones, of which admin is only for
// whoever may administer, and those of the policy.
func (v *view) scopes() []string {
	in := v.pages.Flow.Access.Policy()
	list := []string{"read", "write"}
	if slices.Contains(in.Of(v.Me.Roles), policy.Admin) {
		list = append(list, "admin")
	}
	for _, scope := range slices.Sorted(maps.Keys(in.File().Scopes)) {
		if !slices.Contains(list, scope) {
			list = append(list, scope)
		}
	}
	return list
}

func (p *Pages) newKey(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "keys.new", why)
	if err != nil {
		return err
	}
	list, err := p.Flow.APIKeys.List(r.Context(), v.Me.ID)
	if err != nil {
		return err
	}
	if len(list) >= apikey.Most {
		return p.see(w, r, keysPath)
	}
	if why == nil {
		v.Typed["scope.read"] = "true"
	}
	v.Typed["set"] = newestKey(list)
	v.Data = v.keyForm()
	return v.render(status(why), "account/keynew")
}

// newestKey names what keys somebody has. A form that names others was sent before.
func newestKey(list []apikey.Key) string {
	if len(list) == 0 {
		return ""
	}
	return string(list[0].ID)
}

// makeKey makes a key and shows it in its own answer: there is no address where it could be seen
// again. The page that is loaded once more makes no second one.
func (p *Pages) makeKey(w http.ResponseWriter, r *http.Request) error {
	v, err := p.ours(w, r, "keys.shown", nil)
	if err != nil {
		return err
	}
	list, err := p.Flow.APIKeys.List(r.Context(), v.Me.ID)
	if err != nil {
		return err
	}
	if r.PostForm.Get("set") != newestKey(list) {
		return p.see(w, r, keysPath)
	}
	n, err := p.keyWanted(r)
	if err != nil {
		return err
	}
	_, text, err := p.Flow.CreateAPIKey(r.Context(), v.Me.ID, n)
	if err != nil {
		return err
	}
	v.Data = text
	return v.render(http.StatusOK, "account/keyshown")
}

// keyWanted reads the form of a new key.
func (p *Pages) keyWanted(r *http.Request) (n apikey.New, err error) {
	n.Name, n.Scopes = r.PostForm.Get("name"), []string{}
	for name := range r.PostForm {
		if scope, ok := strings.CutPrefix(name, "scope."); ok {
			n.Scopes = append(n.Scopes, scope)
		}
	}
	days, err := strconv.Atoi(cmp.Or(r.PostForm.Get("expiresAt"), strconv.Itoa(lives[0])))
	if err != nil || !slices.Contains(lives, days) {
		return n, identity.ErrInvalid.With("expiresAt", "is not offered")
	}
	if days > 0 {
		n.ExpiresAt = p.Now().Add(time.Duration(days) * 24 * time.Hour)
	}
	n.Networks, err = apikey.Networks(strings.FieldsFunc(r.PostForm.Get("ipAllowlist"), func(c rune) bool { return strings.ContainsRune(" \t\r\n,;", c) }))
	return n, err
}

// aboutKey is the page that asks something about one key. One that is not the caller's is not
// there.
func (p *Pages) aboutKey(do string) func(http.ResponseWriter, *http.Request, *identity.Error) error {
	return func(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
		v, err := p.ours(w, r, "keys."+do, why)
		if err != nil {
			return err
		}
		id := identity.KeyID(cmp.Or(r.PostForm.Get("id"), r.URL.Query().Get("id")))
		k, err := p.Flow.APIKeys.Get(r.Context(), v.Me.ID, id)
		if identity.KindOf(err) == identity.NotFound {
			return p.see(w, r, keysPath)
		}
		if err != nil {
			return err
		}
		if why == nil {
			v.Typed["name"] = k.Name
		} else if why.Kind == identity.Conflict {
			v.Problem = v.trouble("keys.rotate.conflict")
		}
		shown := v.key(*k)
		shown.Do = do
		v.Data = shown
		return v.render(status(why), "account/key")
	}
}

func (p *Pages) renameKey(w http.ResponseWriter, r *http.Request) error {
	name := r.PostForm.Get("name")
	user, id := identity.FromContext(r.Context()).UserID, identity.KeyID(r.PostForm.Get("id"))
	if err := p.Flow.ChangeAPIKey(r.Context(), user, id, apikey.Change{Name: &name}); err != nil {
		return err
	}
	return p.see(w, r, keysPath+"?done=keyRenamed")
}

// rotateKey shows the new secret once, as makeKey does. The form names the secret that it
// replaces, so that it replaces no other.
func (p *Pages) rotateKey(w http.ResponseWriter, r *http.Request) error {
	v, err := p.ours(w, r, "keys.shown", nil)
	if err != nil {
		return err
	}
	overlap, err := time.ParseDuration(cmp.Or(r.PostForm.Get("overlap"), "24h"))
	if err != nil {
		return identity.ErrInvalid.With("overlap", "is not offered")
	}
	_, text, err := p.Flow.RotateAPIKey(r.Context(), v.Me.ID, identity.KeyID(r.PostForm.Get("id")), r.PostForm.Get("prefix"), overlap)
	if err != nil {
		return err
	}
	v.Data = text
	return v.render(http.StatusOK, "account/keyshown")
}

// revokeKey ends a key. One that is gone, or was never the caller's, is gone.
func (p *Pages) revokeKey(w http.ResponseWriter, r *http.Request) error {
	err := p.Flow.APIKeys.Revoke(r.Context(), identity.FromContext(r.Context()).UserID, identity.KeyID(r.PostForm.Get("id")))
	if err != nil && identity.KindOf(err) != identity.NotFound {
		return err
	}
	return p.see(w, r, keysPath+"?done=keyRevoked")
}
