package webhook

// For tests of what stands in no table.
var (
	Sign       = sign
	Wants      = wants
	CheckTypes = checkTypes
)
