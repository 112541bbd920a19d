package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// print writes what came of an attack as two tables.
func (s *siege) print(out io.Writer) {
	fmt.Fprintf(out, "%d leaked pairs from %d addresses against %d accounts, %d of the pairs right here too, in %s\n\n", s.Pairs, s.Addresses, s.Accounts, s.Fresh, s.Took)
	fmt.Fprint(out, "| answer to the attack | so often |\n|---|--:|\n")
	for _, code := range slices.Sorted(maps.Keys(s.Answers)) {
		fmt.Fprintf(out, "| %s | %d |\n", code, s.Answers[code])
	}
	fmt.Fprint(out, "\n| | |\n|---|--:|\n")
	for _, row := range []struct {
		name  string
		value any
	}{
		{"accounts taken that had nothing but the password that leaked", s.Taken},
		{"other accounts taken", len(s.Wrongly)},
		{"sign-ins of the victim, from their device", s.VictimIn},
		{"of them refused", s.VictimOut},
		{"requests of other users refused", s.OthersOut},
		{"sessions of other users, p99", fmt.Sprintf("%.1f ms", s.SessionP99)},
		{"sign-ins of other users, p99", fmt.Sprintf("%.1f ms", s.SignInP99)},
		{"growth of the database", fmt.Sprintf("%.1f MiB, at most %.1f", mebibytes(s.Grown), mebibytes(s.Allowed))},
		{"events, locks, mails", fmt.Sprintf("%d, %d, %d", s.Events, s.Locks, s.Mails)},
	} {
		fmt.Fprintf(out, "| %s | %v |\n", row.name, row.value)
	}
	for _, v := range s.Violations {
		fmt.Fprintf(out, "\nVIOLATED: %s\n", v)
	}
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }
