package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gatehouse-id/gatehouse"
)

// A meter shows Prometheus what the house counts, and how long requests take.
type meter struct {
	gate     *gatehouse.Gate
	patterns *http.ServeMux // finds the route of a request again
	took     *prometheus.HistogramVec
	certs    certificates // nil unless TLS ends here
}

func newMeter(gate *gatehouse.Gate) *meter {
	m := &meter{
		gate: gate, patterns: http.NewServeMux(),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gatehouse_request_duration_seconds", Help: "How long requests took, by route and class of status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}, []string{"route", "status"}),
	}
	for _, r := range gate.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		m.patterns.Handle(method+" "+gate.Site().Mount()+path, http.NotFoundHandler())
	}
	return m
}

// observe adds a request. A path that is no route counts as "unknown": strangers must not
// make a metric of each path they try.
func (m *meter) observe(r *http.Request, status int, took time.Duration) {
	_, route := m.patterns.Handler(r)
	if route == "" {
		route = "unknown"
	}
	m.took.WithLabelValues(route, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

// handler serves /metrics, and explanations to who holds the master key.
func (m *meter) handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m, m.took, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if m.certs != nil {
		registry.MustRegister(expiry(m.certs))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /explain/{id}", explainer(m.gate))
	return mux
}

var (
	hashes  = prometheus.NewDesc("gatehouse_password_hashes_total", "Hashes of passwords that were computed.", nil, nil)
	tokens  = prometheus.NewDesc("gatehouse_tokens_issued_total", "Access tokens that were issued.", nil, nil)
	sent    = prometheus.NewDesc("gatehouse_mails_total", "Mails that were sent.", nil, nil)
	failed  = prometheus.NewDesc("gatehouse_mails_failed_total", "Attempts to send a mail that failed and are made again.", nil, nil)
	dropped = prometheus.NewDesc("gatehouse_mails_dropped_total", "Mails that were given up.", nil, nil)
	hooks   = prometheus.NewDesc("gatehouse_webhook_deliveries_total", "Attempts to deliver a webhook, by what came of them.", []string{"outcome"}, nil)
	alone   = prometheus.NewDesc("gatehouse_counters_down", "1 while the server for counters does not answer, and this machine counts alone.", nil, nil)
	missed  = prometheus.NewDesc("gatehouse_counters_failed_total", "Questions to the server for counters that were in vain.", nil, nil)
	events  = prometheus.NewDesc("gatehouse_events_total", "Events that were recorded.", []string{"type"}, nil)
)

// Describe implements prometheus.Collector.
func (m *meter) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{hashes, tokens, sent, failed, dropped, hooks, alone, missed, events} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *meter) Collect(to chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, n float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, n, labels...)
	}
	c := m.gate.Counters()
	count(hashes, float64(c.PasswordHashes))
	count(tokens, float64(c.TokensIssued))
	count(sent, float64(c.MailsSent))
	count(failed, float64(c.MailsFailed))
	count(dropped, float64(c.MailsDropped))
	count(hooks, float64(c.WebhooksDelivered), "delivered")
	count(hooks, float64(c.WebhooksRetried), "retried")
	count(hooks, float64(c.WebhooksDropped), "dropped")
	count(missed, float64(c.CountersFailed))
	down := 0.0
	if c.CountersDown {
		down = 1
	}
	to <- prometheus.MustNewConstMetric(alone, prometheus.GaugeValue, down)
	for typ, n := range c.Events {
		count(events, float64(n), typ)
	}
}
