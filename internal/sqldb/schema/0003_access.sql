-- oldest: 0001

-- tenant
CREATE TABLE organizations (
	id         TEXT   PRIMARY KEY,
	name       TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);

-- access: who has which role in which organization; whoever has one is a member
CREATE TABLE assignments (
	org_id     TEXT   NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
	user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	role       TEXT   NOT NULL,
	granted_at BIGINT NOT NULL,
	PRIMARY KEY (org_id, user_id, role)
);
CREATE INDEX assignments_user ON assignments (user_id);

-- access: policies as they were written
CREATE TABLE policies (
	id         TEXT   PRIMARY KEY,
	state      TEXT   NOT NULL,
	text       TEXT   NOT NULL,
	actor      TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX policies_one ON policies (state) WHERE state IN ('current', 'shadow');

-- audit: what happened in one organization
CREATE INDEX events_org ON events (org, at, id) WHERE org <> '';
