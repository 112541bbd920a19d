-- oldest: 0001

-- apikey: a key has one secret, and for the time of a rotation two
CREATE TABLE api_keys (
	id         TEXT   PRIMARY KEY,
	user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name       TEXT   NOT NULL,
	scopes     TEXT   NOT NULL,
	networks   TEXT   NOT NULL,
	acr        TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL DEFAULT 0,
	used_at    BIGINT NOT NULL DEFAULT 0,
	warned_at  BIGINT NOT NULL DEFAULT 0,
	revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE api_key_secrets (
	hash       BYTEA  PRIMARY KEY,
	key_id     TEXT   NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
	prefix     TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX api_key_secrets_key ON api_key_secrets (key_id);

-- client
CREATE TABLE clients (
	id         TEXT   PRIMARY KEY,
	name       TEXT   NOT NULL,
	state      TEXT   NOT NULL,
	version    BIGINT NOT NULL DEFAULT 0,
	roles      TEXT   NOT NULL,
	scopes     TEXT   NOT NULL,
	uri        TEXT   NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	used_at    BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX clients_uri ON clients (uri) WHERE uri <> '';

CREATE TABLE client_secrets (
	hash       BYTEA  PRIMARY KEY,
	client_id  TEXT   NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX client_secrets_client ON client_secrets (client_id);
