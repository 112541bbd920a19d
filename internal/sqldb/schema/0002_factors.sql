-- oldest: 0001

-- account: consecutive failures of a credential (NIST SP 800-63B-4 section 3.2.2)
ALTER TABLE credentials ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
