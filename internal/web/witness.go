package web

import "net/http"

// A Witness passes an answer on and remembers its status.
type Witness struct {
	http.ResponseWriter
	status int // 0: none yet
}

// Answered reports whether the answer has begun.
func (w *Witness) Answered() bool { return w.status != 0 }

// Status returns the status of the answer, 200 where nothing was written.
func (w *Witness) Status() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// WriteHeader implements http.ResponseWriter. Informational answers are not the answer.
func (w *Witness) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *Witness) Write(b []byte) (int, error) {
	w.status = w.Status()
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what lies below.
func (w *Witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }
