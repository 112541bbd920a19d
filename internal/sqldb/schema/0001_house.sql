-- oldest: 0001

-- keyring
CREATE TABLE keys (
	id         TEXT   PRIMARY KEY,
	use        TEXT   NOT NULL,
	alg        TEXT   NOT NULL,
	state      TEXT   NOT NULL,
	public     BYTEA  NOT NULL,
	sealed     BYTEA  NOT NULL,
	created_at BIGINT NOT NULL,
	active_at  BIGINT NOT NULL DEFAULT 0,
	retired_at BIGINT NOT NULL DEFAULT 0,
	drop_at    BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX keys_one ON keys (use, alg, state) WHERE state IN ('next', 'current');

-- account
CREATE TABLE users (
	id         TEXT    PRIMARY KEY,
	name       TEXT    NOT NULL,
	folded     TEXT    NOT NULL,
	state      TEXT    NOT NULL,
	version    BIGINT  NOT NULL DEFAULT 0,
	generation BIGINT  NOT NULL DEFAULT 0,
	must_reset BOOLEAN NOT NULL DEFAULT FALSE,
	created_at BIGINT  NOT NULL
);

CREATE TABLE identifiers (
	kind       TEXT    NOT NULL,
	value      TEXT    NOT NULL,
	user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	verified   BOOLEAN NOT NULL,
	main       BOOLEAN NOT NULL,
	created_at BIGINT  NOT NULL,
	PRIMARY KEY (kind, value)
);
CREATE UNIQUE INDEX identifiers_main ON identifiers (user_id, kind) WHERE main;
CREATE INDEX identifiers_user ON identifiers (user_id);

CREATE TABLE user_roles (
	user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	role       TEXT   NOT NULL,
	granted_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, role)
);

CREATE TABLE credentials (
	id         TEXT   PRIMARY KEY,
	user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	method     TEXT   NOT NULL,
	lookup     TEXT   NOT NULL,
	data       BYTEA  NOT NULL,
	label      TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	used_at    BIGINT NOT NULL DEFAULT 0,
	UNIQUE (method, lookup)
);
CREATE INDEX credentials_user ON credentials (user_id);

CREATE TABLE challenges (
	id         TEXT   PRIMARY KEY,
	purpose    TEXT   NOT NULL,
	subject    TEXT   NOT NULL,
	user_id    TEXT   NOT NULL DEFAULT '',
	hash       BYTEA  NOT NULL UNIQUE,
	visit      BYTEA  NOT NULL,
	data       BYTEA  NOT NULL,
	attempts   BIGINT NOT NULL DEFAULT 0,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX challenges_subject ON challenges (purpose, subject);
CREATE INDEX challenges_expiry ON challenges (expires_at);

-- session
CREATE TABLE sessions (
	id         TEXT   PRIMARY KEY,
	user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	hash       BYTEA  UNIQUE,
	mode       TEXT   NOT NULL,
	persistent BOOLEAN NOT NULL,
	generation BIGINT NOT NULL,
	proofs     TEXT   NOT NULL,
	user_agent TEXT   NOT NULL,
	ip         TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	idle       BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- token
CREATE TABLE grants (
	id         TEXT   PRIMARY KEY,
	user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	client_id  TEXT   NOT NULL,
	session_id TEXT   NOT NULL,
	mode       TEXT   NOT NULL,
	generation BIGINT NOT NULL,
	key_id     TEXT   NOT NULL,
	salt       BYTEA  NOT NULL,
	current    BIGINT NOT NULL,
	parent     BIGINT NOT NULL,
	agent      BYTEA  NOT NULL,
	rotated_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	idle       BIGINT NOT NULL,
	idle_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL DEFAULT 0,
	reason     TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE revoked_tokens (
	jti        TEXT   PRIMARY KEY,
	expires_at BIGINT NOT NULL
);

-- audit
CREATE TABLE events (
	id         TEXT   PRIMARY KEY,
	type       TEXT   NOT NULL,
	at         BIGINT NOT NULL,
	actor      TEXT   NOT NULL,
	subject    TEXT   NOT NULL,
	org        TEXT   NOT NULL,
	request_id TEXT   NOT NULL,
	personal   TEXT   NOT NULL,
	salt       BYTEA  NOT NULL,
	digest     BYTEA  NOT NULL,
	data       TEXT   NOT NULL,
	seq        BIGINT,
	hash       BYTEA
);
CREATE UNIQUE INDEX events_seq ON events (seq);
CREATE INDEX events_unsealed ON events (at, id) WHERE seq IS NULL;
CREATE INDEX events_time ON events (at, id);
CREATE INDEX events_subject ON events (subject, at, id);

CREATE TABLE event_heads (
	seq       BIGINT PRIMARY KEY,
	hash      BYTEA  NOT NULL,
	signature TEXT   NOT NULL,
	at        BIGINT NOT NULL
);

-- internal/notify
CREATE TABLE outbox (
	id         TEXT   PRIMARY KEY,
	channel    TEXT   NOT NULL,
	sealed     BYTEA  NOT NULL,
	attempts   BIGINT NOT NULL DEFAULT 0,
	due_at     BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	failed     TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX outbox_due ON outbox (due_at);

-- internal/sqldb
CREATE TABLE leases (
	name   TEXT   PRIMARY KEY,
	holder TEXT   NOT NULL,
	until  BIGINT NOT NULL
);
