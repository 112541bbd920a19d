-- oldest: 0001

-- webhook: org_id is '' for an endpoint of the deployment; failing_at is 0 while it accepts
CREATE TABLE webhooks (
	id         TEXT   PRIMARY KEY,
	org_id     TEXT   NOT NULL DEFAULT '',
	url        TEXT   NOT NULL,
	types      TEXT   NOT NULL,
	sealed     BYTEA  NOT NULL,
	state      TEXT   NOT NULL,
	cause      TEXT   NOT NULL DEFAULT '',
	failing_at BIGINT NOT NULL DEFAULT 0,
	created_at BIGINT NOT NULL
);
CREATE INDEX webhooks_org ON webhooks (org_id, created_at, id);

-- attempts counts all, spent those before the last replay
CREATE TABLE webhook_deliveries (
	id         TEXT   PRIMARY KEY,
	webhook_id TEXT   NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
	event_id   TEXT   NOT NULL,
	type       TEXT   NOT NULL,
	state      TEXT   NOT NULL,
	attempts   BIGINT NOT NULL DEFAULT 0,
	spent      BIGINT NOT NULL DEFAULT 0,
	status     BIGINT NOT NULL DEFAULT 0,
	failed     TEXT   NOT NULL DEFAULT '',
	due_at     BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	done_at    BIGINT NOT NULL DEFAULT 0,
	UNIQUE (webhook_id, event_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, state, due_at, id);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);

-- the event up to which deliveries were made
CREATE TABLE webhook_cursor (
	id  BIGINT PRIMARY KEY,
	seq BIGINT NOT NULL
);
