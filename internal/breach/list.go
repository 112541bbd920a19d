package breach

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// longestLine is longer than any line of a list, and than any password worth having in one.
const longestLine = 4096

// ReadList calls add with each digest of a list in the form of Have I Been Pwned: forty digits of
// SHA-1, a colon and a count, in any order. What was seen less than least times is left out. A line
// of another kind, one of an NTLM list too, is ErrLine.
func ReadList(r io.Reader, least uint64, add func(Digest)) error {
	return lines(r, func(line string) error {
		text, count, counted := strings.Cut(strings.TrimSpace(line), ":")
		if text == "" {
			return nil
		}
		d, err := ParseDigest(text)
		if err != nil {
			return err
		}
		n := uint64(1)
		if counted {
			if n, err = strconv.ParseUint(count, 10, 64); err != nil {
				return ErrLine
			}
		}
		if n > 0 && n >= least {
			add(d)
		}
		return nil
	})
}

// ReadPasswords calls add with the digest of each line, which is a password.
func ReadPasswords(r io.Reader, add func(Digest)) error {
	return lines(r, func(line string) error {
		if line = strings.TrimRight(line, "\r"); line != "" {
			add(Of(line))
		}
		return nil
	})
}

func lines(r io.Reader, each func(string) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, longestLine), longestLine)
	for s.Scan() {
		if err := each(s.Text()); err != nil {
			return err
		}
	}
	return s.Err()
}
