-- oldest: 0001

-- session: where users have signed in, and with what, coarsely; lat and lon are tenths of a
-- degree, and mean nothing where radius is 0
CREATE TABLE places (
	user_id  TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	network  TEXT   NOT NULL,
	agent    TEXT   NOT NULL,
	asn      BIGINT NOT NULL,
	country  TEXT   NOT NULL,
	name     TEXT   NOT NULL,
	lat      BIGINT NOT NULL,
	lon      BIGINT NOT NULL,
	radius   BIGINT NOT NULL,
	first_at BIGINT NOT NULL,
	seen_at  BIGINT NOT NULL,
	PRIMARY KEY (user_id, network, agent)
);
CREATE INDEX places_age ON places (seen_at);
