package authn

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// A Login is a sign-in under way. Between its steps it is kept as a challenge.
type Login struct {
	UserID identity.UserID                       `json:"user,omitempty"` // once a method knows: see About
	Named  string                                `json:"named,omitempty"`
	Proofs []identity.Proof                      `json:"proofs,omitempty"`
	Start  Start                                 `json:"start"`
	Data   map[identity.MethodID]json.RawMessage `json:"data,omitempty"` // private to each method
	// Generation is the user's when their credential was read.
	Generation int64 `json:"generation,omitempty"`
	// Session is the one that a step-up is for; "" for a sign-in.
	Session identity.SessionID `json:"session,omitempty"`
	// Asked is the method that was begun last, and Prompt what it said, so that a page can be
	// shown again.
	Asked  identity.MethodID   `json:"asked,omitempty"`
	Prompt Prompt              `json:"prompt,omitzero"`
	Next   []identity.MethodID `json:"next,omitempty"`
	// Doubt is what came of judging how odd the sign-in is; nil: it was not judged yet.
	Doubt *Doubt `json:"doubt,omitempty"`
	// Remember asks for the device to be remembered.
	Remember bool `json:"remember,omitempty"`

	handle   string
	id       identity.ChallengeID
	deadline time.Time
	visit    []byte // hash of the browser's visit cookie; nil for a client without cookies
	sealed   bool   // the handle holds the login itself: see Stateless
	left     int
	mark     mark // of the browser that answers
}

// About says whom the sign-in is about, as soon as a method has read their credential. A
// password that is changed while a sign-in with the old one is under way thereby ends that
// sign-in too (SES-29). Whom it is about once stays.
func (l *Login) About(user *identity.User) {
	if l.UserID == "" {
		l.UserID, l.Generation = user.ID, user.Generation
	}
}

// ID names the sign-in under way; it is no secret. One that was not kept yet has none.
func (l *Login) ID() identity.ChallengeID { return l.id }

// Left returns how many more answers the sign-in takes. It says nothing of the account: every
// handle has as many.
func (l *Login) Left() int { return l.left }

// Start is what the first step of a sign-in decides for all of it.
type Start struct {
	Mode       identity.Mode `json:"mode"` // "" means token
	RememberMe *bool         `json:"rememberMe,omitempty"`
	ReturnTo   string        `json:"returnTo,omitempty"` // a path of ours, checked by whoever redirects
	// ACR is the assurance that the client asks for (acr_values, OpenID Connect Core section
	// 3.1.2.1), Client and Tenant are for whom; see Policy.
	ACR    string            `json:"acr,omitempty"`
	Client identity.ClientID `json:"client,omitempty"`
	Tenant identity.TenantID `json:"tenant,omitempty"`
}

const (
	loginPurpose = "login"
	loginLife    = 5 * time.Minute
	loginTries   = 5
	// sentLife is how long a sign-in waits that sent something out (ASVS 6.5.5: 10 minutes).
	sentLife = 10 * time.Minute
)

// login loads the sign-in under way that the answer names, or begins one. A handle is good
// for five tries from the browser that began it.
func (f *Flow) login(ctx context.Context, a Answer, tries bool) (*Login, error) {
	if a.Login == "" {
		return f.begun(ctx, a)
	}
	sealed := len(a.Login) != secret.Length
	if sealed {
		if err := f.unseal(ctx, a.Login); err != nil {
			return nil, err
		}
	}
	find := f.Accounts.Outstanding
	if tries {
		find = func(ctx context.Context, purpose, token string) (*identity.Challenge, error) {
			return f.Accounts.Try(ctx, purpose, token, loginTries)
		}
	}
	c, err := find(ctx, loginPurpose, a.Login)
	if err != nil {
		return nil, err
	}
	if !tries && c.Attempts >= loginTries || len(c.Visit) > 0 && !secret.Equal(c.Visit, secret.Hash(a.Visit)) {
		return nil, identity.ErrLinkExpired
	}
	l := &Login{Data: map[identity.MethodID]json.RawMessage{}}
	if err := json.Unmarshal(c.Data, l); err != nil {
		return nil, err
	}
	l.handle, l.id, l.deadline, l.sealed, l.visit = a.Login, c.ID, c.ExpiresAt, sealed, c.Visit
	l.left, l.mark = max(loginTries-c.Attempts, 0), f.readMark(a.Known)
	// A handle of a step-up signs nobody in, and steps up no other session.
	if l.Session != "" && (a.StepUp == nil || a.StepUp.SessionID != l.Session) || l.Session == "" && a.StepUp != nil {
		return nil, identity.ErrLinkExpired
	}
	if a.Method != "" {
		l.turnTo(a.Method)
	}
	return l, l.check(a)
}

