package pages

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// An asking is a page that asks for a proof by whichever method; it knows none by name but
// the password, whose field is no code's.
type asking struct {
	Path     string            // where its forms are sent
	Method   identity.MethodID // ""; it is to be chosen
	Choices  []choice
	Prompt   authn.Prompt
	Fields   []authn.Field // to fill in now
	Waits    bool          // it is to be begun first
	Sent     bool          // it was begun, and can be once more
	Written  bool          // the code is on paper: no digits need be
	Left     string        // how many tries there are after a wrong one; "": unknown
	Remember bool
	Reason   string // why a session is asked, by its words
	Cancel   string // where to go instead; "": nowhere
}

// A choice is a method by which somebody can go on.
type choice struct {
	ID identity.MethodID

	method        authn.Method
	spare, silent bool
	used          time.Time
}

// choices are the methods that will do, the one used last first, spares at the end. For a
// session the quickest ones come before: those that need no code.
func (p *Pages) choices(ctx context.Context, q quest) ([]choice, error) {
	credentials, err := p.Flow.Credentials(ctx, q.user.ID)
	if err != nil {
		return nil, err
	}
	list := make([]choice, 0, len(q.methods))
	for _, id := range q.methods {
		m, err := p.Flow.Method(id)
		if err != nil {
			continue // it was taken out of the house
		}
		c := choice{ID: id, method: m}
		_, c.spare = m.(authn.Spare)
		_, c.silent = m.(authn.Stateless)
		for _, known := range credentials {
			if known.Method == id && known.UsedAt.After(c.used) {
				c.used = known.UsedAt
			}
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b choice) int {
		quick := 0
		if q.answer.StepUp != nil {
			quick = rankOf(b.silent) - rankOf(a.silent)
		}
		return cmp.Or(rankOf(a.spare)-rankOf(b.spare), quick, b.used.Compare(a.used))
	})
	return list, nil
}

func rankOf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// ask shows the methods, or what the chosen one asks for.
func (p *Pages) ask(w http.ResponseWriter, r *http.Request, why *identity.Error, q quest) error {
	choices, err := p.choices(r.Context(), q)
	if err != nil {
		return err
	}
	v := p.view(w, r, q.words, why)
	s := &asking{Path: q.path, Choices: choices, Remember: p.mayRemember(q)}
	v.Data, v.Gaps = s, []string{"email", q.user.Email}
	if q.answer.StepUp != nil {
		s.Cancel = p.unasked(v.Typed[returnTo], v.chosen)
		if key := "stepUp.for." + v.Typed["for"]; v.Has(key) {
			s.Reason = key
		}
	}
	if i := slices.IndexFunc(choices, func(c choice) bool { return string(c.ID) == v.Typed["method"] }); i >= 0 {
		err = p.detail(v, s, q, choices[i])
	} else if len(choices) == 1 {
		err = p.detail(v, s, q, choices[0])
	}
	if err != nil {
		return err
	}
	return v.render(status(why), "gate/asking")
}

// detail prepares the form of one method.
func (p *Pages) detail(v *view, s *asking, q quest, c choice) (err error) {
	s.Method, s.Written = c.ID, c.spare
	if q.words != "unproved" {
		v.name(c.ID)
	}
	if q.login != nil && v.Problem != nil {
		s.Left = v.number(q.login.Left(), v.Spans["tries"])
	}
	if _, atOnce := c.method.(authn.AtOnce); atOnce {
		s.Fields = []authn.Field{authn.CodeField}
		if c.ID == authn.Password {
			s.Fields = []authn.Field{{Name: "password", Type: "password", Autocomplete: "current-password"}}
		}
		return nil
	}
	var begun bool
	if s.Prompt, begun, err = p.ready(v.r.Context(), v.w, q, c.method); err != nil {
		return err
	}
	s.Fields, s.Waits = s.Prompt.Fields, !begun
	s.Sent = begun && len(s.Prompt.Fields) > 0
	return nil
}

// name gives a page the words of a method.
func (v *view) name(id identity.MethodID) {
	v.Words, v.Gaps = "proofs.other", append(v.Gaps, "method", string(id))
	if own := "proofs." + string(id); v.Has(own + ".title") {
		v.Words = own
	}
}

// Of returns the words of a section about a method: its own, or those for every method that
// has none.
func (v *view) Of(section string, id identity.MethodID, part string) (string, error) {
	key := section + "." + string(id) + "." + part
	if !v.Has(key) {
		key = section + ".other." + part
	}
	return v.T(key, "method", string(id))
}

// On is the address of a page that goes on with what this one is about.
func (v *view) On(path string, pairs ...string) string {
	return v.Link(with(path, append(pairs, returnTo, v.Typed[returnTo], "for", v.Typed["for"])...))
}

// Seconds says how long to wait.
func (v *view) Seconds(n int) string { return v.span(time.Duration(n) * time.Second) }

// Code prepares the input of a code.
func (v *view) Code(label string, digits bool) field {
	f := field{view: v, Name: "code", Type: "text", Autocomplete: "off", Label: label}
	if digits {
		f.Type, f.Autocomplete = "numeric", "one-time-code"
	}
	return f
}
