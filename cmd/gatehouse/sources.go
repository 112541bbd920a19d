package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

const (
	// delimiter joins the keys of the file: "addr" below "smtp" is smtp-addr, like its flag.
	delimiter = "-"
	variable  = "GATEHOUSE_"
	settings  = "Settings"
)

// sources are where settings come from that are no flags, the first that has one decides.
type sources []*koanf.Koanf

// BeforeResolve gives kong the environment and the file, for what no flag says.
func (s *Settings) BeforeResolve(command *kong.Context, p *Program) error {
	environment := koanf.New(delimiter)
	err := environment.Load(env.Provider("", env.Opt{
		Prefix: variable, EnvironFunc: func() []string { return p.Environ },
		TransformFunc: func(name, value string) (string, any) {
			return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, variable)), "_", delimiter), value
		},
	}), nil)
	if err != nil {
		return err
	}
	all := sources{environment}
	if path := configFile(command, environment); path != "" {
		written := koanf.New(delimiter)
		if err := written.Load(file.Provider(path), yaml.Parser()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := errors.Join(checkKeys(written, settable(command)), checkSecrecy(path, written.String("database"), written.String("redis"))); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, written)
	}
	command.AddResolver(all)
	return nil
}

// configFile is the one setting that the file cannot have.
func configFile(command *kong.Context, environment *koanf.Koanf) string {
	for _, trace := range command.Path {
		if trace.Flag != nil && trace.Flag.Name == "config" {
			return command.FlagValue(trace.Flag).(string)
		}
	}
	return environment.String("config")
}

// settable returns the flags that are settings.
func settable(command *kong.Context) (flags []*kong.Flag) {
	for _, flag := range command.Model.Flags {
		if flag.Group != nil && flag.Group.Key == settings {
			flags = append(flags, flag)
		}
	}
	return flags
}

// checkKeys refuses a file with a key that means nothing: a setting that was misspelt would
// silently not hold.
func checkKeys(written *koanf.Koanf, flags []*kong.Flag) error {
	for _, key := range written.Keys() {
		if !slices.ContainsFunc(flags, func(f *kong.Flag) bool {
			return f.Name != "config" && (key == f.Name || f.Target.Kind() == reflect.Map && strings.HasPrefix(key, f.Name+delimiter))
		}) {
			return fmt.Errorf("unknown key %q; gatehouse config print shows those there are", key)
		}
	}
	top := written.Raw()
	for key, value := range top {
		if _, group := value.(map[string]any); !group {
			continue
		}
		for other := range top {
			if strings.HasPrefix(other, key+delimiter) {
				return fmt.Errorf("%q belongs below %q, with the rest of them", other, key)
			}
		}
	}
	return nil
}

// checkSecrecy refuses a file with the password of a database that others can read.
func checkSecrecy(path string, databases ...string) error {
	if !slices.ContainsFunc(databases, func(url string) bool { return withoutSecrets(url) != url }) {
		return nil
	}
	_, err := secretFile(path)
	return err
}

// Validate implements kong.Resolver.
func (sources) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. Flags that are no settings come from the command line
// only.
func (s sources) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if flag.Group == nil || flag.Group.Key != settings {
		return nil, nil
	}
	for _, source := range s {
		if source.Exists(flag.Name) {
			return source.Get(flag.Name), nil
		}
	}
	return nil, nil
}

// place are the settings that every command shows in its help. The others hold for all of
// them as well, but would bury what a command is about.
var place = []string{"config", "data", "database", "master-key-file"}

func help(options kong.HelpOptions, command *kong.Context) error {
	node := command.Selected()
	for _, flag := range settable(command) {
		if node == nil || node.Name != "serve" && !slices.Contains(place, flag.Name) {
			flag.Hidden = true
		}
	}
	return kong.DefaultHelpPrinter(options, command)
}
