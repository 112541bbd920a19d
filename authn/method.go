package authn

import (
	"context"
	"encoding/json"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Method is one way to prove who you are. Package methodtest checks what each must do;
// docs/howto/add-a-method.md shows one from the first line to the last.
//
// What else a method can do it says by further interfaces: AtOnce, First, Second, Enroller,
// Spare, Stateless, Elsewhere, Resident, Describer.
type Method interface {
	// ID names the method in URLs, in the log and in the table of credentials.
	ID() identity.MethodID
	// Begin prepares a proof: it may send a code, or make a challenge for the browser, and
	// keep in l.Data what Finish must know. A method with nothing to prepare returns the zero
	// Prompt. Whom l is about may be unknown, and then nothing in the answer may tell.
	Begin(ctx context.Context, l *Login, in Input) (Prompt, error)
	// Finish checks the answer. It returns identity.ErrRejected for every answer it does not
	// accept, with the true cause in Because, and calls l.About as soon as it knows whom the
	// answer is about.
	Finish(ctx context.Context, l *Login, in Input) (identity.Proof, error)
}

// AtOnce marks a Method that has nothing to begin: its only step is Finish.
type AtOnce interface {
	Method
	AtOnce()
}

// A First is a Method by which a sign-in may begin: a way in. A Second that is no First is
// refused as the first proof: a code from a phone must not open what a password guards.
type First interface {
	Method
	// Opens reports whether the user could sign in by the method now. The last way in cannot
	// be removed.
	Opens(ctx context.Context, user *identity.User) (bool, error)
}

// A Second is a Method that can be asked for after another one.
type Second interface {
	Method
	// Enrolled reports whether the user has a credential of the method.
	Enrolled(ctx context.Context, user *identity.User) (bool, error)
}

// An Enroller is a Method that a person can set up by themselves, in the same two steps.
type Enroller interface {
	Method
	// BeginEnroll prepares a credential and keeps in e.Data what FinishEnroll must know.
	BeginEnroll(ctx context.Context, e *Enrollment, in Input) (Prompt, error)
	// FinishEnroll checks the answer and returns what is to be kept. It stores nothing: the
	// Flow does, once, with the event and the notice. An answer that it does not accept is
	// identity.ErrRejected, one that is malformed identity.ErrInvalid naming the member.
	FinishEnroll(ctx context.Context, e *Enrollment, in Input) (Enrolled, error)
}

// A Spare is a Method whose proofs are made ahead and kept on paper for the day that another
// factor is lost. Whoever sets up their first second factor is given some.
type Spare interface {
	Second
	// Issue makes a new set. It stores nothing.
	Issue(ctx context.Context, user *identity.User) (Enrolled, error)
}

// Stateless marks a Method that strangers begin without limit and without anybody being told,
// as every look at the sign-in page does with passkeys. Such a sign-in is sealed and handed
// out; only that it was used is stored.
type Stateless interface {
	Method
	Stateless()
}

// Elsewhere marks a Method whose answer may arrive in another browser than the one that
// asked. It steps up no session.
type Elsewhere interface {
	Method
	Elsewhere()
}

// A Resident is a Method that works with what the house has: its accounts, its clock, its
// mail. New hands it the Flow, once, before anything else is asked of it.
type Resident interface {
	Method
	Settle(f *Flow)
}

// A Describer is a Method that can tell the owner of a credential more about it than its
// label: whether a passkey is synced, how a number ends.
type Describer interface {
	Method
	Describe(c identity.Credential) map[string]string
}

// A Conditional is a Method that the policy of a deployment may switch off.
type Conditional interface {
	Method
	// Offered reports whether anybody can begin a sign-in by it.
	Offered() bool
}

// Input is what a person sent. A method reads the members it needs.
type Input struct {
	Email      string
	Password   string
	Code       string
	Phone      string          // as it was typed
	Label      string          // the person's own name for a new credential
	Credential json.RawMessage // of navigator.credentials, in its W3C JSON form
}

// A Prompt is what to show: fields to fill in, a ceremony for navigator.credentials, or a
// place to go. The zero Prompt says that there is nothing to begin.
type Prompt struct {
	Fields   []Field         `json:"fields,omitempty"`
	Ceremony json.RawMessage `json:"ceremony,omitempty"`
	Place    string          `json:"place,omitempty"`
	To       string          `json:"to,omitempty"`          // where a code went, as far as whoever asks may know
	Resend   int             `json:"resendAfter,omitempty"` // seconds until another code may be sent
	Secret   *Shared         `json:"secret,omitempty"`      // what an authenticator application must be told
}

// A Field is one input of a form, in the words of HTML.
type Field struct {
	Name         string `json:"name"`
	Type         string `json:"type"`
	Autocomplete string `json:"autocomplete,omitempty"`
}

// CodeField is the field for a code that was sent or is shown by an application.
var CodeField = Field{Name: "code", Type: "text", Autocomplete: "one-time-code"}

// Shared is a secret that the house and an authenticator application have in common, in the
// forms in which it is handed over.
type Shared struct {
	Key string `json:"key"`        // to type in
	URL string `json:"otpauthUrl"` // to open on the same device
	SVG string `json:"svg"`        // a QR code of URL to scan, made by us: pages put it in as it is
}

// An Enrollment is a credential that is being set up.
type Enrollment struct {
	User *identity.User
	// Data is private to the method, between its two steps.
	Data json.RawMessage
}

// Enrolled is what setting up a method came to. The zero Proof proves nothing.
type Enrolled struct {
	Credentials []identity.Credential // UserID and Method are filled in by the Flow
	Replaces    bool                  // the user's other credentials of the method go
	Proof       identity.Proof        // what the last step showed, as Finish would
	Codes       []string              // to be shown to the user once, and never again
}
