package passkey

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

var (
	errNotAsked = errors.New("no passkey was asked for")
	errUnknown  = errors.New("no such passkey")
	errOthers   = errors.New("the passkey is somebody else's")
	errHandle   = errors.New("the user handle is missing or somebody else's")
	errAgain    = errors.New("the answer was used already")
)

// first reports whether a passkey would be all that a sign-in rests on. It must then have
// verified its user: a key that was found must not open what it finds.
func first(l *authn.Login) bool { return len(l.Proofs) == 0 && l.Session == "" }

func verification(l *authn.Login) protocol.UserVerificationRequirement {
	if first(l) {
		return protocol.VerificationRequired
	}
	return protocol.VerificationPreferred
}

// Begin implements authn.Method. Only who has proved something is told which passkeys they
// have: a stranger could else see by any address whether it has an account (BUG-21).
func (m *Method) Begin(ctx context.Context, l *authn.Login, _ authn.Input) (authn.Prompt, error) {
	if m.broken != nil {
		return authn.Prompt{}, m.broken
	}
	var allowed []protocol.CredentialDescriptor
	if !first(l) {
		keys, err := m.keys(ctx, l.UserID)
		if err != nil {
			return authn.Prompt{}, err
		}
		if allowed, err = descriptors(keys); err != nil {
			return authn.Prompt{}, err
		}
	}
	options, session, err := m.party.BeginDiscoverableLogin(webauthn.WithChallenge(secret.Bytes(secret.Size)),
		webauthn.WithUserVerification(verification(l)), webauthn.WithAllowedCredentials(allowed))
	if err != nil {
		return authn.Prompt{}, err
	}
	if l.Data == nil {
		l.Data = map[identity.MethodID]json.RawMessage{}
	}
	if l.Data[id], err = json.Marshal(asked{session.Challenge}); err != nil {
		return authn.Prompt{}, err
	}
	ceremony, err := json.Marshal(options.Response)
	return authn.Prompt{Ceremony: ceremony}, err
}

// tries is how often a passkey is read again that another sign-in changed meanwhile.
const tries = 5

// Finish implements authn.Method.
func (m *Method) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if m.broken != nil {
		return identity.Proof{}, m.broken
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(in.Credential)
	if err != nil {
		return identity.Proof{}, identity.ErrRejected.Because(err)
	}
	challenge, err := pending(l.Data[id])
	if err != nil {
		return identity.Proof{}, err
	}
	if challenge == "" {
		return identity.Proof{}, identity.ErrRejected.Because(errNotAsked)
	}
	for range tries {
		accepted, err := m.attempt(ctx, l, challenge, answer)
		if err != nil {
			return identity.Proof{}, err
		}
		if accepted {
			return m.proof(answer.Response.AuthenticatorData.Flags), nil
		}
	}
	return identity.Proof{}, identity.ErrUnavailable
}

// proof is what an authenticator showed.
func (m *Method) proof(flags protocol.AuthenticatorFlags) identity.Proof {
	p := identity.Proof{Method: id, Factor: identity.Possession, At: m.flow.Now()}
	if flags.HasUserVerified() {
		p.Factor |= identity.Inherence
	}
	return p
}

// attempt judges an answer by the passkey as it is now and keeps what it says. It reports
// false where another sign-in changed the passkey meanwhile.
func (m *Method) attempt(ctx context.Context, l *authn.Login, challenge string, answer *protocol.ParsedCredentialAssertionData) (bool, error) {
	c, user, err := m.find(ctx, l, answer)
	if err != nil {
		return false, err
	}
	l.About(user)
	if user.State != identity.Active {
		return false, identity.ErrRejected.Because(errors.New("user is " + string(user.State)))
	}
	before, err := readKey(*c)
	if err != nil {
		return false, err
	}
	if before.Answered == challenge {
		return false, identity.ErrRejected.Because(errAgain)
	}
	after, cloned, err := m.judge(user, before, verification(l), challenge, answer)
	if err != nil {
		return false, err
	}
	// Whoever had proved nothing was asked for any passkey, and this one was found.
	after.Discoverable = after.Discoverable || first(l)
	return m.keep(ctx, user, c, after, cloned, answer.Response.AuthenticatorData.Counter)
}

