package frameworks

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
)

// forGin makes a rule middleware of gin, and what gin knows of the route the request's. What is
// refused is answered already: gin must call nothing else.
func forGin(gate *gatehouse.Gate, rule guard.Rule) gin.HandlerFunc {
	require := gate.Require(rule)
	return func(c *gin.Context) {
		c.Request.Pattern = c.Request.Method + " " + c.FullPath()
		for _, p := range c.Params {
			c.Request.SetPathValue(p.Key, p.Value)
		}
		before := c.Request
		next := func(w http.ResponseWriter, r *http.Request) {
			c.Request = r
			c.Next()
			w.WriteHeader(c.Writer.Status())
		}
		if require(http.HandlerFunc(next)).ServeHTTP(c.Writer, before); c.Request == before {
			c.Abort()
		}
	}
}

// Gin protects a route of gin.
func Gin(gate *gatehouse.Gate, rule guard.Rule, remove http.HandlerFunc) http.Handler {
	router := gin.New()
	router.DELETE("/posts/:id", forGin(gate, rule), gin.WrapF(remove))
	router.NoRoute(gin.WrapH(gate.Handler())) // /login, /auth/… and all the rest of the house
	return router
}
