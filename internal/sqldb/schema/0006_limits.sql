-- oldest: 0001

-- throttle: who may not try again before when; a key is a hash of what was typed
CREATE TABLE locks (
	key        BYTEA  PRIMARY KEY,
	expires_at BIGINT NOT NULL
);
CREATE INDEX locks_expiry ON locks (expires_at);

-- throttle: what may be forgotten, where several machines count without Redis
CREATE TABLE counters (
	key        BYTEA  PRIMARY KEY,
	count      BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX counters_expiry ON counters (expires_at);

-- token: what may be forgotten is found without reading all
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);

-- account: how hashes of passwords begin, so that each make of them is found without reading all
CREATE INDEX credentials_passwords ON credentials (substr(data, 1, 40)) WHERE method = 'password';
