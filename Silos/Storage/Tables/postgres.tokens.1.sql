-- Tokens that were revoked before their end: all of a name, or of everyone ('*'), that were issued up to a moment.
CREATE TABLE IF NOT EXISTS TokenRevocation (
    Name text PRIMARY KEY,
    IssuedUpTo timestamptz NOT NULL
);
