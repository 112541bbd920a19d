package browser_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
)

// A lost password, from the link to the sign-in: the second factor is asked for as before
// (BUG-28).
func TestForgottenPassword(t *testing.T) {
	h, browser := open(t), chromium(t)
	p, there := h.sit(browser), h.sit(browser)
	p.settles()
	a, _ := p.makesApp()
	there.open("/login")
	there.press("Forgot your password?")
	there.sees("Choose a new password")
	there.fill("email", ada)
	there.press("Send me a link")
	there.sees("Check your mail")
	link := h.linkTo(ada, "/reset-password")
	h.scan(link)
	there.follows(link)
	there.sees("Choose a new password")
	there.fill("password", newWords)
	there.press("Save password")
	there.sees("Your new password is set")
	there.press("Sign in")
	there.sees("Sign in to Acme")
	there.signIn(ada, newWords)
	there.sees("One more step")
	there.choose("Authenticator app")
	there.sees("Enter the code")
	there.enters(a.next())
	there.sees("Profile")
	p.open("/account")
	p.sees("Sign in to Acme") // everything that was signed in is out
	p.follows(link)
	p.sees("This link no longer works")
	p.quiet()
	there.quiet()
}

// Whoever reads of what they did not do locks everybody out (INC-03).
func TestNotMe(t *testing.T) {
	h, browser := open(t), chromium(t)
	thief, reader := h.sit(browser), h.sit(browser)
	thief.settles()
	thief.makesApp()
	link := h.linkTo(ada, "/not-me")
	h.scan(link)
	reader.follows(link)
	reader.sees("That was not you?")
	reader.press("It was not me")
	reader.sees("Everybody is signed out")
	thief.open("/account")
	thief.sees("Sign in to Acme")
	thief.signIn(ada, secret)
	thief.sees("You need a new password first")
	reader.follows(h.linkTo(ada, "/reset-password"))
	reader.sees("Choose a new password")
	reader.fill("password", newWords)
	reader.press("Save password")
	reader.sees("Your new password is set")
	thief.quiet()
	reader.quiet()
}

// guess tries a password of Ada that is wrong, as a program does.
func (h *house) guess() {
	h.Helper()
	answer, err := http.Post(h.url+"/auth/login", "application/json", strings.NewReader(`{"email": "`+ada+`", "password": "a guess, and not the last one"}`))
	if err != nil {
		h.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusUnauthorized {
		h.Errorf("a guess: %d", answer.StatusCode)
	}
}

// What others have locked by their guesses the owner opens again (RAT-11, RAT-12).
func TestUnlock(t *testing.T) {
	h, browser := open(t, func(c *gatehouse.Config) { c.Captcha.Provider = "off" }), chromium(t)
	p := h.sit(browser)
	p.register(ada)
	for range 10 {
		h.guess()
		h.wait(16 * time.Second) // the longest pause
	}
	p.open("/login")
	p.signIn(ada, secret)
	p.says("Too many attempts")
	link := h.linkTo(ada, "/unlock")
	h.scan(link)
	p.follows(link)
	p.sees("Unlock your account")
	p.press("Unlock")
	p.sees("Your account is unlocked")
	p.press("Sign in")
	p.sees("Sign in to Acme")
	p.signIn(ada, secret)
	p.sees("Profile")
	p.quiet()
}

// An address changes when the old one and the new one have agreed.
func TestAnotherAddress(t *testing.T) {
	const bright = "bright@example.com"
	h, browser := open(t), chromium(t)
	p, phone := h.sit(browser), h.sit(browser)
	p.settles()
	p.press("Change")
	p.sees("Email address")
	p.fill("email", bright)
	p.press("Send links to both addresses")
	p.says("We sent a link to both addresses")
	phone.follows(h.linkTo(bright, "/email"))
	phone.sees("Confirm your new address")
	phone.press("Confirm address")
	phone.sees("One of two is done")
	p.follows(h.linkTo(ada, "/email"))
	p.sees("Agree to the new address")
	p.press("Agree")
	p.sees("Your address is changed")
	h.letter(ada, "Your address at Acme was changed")
	h.letter(bright, "Your address at Acme was changed")
	phone.open("/login")
	phone.signIn(bright, secret)
	phone.sees("Profile")
	p.quiet()
	phone.quiet()
}

// Whoever deletes an account proves once more that it is theirs, by the second factor.
func TestDeletion(t *testing.T) {
	p := open(t).sit(chromium(t))
	p.settles()
	a, _ := p.makesApp()
	p.wait(2 * time.Minute)
	p.press("Profile")
	p.sees("Profile")
	p.press("Delete your account")
	p.sees("Confirm that it is you")
	p.says("You are about to delete your account.")
	p.choose("Authenticator app")
	p.sees("Enter the code")
	p.enters(a.code())
	p.sees("Delete your account")
	p.press("Delete for good")
	p.sees("Error: Delete your account")
	p.fill("email", ada)
	p.press("Delete for good")
	p.sees("Your account is gone")
	p.letter(ada, "Your account at Acme was deleted")
	p.open("/login")
	p.signIn(ada, secret)
	p.sees("Error: Sign in to Acme")
	p.says("That email and password do not match")
	p.quiet()
}
