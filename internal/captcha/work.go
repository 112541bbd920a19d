package captcha

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// The difficulty of work is the passes of PBKDF2 that one try takes. Of 256 tries one is right,
// so the default is about a million passes: a quarter of a second of two cores of ours, perhaps
// twice that of a phone, and two milliseconds to check.
const (
	DefaultDifficulty = 4000
	MinDifficulty     = 100
	MaxDifficulty     = 100_000
)

const (
	algorithm  = "PBKDF2/SHA-256"
	keyLength  = 32
	keyPrefix  = "00"
	nonceSize  = 16
	workLife   = 10 * time.Minute
	skew       = 10 * time.Minute // between the clocks of our machines, at the most
	mostAnswer = 2 << 10          // bytes; real ones have some 700

	// Every so many answers from one network within the window double the difficulty, thrice at
	// the most: whoever guesses on pays more, and a network of many people can still get in.
	doubling  = 10
	doublings = 3
	window    = 15 * time.Minute
)

// Work is proof of work: a browser tries until the hash of a number begins as the challenge says.
// It needs no vendor and no network, and asks nothing of the person. The challenge is ALTCHA's,
// version 2, so its widget and its libraries can answer it. Nothing is stored before an answer is
// right.
type Work struct {
	House
	Difficulty int // 0 means DefaultDifficulty
}

// Parameters are what a challenge consists of, in the order of ALTCHA's canonical form: by name.
type Parameters struct {
	Algorithm string `json:"algorithm"`
	Cost      int    `json:"cost"` // passes of PBKDF2
	Data      Data   `json:"data"`
	ExpiresAt int64  `json:"expiresAt"` // seconds since 1970
	KeyLength int    `json:"keyLength"` // bytes
	KeyPrefix string `json:"keyPrefix"` // hex: how the key must begin
	Nonce     string `json:"nonce"`     // hex: what the password begins with; four bytes of the counter follow
	Salt      string `json:"salt"`      // hex
}

// Data is what a challenge says to ourselves.
type Data struct {
	Key     string `json:"key"`     // the ID of the key that signed
	Purpose string `json:"purpose"` // what the answer is good for
}

// A Challenge is work to do. Its signature is over all of its parameters, each by its name and
// within its quotes: text that only was put together could be cut elsewhere (the splicing of
// ALTCHA's first version).
type Challenge struct {
	Parameters Parameters `json:"parameters"`
	Signature  string     `json:"signature"` // hex, HMAC-SHA-256 of the canonical form
}

// An answer is a challenge with its solution. In transit it is JSON in Base64.
type answer struct {
	Challenge Challenge `json:"challenge"`
	Solution  struct {
		Counter    uint32  `json:"counter"`
		DerivedKey string  `json:"derivedKey"` // hex
		Time       float64 `json:"time"`       // milliseconds it took; only they say so
	} `json:"solution"`
}

// Site implements Captcha.
func (w *Work) Site() Site { return Site{Provider: ByWork} }

// Challenge returns work for whoever asks. It costs one hash and leaves nothing behind.
func (w *Work) Challenge(ctx context.Context) (Challenge, error) {
	id, key := w.Keys.CaptchaSecret()
	p := Parameters{
		Algorithm: algorithm, Cost: w.cost(ctx), KeyLength: keyLength, KeyPrefix: keyPrefix,
		Nonce: hex.EncodeToString(secret.Bytes(nonceSize)), Salt: hex.EncodeToString(secret.Bytes(nonceSize)),
		ExpiresAt: w.Now().Add(workLife).Unix(), Data: Data{Key: id, Purpose: purpose},
	}
	signature, err := p.sign(key)
	return Challenge{p, signature}, err
}

func (p Parameters) sign(key []byte) (string, error) {
	text, err := json.Marshal(p)
	m := hmac.New(sha256.New, []byte(hex.EncodeToString(key))) // ALTCHA's keys are text
	m.Write(text)
	return hex.EncodeToString(m.Sum(nil)), err
}

// cost is the difficulty for the network that asks. What counts is forgotten when the counters
// are down: then it is what it is for everybody.
func (w *Work) cost(ctx context.Context) int {
	base := w.Difficulty
	if base == 0 {
		base = DefaultDifficulty
	}
	n, _, err := w.Solved.Count(ctx, network(ctx), 0, window)
	if err != nil {
		return base
	}
	return base << min(n/doubling, doublings)
}

func network(ctx context.Context) string {
	return "captcha " + throttle.Network(identity.OriginOf(ctx).IP)
}

// Why an answer does not count.
var (
	errForm    = errors.New("the answer is malformed")
	errForged  = errors.New("the challenge is not ours")
	errPurpose = errors.New("the challenge was for something else")
	errOver    = errors.New("the challenge has expired")
	errWrong   = errors.New("the work was not done")
)

// Verify implements authn.Captcha. What is cheap to see is judged first: an invented answer costs
// us one hash, and only one to a challenge of ours costs what checking costs.
func (w *Work) Verify(ctx context.Context, response string) error {
	a, err := read(response)
	if err == nil {
		err = w.judge(a)
	}
	if err != nil {
		return identity.ErrCaptcha.Because(err)
	}
	p := a.Challenge.Parameters
	// The nonce is what the challenge is known by: it was signed as it is written. Everything else
	// of an answer may be written in several ways.
	if err := w.spend(ctx, p.Nonce, time.Unix(p.ExpiresAt, 0).Add(skew)); err != nil {
		return err
	}
	_, _, _ = w.Solved.Count(ctx, network(ctx), 1, window) // see cost
	return nil
}

// read decodes an answer. Whatever is not exactly one is errForm.
func read(response string) (a answer, err error) {
	if len(response) > mostAnswer {
		return a, errForm
	}
	text, err := base64.StdEncoding.Strict().DecodeString(response)
	if err != nil {
		return a, errForm
	}
	if err := strict.Unmarshal(text, &a, strict.RejectUnknownMembers(true)); err != nil {
		return a, errForm
	}
	return a, nil
}

// judge checks everything but whether the answer was used.
func (w *Work) judge(a answer) error {
	p := a.Challenge.Parameters
	key := w.Keys.CaptchaSecretByID(p.Data.Key)
	if key == nil {
		return errForged
	}
	signature, err := p.sign(key)
	if err != nil || !secret.Equal([]byte(signature), []byte(a.Challenge.Signature)) {
		return errForged
	}
	switch {
	case p.Data.Purpose != purpose:
		return errPurpose
	case p.ExpiresAt <= w.Now().Unix():
		return errOver
	case !strings.HasPrefix(a.Solution.DerivedKey, p.KeyPrefix):
		return errWrong
	}
	derived, err := p.derive(a.Solution.Counter)
	if err != nil || !secret.Equal([]byte(derived), []byte(a.Solution.DerivedKey)) {
		return errWrong
	}
	return nil
}

// derive is one try. The parameters are our own.
func (p Parameters) derive(counter uint32) (string, error) {
	nonce, err := hex.DecodeString(p.Nonce)
	if err != nil {
		return "", err
	}
	salt, err := hex.DecodeString(p.Salt)
	if err != nil {
		return "", err
	}
	key, err := pbkdf2.Key(sha256.New, string(binary.BigEndian.AppendUint32(nonce, counter)), salt, p.Cost, p.KeyLength)
	return hex.EncodeToString(key), err
}
