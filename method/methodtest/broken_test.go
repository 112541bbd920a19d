package methodtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A house is what methods on several machines have in common.
type house struct {
	used bool
	age  time.Duration // of the code
	kept []identity.Credential
}

// A method takes the code "good" of one user, once, rightly but for its fault.
type method struct {
	*house
	fault string
	mine  bool // it was used here
}

func (m *method) ID() identity.MethodID { return "code" }

func (m *method) Begin(_ context.Context, _ *authn.Login, in authn.Input) (authn.Prompt, error) {
	p := authn.Prompt{Fields: []authn.Field{authn.CodeField}, To: in.Email, Ceremony: json.RawMessage(`{"allow":["a","b"]}`)}
	if in.Email == "known@example.com" {
		return p, nil
	}
	switch m.fault {
	case "prompts only those it knows":
		p.To = ""
	case "prompts strangers with less":
		p.Ceremony = json.RawMessage(`{"allow":[]}`)
	case "fails for strangers":
		return p, identity.ErrNotFound
	}
	return p, nil
}

func (m *method) Finish(_ context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if err := m.refuse(l, in.Code); err != nil {
		return identity.Proof{}, err
	}
	m.mine = true
	m.used = m.fault != "forgets single use" && m.fault != "remembers by itself"
	if m.fault != "does not say whom it proved" {
		l.UserID = "usr_1"
	}
	p := m.proof()
	switch m.fault {
	case "adds the proof itself":
		l.Proofs = append(l.Proofs, p)
	case "does not say what it proved":
		p.Factor = 0
	case "signs with another name":
		p.Method = "password"
	}
	return p, nil
}

func (m *method) proof() identity.Proof {
	return identity.Proof{Method: "code", Factor: identity.Possession, At: time.Now()}
}

func (m *method) refuse(l *authn.Login, code string) error {
	wrong := identity.ErrRejected.Because(errors.New("wrong"))
	switch {
	case code == "" && m.fault == "accepts nothing at all":
		return nil
	case code != "good":
		return m.refusal(wrong)
	case l.UserID != "" && l.UserID != "usr_1" && m.fault != "proves somebody in the sign-in of another",
		m.age > time.Minute && m.fault != "knows no time",
		m.used, m.mine && m.fault == "remembers by itself":
		return wrong
	}
	return nil
}

func (m *method) refusal(wrong *identity.Error) error {
	switch m.fault {
	case "leaks the reason":
		e := *wrong
		e.Message = "This code is wrong."
		return &e
	case "leaks the reason in a field":
		return wrong.With("code", "is wrong")
	case "has another answer", "has an answer that the Flow does not count":
		return identity.ErrNotFound
	case "hides the cause from the log":
		return identity.ErrRejected
	}
	return wrong
}

func (m *method) BeginEnroll(_ context.Context, e *authn.Enrollment, _ authn.Input) (authn.Prompt, error) {
	e.Data = json.RawMessage(`"begun"`)
	return authn.Prompt{Secret: &authn.Shared{Key: "key"}}, nil
}

func (m *method) FinishEnroll(_ context.Context, e *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	done := authn.Enrolled{Credentials: []identity.Credential{{Lookup: string(e.User.ID), Data: []byte("sealed")}}, Proof: m.proof()}
	if len(e.Data) == 0 && m.fault != "sets up what was not begun" || in.Code != "key" && m.fault != "sets up by any answer" {
		if m.fault != "refuses and sets up" {
			done = authn.Enrolled{}
		}
		return done, identity.ErrRejected.Because(errors.New("wrong"))
	}
	switch m.fault {
	case "stores by itself":
		m.kept = done.Credentials
	case "has nothing to keep":
		done.Credentials = nil
	case "keeps what cannot be found":
		done.Credentials[0].Lookup = ""
	case "keeps the secret in clear":
		done.Credentials[0].Data = []byte("a key")
	case "sets up without saying what it proved":
		done.Proof.Factor = 0
	}
	return done, nil
}
