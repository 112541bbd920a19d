package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse-id/gatehouse/internal/breach"
)

// BreachSettings says where passwords are looked up that attackers may know.
type BreachSettings struct {
	Check string `help:"Where passwords are looked up that attackers may know: online asks Have I Been Pwned, which learns five of forty digits of a hash; file asks breach-file alone; off asks nobody." enum:"online,file,off" default:"online"`
	File  string `help:"A file made by gatehouse breach build; with online it is asked first." placeholder:"FILE"`
}

func (s BreachSettings) check() error {
	if s.Check == "file" && s.File == "" {
		return errors.New("breach-check is file, and breach-file names none: gatehouse breach build makes one")
	}
	return nil
}

type breachBuild struct {
	Out   string   `required:"" help:"The file to write." placeholder:"FILE"`
	Least uint64   `help:"Leave out what was seen less often." default:"1"`
	Plain bool     `help:"Each line is a password, not a digest."`
	From  []string `arg:"" optional:"" help:"The lists to read, as haveibeenpwned.com gives them for SHA-1; none for what is piped in." placeholder:"LIST"`
}

// Run reads the lists and writes the filter: under its name only once it is whole.
func (c *breachBuild) Run(p *Program) error {
	var keys []uint64
	add := func(d breach.Digest) { keys = append(keys, breach.Key(d)) }
	read := func(r io.Reader) error {
		if c.Plain {
			return breach.ReadPasswords(r, add)
		}
		return breach.ReadList(r, c.Least, add)
	}
	if len(c.From) == 0 {
		if err := read(p.In); err != nil {
			return err
		}
	}
	for _, name := range c.From {
		if err := readFile(name, read); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	filter, err := breach.Build(keys)
	if err != nil {
		return err
	}
	size, err := writeWhole(c.Out, filter.Write)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "%d passwords, %d bytes in %s\n", filter.Count(), size, c.Out)
	return nil
}

func readFile(name string, read func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was read
	return read(f)
}

// writeWhole writes a file beside the one that it replaces, so that a server that reads it meanwhile
// finds the old one or the new one.
func writeWhole(name string, write func(io.Writer) error) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	buffered := bufio.NewWriter(f)
	if err = errors.Join(write(buffered), buffered.Flush(), f.Sync()); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err = f.Close(); err != nil {
		return 0, err
	}
	return info.Size(), os.Rename(f.Name(), name)
}

type breachCheck struct {
	File string `required:"" help:"The file that gatehouse breach build has made." placeholder:"FILE"`
}

// Run reads a password and says whether the file knows it. It ends with 1 if so, for scripts.
func (c *breachCheck) Run(p *Program) error {
	filter, err := breach.Open(c.File)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	line, err := bufio.NewReader(p.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if filter.Has(breach.Of(strings.TrimRight(line, "\r\n"))) {
		return errors.New("this password is known")
	}
	fmt.Fprintln(p.Out, "this password is not in the file")
	return nil
}
