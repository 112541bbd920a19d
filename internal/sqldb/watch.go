package sqldb

import "context"

type watchKey struct{}

// Watched returns a context whose statements are told to told, in their order: the text of each,
// and BEGIN where one begins a transaction of its own. It is for tests that must know what a
// request costs the database: what costs more for an address that somebody has tells that
// somebody has it (BUG-21). A transaction that runs twice is told twice. told must be safe for
// concurrent use if the context is used so.
func Watched(ctx context.Context, told func(statement string)) context.Context {
	return context.WithValue(ctx, watchKey{}, told)
}

func tell(ctx context.Context, statement string) {
	if told, _ := ctx.Value(watchKey{}).(func(string)); told != nil {
		told(statement)
	}
}
