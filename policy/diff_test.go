package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

const before = `permissions: [posts:read, posts:edit, posts:delete, drafts:read:own]
roles:
  user: [posts:read, posts:delete:own, drafts:read:own]
  editor: [posts:edit]
organizationRoles:
  writer: [posts:edit]
scopes:
  tidy: [posts:delete]
resources:
  Post: {locked: Bool}
tests:
  - {name: a locked post, as: {user: ada, roles: [editor]}, do: posts:edit, on: {type: Post, id: "42", owner: ada, locked: true}, want: allow}
`

func changes(before, after *policy.Policy, who []policy.Who) string {
	var lines []string
	for _, c := range policy.Diff(before, after, who) {
		lines = append(lines, strings.ReplaceAll(c.String(), "\t", " | "))
	}
	return strings.Join(lines, "\n")
}

// A change of the policy is told as what each gains and loses, and on what: nothing more, nothing
// less.
func TestDiff(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"nothing", "", "", ""},
		{"a role gets more", "editor: [posts:edit]", "editor: [posts:edit, posts:delete]", `
+ ada, roles editor | posts:delete | everything | (role editor)
+ role editor | posts:delete | everything | (role editor)`},
		{"own becomes any", "posts:delete:own", "posts:delete", "+ role user | posts:delete | all but what they own | (role user)"},
		{"own is taken", "posts:delete:own, ", "", "\n- role user | posts:delete | what they own | (role user)"},
		{"a role is taken away", "  editor: [posts:edit]\n", "  editor: []\n", `
- ada, roles editor | posts:edit | everything | (role editor)
- role editor | posts:edit | everything | (role editor)`},
		{"a role is renamed", "writer:", "author:", `
+ organization role author | posts:edit | everything | (organization role author)
- organization role writer | posts:edit | everything | (organization role writer)`},
		{"a scope", "tidy: [posts:delete]", "tidy: [posts:delete:own]", "- scope tidy | posts:delete | all but what they own | (role admin)"},
		{"a permission is for all", "drafts:read:own]\nroles", "drafts:read]\nroles", `
+ organization role owner | drafts:read | all but what they own | (organization role owner)
+ role admin | drafts:read | all but what they own | (role admin)
+ scope admin | drafts:read | all but what they own | (role admin)
+ scope read | drafts:read | all but what they own | (role admin)
+ scope write | drafts:read | all but what they own | (role admin)`},
		{"a condition", "tests:", "conditions: |\n  @id(\"locked\")\n  forbid (principal, action == Action::\"posts:edit\", resource is Post) when { resource.locked } unless { principal in Role::\"admin\" };\ntests:", `
- ada, roles editor | posts:edit | Post (id: 42, owner: ada, locked: true) | (role editor, against condition locked (line 12))
- ada, roles editor | posts:edit | another's Post (locked: true) | (role editor, against condition locked (line 12))
- ada, roles editor | posts:edit | own Post (locked: true) | (role editor, against condition locked (line 12))
- organization role owner | posts:edit | Post (id: 42, owner: ada, locked: true) | (organization role owner, against condition locked (line 12))
- organization role owner | posts:edit | another's Post (locked: true) | (organization role owner, against condition locked (line 12))
- organization role owner | posts:edit | own Post (locked: true) | (organization role owner, against condition locked (line 12))
- organization role writer | posts:edit | Post (id: 42, owner: ada, locked: true) | (organization role writer, against condition locked (line 12))
- organization role writer | posts:edit | another's Post (locked: true) | (organization role writer, against condition locked (line 12))
- organization role writer | posts:edit | own Post (locked: true) | (organization role writer, against condition locked (line 12))
- role editor | posts:edit | Post (id: 42, owner: ada, locked: true) | (role editor, against condition locked (line 12))
- role editor | posts:edit | another's Post (locked: true) | (role editor, against condition locked (line 12))
- role editor | posts:edit | own Post (locked: true) | (role editor, against condition locked (line 12))`},
		{"another condition", "tests:", "conditions: |\n  permit (principal, action == Action::\"posts:edit\", resource is Post) when { resource.owner == principal };\ntests:", `
+ anybody signed in | posts:edit | own Post (locked: true) | (condition 1 (line 12))
+ organization role member | posts:edit | own Post (locked: true) | (condition 1 (line 12))
+ role moderator | posts:edit | own Post (locked: true) | (condition 1 (line 12))
+ role user | posts:edit | own Post (locked: true) | (condition 1 (line 12))`},
	} {
		a, b := read(t, before), read(t, strings.Replace(before, c.from, c.to, 1))
		if got := changes(a, b, policy.Subjects(a, b)); got != strings.TrimSpace(c.want) {
			t.Errorf("%s:\n%s\nwant:%s", c.name, got, c.want)
		}
	}
}

// There and back again: what one way gains the other way loses, whoever asks.
func TestDiffBack(t *testing.T) {
	a, b := read(t, before), read(t, tested)
	there, back := policy.Diff(a, b, policy.Subjects(a, b)), policy.Diff(b, a, policy.Subjects(a, b))
	if len(there) == 0 || len(there) != len(back) {
		t.Fatalf("%d there, %d back", len(there), len(back))
	}
	for _, c := range there {
		c.Gained = !c.Gained
		if !slices.Contains(back, c) {
			t.Errorf("%s is not undone", c)
		}
	}
	if !slices.Equal(there, policy.Diff(a, b, policy.Subjects(a, b))) {
		t.Error("the order is not stable")
	}
}

// Users are compared as they are: with all their roles at once, and in their organizations.
func TestDiffUsers(t *testing.T) {
	a := read(t, before)
	b := read(t, strings.Replace(before, "user: [posts:read, ", "user: [", 1))
	who := []policy.Who{
		{Name: "bob", Principal: identity.Principal{UserID: "usr_2", Roles: []string{"user"}}},
		{Name: "ada", Principal: identity.Principal{UserID: "usr_1", Roles: []string{"admin", "user"}}},
		{Name: "ada in org_1", Principal: identity.Principal{UserID: "usr_1", TenantID: "org_1", Roles: []string{"user"}, TenantRoles: []string{"owner"}}},
		{Name: "a client", Principal: identity.Principal{ClientID: "cli_1", Roles: []string{"user"}}},
	}
	if got, want := changes(a, b, who), "- a client | posts:read | everything | (role user)\n- bob | posts:read | everything | (role user)"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
