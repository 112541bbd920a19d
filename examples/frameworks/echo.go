package frameworks

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
)

// forEcho makes a rule middleware of echo, and what echo knows of the route the request's.
func forEcho(gate *gatehouse.Gate, rule guard.Rule) echo.MiddlewareFunc {
	inner := echo.WrapMiddleware(gate.Require(rule))
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		guarded := inner(next)
		return func(c echo.Context) error {
			c.Request().Pattern = c.Request().Method + " " + c.Path()
			for i, name := range c.ParamNames() {
				c.Request().SetPathValue(name, c.ParamValues()[i])
			}
			return guarded(c)
		}
	}
}

// Echo protects a route of echo.
func Echo(gate *gatehouse.Gate, rule guard.Rule, remove http.HandlerFunc) http.Handler {
	router := echo.New()
	router.DELETE("/posts/:id", echo.WrapHandler(remove), forEcho(gate, rule))
	router.Any("/*", echo.WrapHandler(gate.Handler())) // /login, /auth/… and all the rest of the house
	return router
}
