package pages_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// with gives a house further methods, which take the place of all that it has of its own but
// the password.
func (h *house) with(methods ...authn.Method) *house {
	f := h.gate.Flow
	f.Methods = slices.DeleteFunc(f.Methods, func(m authn.Method) bool {
		_, ours := m.(interface{ isToy() })
		return !ours && m.ID() != authn.Password
	})
	f.Methods = append(f.Methods, methods...)
	f.Settle()
	return h
}

// has gives Ada a credential of a method.
func (h *house) has(id identity.MethodID) *identity.User {
	h.Helper()
	user, err := h.gate.Accounts.ByEmail(h.Context(), ada)
	if err == nil {
		err = h.gate.Accounts.Enroll(h.Context(), &identity.Credential{UserID: user.ID, Method: id, Lookup: "known", Data: []byte("{}")})
	}
	if err != nil {
		h.Fatal(err)
	}
	return user
}

// toy is what the methods of these tests have in common: pages know none of them.
type toy struct {
	id   identity.MethodID
	flow *authn.Flow
}

func (m *toy) isToy() {}

func (m *toy) ID() identity.MethodID { return m.id }
func (m *toy) Settle(f *authn.Flow)  { m.flow = f }

func (m *toy) Enrolled(ctx context.Context, user *identity.User) (bool, error) {
	list, err := m.flow.Accounts.Credentials(ctx, user.ID, m.id)
	return len(list) > 0, err
}

func (m *toy) proof(factor identity.Factor) identity.Proof {
	return identity.Proof{Method: m.id, Factor: factor, At: m.flow.Now()}
}

const right = "424242"

// generator shows a code on a thing of its own.
type generator struct{ toy }

func newGenerator() *generator { return &generator{toy{id: "generator"}} }

func (m *generator) AtOnce() {}

func (m *generator) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

func (m *generator) Finish(_ context.Context, _ *authn.Login, in authn.Input) (identity.Proof, error) {
	if in.Code != right {
		return identity.Proof{}, identity.ErrRejected
	}
	return m.proof(identity.Possession), nil
}

func (m *generator) BeginEnroll(_ context.Context, e *authn.Enrollment, _ authn.Input) (authn.Prompt, error) {
	e.Data = []byte("{}")
	return authn.Prompt{Fields: []authn.Field{authn.CodeField}, Secret: &authn.Shared{Key: "ABCDEFGHIJ", URL: "otpauth://x", SVG: "<svg></svg>"}}, nil
}

func (m *generator) FinishEnroll(_ context.Context, _ *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	if in.Code != right {
		return authn.Enrolled{}, identity.ErrRejected
	}
	return authn.Enrolled{
		Credentials: []identity.Credential{{Lookup: "new", Data: []byte("{}")}}, Proof: m.proof(identity.Possession), Codes: []string{"aaaa-bbbb", "cccc-dddd"},
	}, nil
}

// sender sends codes to where its owner can be reached.
type sender struct {
	toy
	code   string // the last that was sent
	factor identity.Factor
}

func newSender() *sender { return &sender{toy: toy{id: "sender"}, factor: identity.Possession} }

func (m *sender) Begin(ctx context.Context, l *authn.Login, _ authn.Input) (_ authn.Prompt, err error) {
	if _, err := m.flow.MaySend(ctx, m.id, "somewhere", l.Data[m.id]); err != nil {
		return authn.Prompt{}, err
	}
	m.code, l.Data[m.id], err = m.flow.NewCode(m.id, "somewhere", 5*time.Minute)
	return authn.CodePrompt("•• 42"), err
}

func (m *sender) Finish(_ context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if _, err := m.flow.CheckCode(m.id, l.Data[m.id], in.Code); err != nil {
		return identity.Proof{}, err
	}
	return m.proof(m.factor), nil
}

// wrong returns a code that is not the one sent.
func (m *sender) wrong() string {
	if m.code == right {
		return "242424"
	}
	return right
}

// dancer holds a ceremony with the browser.
type dancer struct{ toy }

func newDancer(id identity.MethodID) *dancer { return &dancer{toy{id: id}} }

func (m *dancer) Stateless() {}

func (m *dancer) Opens(ctx context.Context, user *identity.User) (bool, error) {
	return m.Enrolled(ctx, user)
}

func (m *dancer) Begin(_ context.Context, l *authn.Login, _ authn.Input) (authn.Prompt, error) {
	l.Data[m.id] = json.RawMessage(`{"dance":true}`)
	return authn.Prompt{Ceremony: json.RawMessage(`{"challenge":"c2hhbGw","rpId":"localhost"}`)}, nil
}

func (m *dancer) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	user, err := m.flow.Accounts.ByEmail(ctx, ada)
	if err != nil || len(l.Data[m.id]) == 0 || string(in.Credential) != `{"id":"known"}` {
		return identity.Proof{}, identity.ErrRejected.Because(err)
	}
	l.About(user)
	return m.proof(identity.Possession | identity.Inherence), nil
}

func (m *dancer) WellKnown() json.RawMessage {
	return json.RawMessage(`{"origins":["https://a.example"]}`)
}

// postman stands in for links by mail: it knows nothing but the contract.
type postman struct {
	toy
	link, code string
}

func newPostman() *postman { return &postman{toy: toy{id: "magic-link"}} }

func (m *postman) Elsewhere() {}

func (m *postman) Opens(context.Context, *identity.User) (bool, error) { return true, nil }

func (m *postman) Begin(ctx context.Context, l *authn.Login, in authn.Input) (authn.Prompt, error) {
	user, email, err := m.flow.ByAddress(ctx, l, in.Email)
	if err != nil {
		return authn.Prompt{}, err
	}
	if _, err := m.flow.MaySend(ctx, m.id, email, l.Data[m.id]); err != nil {
		return authn.Prompt{}, err
	}
	code, data, err := m.flow.NewCode(m.id, email, 5*time.Minute)
	if err != nil {
		return authn.Prompt{}, err
	}
	l.Data[m.id] = data
	if user == nil {
		return authn.CodePrompt(""), nil
	}
	l.About(user)
	token, err := m.flow.NewLink(ctx, l, m.id, data, 5*time.Minute)
	if err != nil {
		return authn.Prompt{}, err
	}
	m.code, m.link = code, "/auth/verify?token="+token
	return authn.CodePrompt(""), nil
}

func (m *postman) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if _, err := m.flow.CheckCode(m.id, l.Data[m.id], in.Code); err != nil {
		return identity.Proof{}, err
	}
	if l.UserID == "" {
		return identity.Proof{}, identity.ErrRejected
	}
	return m.proof(identity.Mailbox), m.flow.SpendLink(ctx, l.Data[m.id])
}

// Every toy is what it is said to be.
func TestToys(t *testing.T) {
	for _, m := range []authn.Method{newGenerator(), newSender(), newDancer("dancer"), newPostman()} {
		_, second := m.(authn.Second)
		_, first := m.(authn.First)
		if !second && !first {
			t.Errorf("%s is good for nothing", m.ID())
		}
	}
}
