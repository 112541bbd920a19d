-- oldest: 0001

-- keyring: what the client of a certificate authority keeps, its keys too; each is sealed for its name
CREATE TABLE certificates (
	name       TEXT   PRIMARY KEY,
	sealed     BYTEA  NOT NULL,
	changed_at BIGINT NOT NULL
);
