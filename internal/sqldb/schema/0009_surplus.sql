-- oldest: 0001

-- audit: what is written instead of an event that is only summed, so that it takes as long
CREATE TABLE surplus (
	place  BIGINT PRIMARY KEY,
	events BIGINT NOT NULL
);
