package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/knadh/koanf/parsers/yaml"
)

type configPrint struct{}

// Run prints the settings in force, in the form of the file.
func (configPrint) Run(command *kong.Context, p *Program, s *Settings) error {
	for _, flag := range settable(command) {
		development := strings.HasPrefix(flag.Name, "dev-")
		if flag.Name == "config" || development && !s.Dev {
			continue
		}
		if err := printSetting(p.Out, flag); err != nil {
			return err
		}
	}
	return nil
}

func printSetting(out io.Writer, flag *kong.Flag) error {
	text, err := yaml.Parser().Marshal(map[string]any{flag.Name: shown(flag)})
	if err != nil {
		return fmt.Errorf("%s: %w", flag.Name, err)
	}
	_, err = fmt.Fprintf(out, "# %s\n%s\n", flag.Help, text)
	return err
}

// shown is the value of a setting as it may be shown.
func shown(flag *kong.Flag) any {
	switch v := flag.Target.Interface().(type) {
	case time.Duration:
		return short(v)
	case string:
		if flag.Name == "database" || flag.Name == "redis" {
			return withoutSecrets(v)
		}
		return v
	default:
		return v
	}
}

// withoutSecrets is the URL of a database without its passwords.
func withoutSecrets(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "hidden: it is no URL"
	}
	query := u.Query()
	for key := range query {
		if strings.Contains(key, "password") {
			query.Set(key, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return u.Redacted()
}