// find finds the passkey that an answer is of, and whose it is. Whoever the sign-in is about
// already, it must be theirs; which of theirs does not matter.
func (m *Method) find(ctx context.Context, l *authn.Login, answer *protocol.ParsedCredentialAssertionData) (*identity.Credential, *identity.User, error) {
	c, err := m.flow.Accounts.Found(ctx, id, lookup(answer.RawID))
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil, identity.ErrRejected.Because(errUnknown)
	}
	if err != nil {
		return nil, nil, err
	}
	if l.UserID != "" && c.UserID != l.UserID {
		return nil, nil, identity.ErrRejected.Because(errOthers)
	}
	// A security key that was asked for by name need not tell whose it is.
	handle := identity.UserID(answer.Response.UserHandle)
	if handle != c.UserID && (handle != "" || l.UserID == "") {
		return nil, nil, identity.ErrRejected.Because(errHandle)
	}
	user, err := m.flow.Accounts.ByID(ctx, c.UserID)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil, identity.ErrRejected.Because(errUnknown)
	}
	return c, user, err
}

// judge verifies an answer (Web Authentication Level 3 section 7.2) and returns what is now
// known of the passkey, and whether its counter says that there is a copy of it.
func (m *Method) judge(user *identity.User, k key, uv protocol.UserVerificationRequirement, challenge string, answer *protocol.ParsedCredentialAssertionData) (after key, cloned bool, err error) {
	flags := answer.Response.AuthenticatorData.Flags
	stored := webauthn.Credential{
		ID: answer.RawID, PublicKey: k.PublicKey, Authenticator: webauthn.Authenticator{SignCount: k.Counter},
		// The library refuses a passkey that was not synced when it was made and is now, though
		// the signature is right: existing passkeys become so when their owner moves to another
		// password manager or system. What is presented, under the signature, is what holds.
		Flags: webauthn.CredentialFlags{BackupEligible: flags.HasBackupEligible()},
	}
	session := webauthn.SessionData{Challenge: challenge, RelyingPartyID: m.RPID, UserID: []byte(user.ID), UserVerification: uv}
	seen, err := m.party.ValidateLogin(owner{user, []webauthn.Credential{stored}}, session, answer)
	if err != nil {
		return k, false, identity.ErrRejected.Because(err)
	}
	k.Counter, k.Answered = seen.Authenticator.SignCount, challenge // of a copy it stays the highest
	k.Synced, k.BackedUp = flags.HasBackupEligible(), flags.HasBackupState()
	k.Verified = k.Verified || flags.HasUserVerified()
	return k, seen.Authenticator.CloneWarning, nil
}

// keep stores what is now known of a passkey, if nobody else did meanwhile. A counter that
// went back tells the log and the user and stops nobody: it is as often a fault of the
// authenticator or two answers that overtook each other (Web Authentication Level 3 section
// 6.1.1), and to refuse would lock out the owner while the thief, who signed in first, stays.
func (m *Method) keep(ctx context.Context, user *identity.User, c *identity.Credential, after key, cloned bool, presented uint32) (kept bool, err error) {
	data, err := json.Marshal(after)
	if err != nil {
		return false, err
	}
	if !cloned {
		return m.flow.Accounts.Use(ctx, c.ID, c.Data, data)
	}
	err = m.flow.DB.Tx(ctx, func(ctx context.Context) error {
		var err error
		if kept, err = m.flow.Accounts.Use(ctx, c.ID, c.Data, data); err != nil || !kept {
			return err
		}
		err = m.flow.Log.Record(ctx, identity.Event{Type: identity.EventCloneSuspected, Subject: user.ID, Data: map[string]string{
			"credential": string(c.ID),
			"stored":     strconv.FormatUint(uint64(after.Counter), 10), "presented": strconv.FormatUint(uint64(presented), 10),
		}})
		if err != nil {
			return err
		}
		return m.flow.Notice(ctx, user, notify.FactorCloned, notify.Facts{Method: string(id), Link: m.flow.Link("/account/security")})
	})
	return kept, err
}