// turnTo forgets what the method asked before knew, as long as nothing is proved. Threat: the
// sign-in is about whoever has the address that was typed, and about nobody if none has; by
// the password of an account of their own, anybody could tell the two apart (BUG-21).
func (l *Login) turnTo(m identity.MethodID) {
	if l.Asked == "" || l.Asked == m || len(l.Proofs) > 0 || l.Session != "" {
		return
	}
	l.UserID, l.Generation, l.Named = "", 0, ""
	clear(l.Data)
}

func (f *Flow) begun(ctx context.Context, a Answer) (*Login, error) {
	l := &Login{Start: a.Start, Data: map[identity.MethodID]json.RawMessage{}, visit: hashed(a.Visit), left: loginTries, mark: f.readMark(a.Known)}
	if l.Start.Mode == "" {
		l.Start.Mode = identity.ModeToken
	}
	if a.StepUp != nil {
		user, err := f.Accounts.ByID(ctx, a.StepUp.UserID)
		if err != nil {
			return nil, err
		}
		l.About(user)
		l.Session = a.StepUp.SessionID
	}
	return l, l.check(a)
}

// check refuses a mode that does not exist, and native to pages: a script must not get hold
// of a refresh token, whichever step it takes part in.
func (l *Login) check(a Answer) error {
	if !l.Start.Mode.Valid() {
		return identity.ErrInvalid.With("mode", "must be token, cookie, cookie-token or native")
	}
	if l.Start.Mode == identity.ModeNative && a.Page {
		return identity.ErrInvalid.With("mode", "native is not for browsers")
	}
	return nil
}

// draw gives a sign-in that was never kept its name.
func (f *Flow) draw(l *Login) {
	if l.id == "" {
		l.id = identity.NewID[identity.ChallengeID]("chl", f.Now())
	}
}

// keep stores a sign-in between its steps and hands out its handle.
func (f *Flow) keep(ctx context.Context, l *Login, visit string, life time.Duration) (Outcome, error) {
	data, err := json.Marshal(l)
	if err != nil {
		return Outcome{}, err
	}
	now := f.Now()
	if l.handle != "" {
		err := f.Accounts.Update(ctx, l.id, l.UserID, data)
		return Outcome{Next: l.Next, Login: l.handle, ExpiresIn: l.deadline.Sub(now)}, err
	}
	f.draw(l)
	c := identity.Challenge{ID: l.id, Purpose: loginPurpose, Subject: string(l.UserID), UserID: l.UserID, Visit: hashed(visit), Data: data, ExpiresAt: now.Add(life)}
	l.handle, l.deadline = secret.New(), c.ExpiresAt
	return Outcome{Next: l.Next, Login: l.handle, ExpiresIn: life}, f.Accounts.Keep(ctx, c, l.handle)
}

// hashed is how a visit is kept, nil for none.
func hashed(visit string) []byte {
	if visit == "" {
		return nil
	}
	return secret.Hash(visit)
}

const sealedLogin = "sign-in under way"

// seal hands a sign-in out without storing it: the page that offers passkeys is looked at far
// more often than one is used, and strangers must not fill the database (design: what can be
// begun without limit is sealed).
func (f *Flow) seal(l *Login, visit string) (Outcome, error) {
	data, err := json.Marshal(l)
	if err != nil {
		return Outcome{}, err
	}
	f.draw(l)
	c := identity.Challenge{ID: l.id, Purpose: loginPurpose, Visit: hashed(visit), Data: data, ExpiresAt: f.Now().Add(sentLife)}
	text, err := json.Marshal(c)
	if err != nil {
		return Outcome{}, err
	}
	sealed, err := f.Seal(text, sealedLogin)
	return Outcome{Login: base64.RawURLEncoding.EncodeToString(sealed), ExpiresIn: sentLife}, err
}

// unseal stores a sign-in that was handed out sealed, now that somebody answers it.
func (f *Flow) unseal(ctx context.Context, handle string) error {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(handle)
	if err != nil {
		return identity.ErrLinkExpired
	}
	text, err := f.Unseal(sealed, sealedLogin)
	if err != nil {
		return identity.ErrLinkExpired
	}
	var c identity.Challenge
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	if !c.ExpiresAt.After(f.Now()) {
		return identity.ErrLinkExpired
	}
	return f.Accounts.Keep(ctx, c, handle)
}

// spend ends a sign-in under way, in the transaction of ctx. Of two who finish it one passes.
func (f *Flow) spend(ctx context.Context, l *Login) error {
	switch {
	case l.handle == "":
		return nil
	case l.sealed:
		return f.Accounts.Exhaust(ctx, l.id)
	default:
		_, err := f.Accounts.Spend(ctx, loginPurpose, l.handle)
		return err
	}
}

// Underway returns the sign-in that a handle names, for a page that is shown again. It counts
// no try. One that is over is identity.ErrLinkExpired.
func (f *Flow) Underway(ctx context.Context, a Answer) (*Login, error) {
	if a.Login == "" {
		return nil, identity.ErrLinkExpired
	}
	return f.login(ctx, a, false)
}
