package pages_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A new set of codes kills the old one, so it is asked for; a page that is loaded again does
// not make another one (MFA-09).
func TestNewBackupCodes(t *testing.T) {
	p := secured(t)
	p.open("/account/security/codes").is(http.StatusOK, "Security").came("303 /account/security") // nothing that they stand in for
	p.addApp("code1")
	ask := p.open("/account/security/codes").is(http.StatusOK, "Make new backup codes?", "The old ones stop working at once")
	ask.submit("/account/security/codes").is(http.StatusOK, "Your backup codes", "code-02-00").came()
	ask.submit("/account/security/codes").is(http.StatusOK, "Make new backup codes?").came("303 /account/security/codes")
	own, err := p.gate.Accounts.Credentials(t.Context(), p.me().ID, "test-paper")
	if err != nil || len(own) != 10 {
		t.Fatalf("%d codes, %v", len(own), err)
	}
	for _, c := range own[:7] {
		if _, err := p.gate.Accounts.Take(t.Context(), c.UserID, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	p.open("/account/security").is(http.StatusOK, "Security", "Codes left: 3.", "Only a few are left.")
}

// The file of the codes needs no script. Its form can make a file of nothing else, and not on
// the word of another site.
func TestBackupCodesAsFile(t *testing.T) {
	p := secured(t)
	codes := p.addApp("code1").is(http.StatusOK, "Your backup codes")
	file := codes.submit("/account/security/codes.txt")
	for name, want := range map[string]string{
		"Content-Type": "text/plain; charset=utf-8", "Content-Disposition": `attachment; filename="backup-codes.txt"`, "Cache-Control": "no-store",
	} {
		if got := file.header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if !strings.HasPrefix(file.text, "Backup codes for Acme, ada@example.com. Each works once.\n\ncode-01-00\ncode-01-01\n") || file.status != http.StatusOK {
		t.Errorf("the file is %d %q", file.status, file.text)
	}
	for _, evil := range []string{"", "<script>", "code\n\ncode", "=cmd()", strings.Repeat("code-00-00\n", 21)} {
		codes.submit("/account/security/codes.txt", "codes", evil).is(http.StatusBadRequest, "That did not work")
	}
	forged := codes.submit("/account/security/codes.txt", "csrf_token", "x")
	if strings.Contains(forged.text, "code-01-00") {
		t.Error("another site can make a file of what it likes (CSR-01)")
	}
	p.open("/account/security/codes.txt").is(http.StatusOK, "Security").came("303 /account/security")
	if button := codes.all(func(n *html.Node) bool { return attr(n, "data-copy") == "codes" }); len(button) != 1 || !strings.Contains(codes.text, "hidden data-copy") {
		t.Error("the button that needs a script is shown without one")
	}
}

func TestRenameAndRemove(t *testing.T) {
	p := secured(t)
	p.addApp("code1")
	list := p.open("/account/security")
	rename, remove := list.hrefs("/account/security/rename"), list.hrefs("/account/security/remove")
	if len(rename) != 1 || len(remove) != 1 {
		t.Fatalf("%q %q", rename, remove)
	}
	form := p.open(rename[0]).is(http.StatusOK, "Rename", "test-app")
	form.submit("/account/security/rename").is(http.StatusBadRequest, "Error: Rename", "Enter a name.")
	form.submit("/account/security/rename", "label", strings.Repeat("a", 101)).is(http.StatusBadRequest, "Error: Rename", "Use a name of at most 100 characters.").
		submit("/account/security/rename", "label", "old <phone>").is(http.StatusOK, "Security", "The name was saved.", "old <phone>")
	form.submit("/account/security/rename", "label", "x", "id", "crd_of_nobody").is(http.StatusNotFound, "There is no such page")

	ask := p.open(remove[0]).is(http.StatusOK, "Remove this?", "old <phone>")
	p.open("/account/security").is(http.StatusOK, "Security", "A second factor is on") // a link alone removes nothing
	ask.submit("/account/security/remove").came("303 /account/security?done=removed").
		is(http.StatusOK, "Security", "It was removed.", "Sign out everywhere else", "No second factor is on.")
	ask.submit("/account/security/remove").is(http.StatusOK, "Security", "It was removed.")
	for _, gone := range []string{rename[0], remove[0], "/account/security/remove"} {
		p.open(gone).is(http.StatusOK, "Security").came("303 /account/security")
	}
	p.open("/account/activity").is(http.StatusOK, "Activity", "Removed: test-app", "Second factor switched off")
}

func TestLastWayInStays(t *testing.T) {
	p := secured(t)
	list, err := p.gate.Accounts.Credentials(t.Context(), p.me().ID, authn.Password)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	p.open("/account/security/remove?id="+string(list[0].ID)).is(http.StatusOK, "Remove this?", "Password").
		submit("/account/security/remove").is(http.StatusConflict, "Error: Remove this?", "This is your last way to sign in", "Set up another way first")
}

// A credential of somebody else's is none (AUZ-17).
func TestCredentialsOfOthers(t *testing.T) {
	p := secured(t)
	p.addApp("code1")
	theirs := p.open("/account/security").hrefs("/account/security/re")
	other := p.person()
	other.open("/signup").submit("/signup", "email", "eve@example.com", "password", secret)
	mail := p.letterTo("eve@example.com")
	other.open(mail.Links[0]).submit("/verify-email").is(http.StatusOK, "Your address is confirmed")
	other.open("/login").submit("/login", "email", "eve@example.com", "password", secret).is(http.StatusOK, "Profile")
	for _, path := range theirs {
		other.open(path).came("303 /account/security")
	}
}

func TestRememberedDevices(t *testing.T) {
	p := secured(t)
	user := p.me()
	data, err := json.Marshal(map[string]any{"until": p.clock().Add(time.Hour), "generation": user.Generation})
	if err != nil {
		t.Fatal(err)
	}
	c := &identity.Credential{UserID: user.ID, Method: authn.Device, Lookup: "x", Data: data, Label: "Firefox on Linux"}
	if err := p.gate.Accounts.Enroll(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	list := p.open("/account/security").is(http.StatusOK, "Security", "Remembered devices", "Firefox on Linux", "Added 4 Mar 2026", "Forget")
	p.open(list.hrefs("/account/security/remove")[0]).is(http.StatusOK, "Remove this?", "This device will be asked for your second factor again.").
		submit("/account/security/remove").is(http.StatusOK, "Security", "It was removed.")
	if gone := p.open("/account/security"); strings.Contains(gone.text, "Remembered devices") {
		t.Error("the device is still remembered")
	}
}
