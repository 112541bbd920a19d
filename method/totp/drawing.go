package totp

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// quiet is the empty margin that scanners need, in modules (ISO/IEC 18004 section 6.3.8).
const quiet = 4

// drawing returns a QR code of text as an SVG that a page can hold as it is: no style and no
// script, which the page's policy would refuse, and its own colours, because in a dark page
// light modules on a dark ground would not scan.
func drawing(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil { // which holds the text, and so the key
		return "", fmt.Errorf("totp: %d characters are too many for a QR code", len(text))
	}
	size := code.Bounds().Dx() + 2*quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges" role="img" aria-label="QR code">`+
		`<rect width="%[1]d" height="%[1]d" fill="#fff"/><path fill="#000" d="%[2]s"/></svg>`, size, runs(code)), nil
}

// runs draws the dark modules, those that stand side by side as one rectangle.
func runs(code barcode.Barcode) string {
	var path strings.Builder
	size := code.Bounds().Dx()
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && dark(code, x, y) {
				x++
			}
			if n := x - from; n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, n, n)
			}
		}
	}
	return path.String()
}

func dark(code barcode.Barcode, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}
