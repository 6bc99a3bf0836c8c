package view

// style wraps texts in colours (ECMA-48 SGR sequences), or leaves them alone.
type style struct{ on bool }

func (s style) sgr(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string   { return s.sgr("1", text) }
func (s style) dim(text string) string    { return s.sgr("90", text) }
func (s style) red(text string) string    { return s.sgr("31", text) }
func (s style) green(text string) string  { return s.sgr("32", text) }
func (s style) yellow(text string) string { return s.sgr("33", text) }
func (s style) cyan(text string) string   { return s.sgr("36", text) }

// strong is bold in a colour, as headings of errors are.
func (s style) strong(code, text string) string { return s.sgr("1;"+code, text) }

const (
	codeRed    = "31"
	codeYellow = "33"
)

// sign is the symbol in front of what happens to an object or a value.
type sign string

const (
	signNone    sign = ""
	signCreate  sign = "+"
	signUpdate  sign = "~"
	signDelete  sign = "-"
	signReplace sign = "-/+"
	signRead    sign = "<="
	signAdopt   sign = "="
	signForget  sign = "."
)

// sign colours a symbol; text is the symbol, padded as its place needs.
func (s style) sign(of sign, text string) string {
	switch of {
	case signCreate:
		return s.green(text)
	case signUpdate:
		return s.yellow(text)
	case signDelete:
		return s.red(text)
	case signReplace:
		if !s.on {
			return text
		}
		return s.red("-") + "/" + s.green("+")
	case signRead, signAdopt:
		return s.cyan(text)
	case signForget:
		return s.dim(text)
	default:
		return text
	}
}
