-- One row per grain state. The hashes only narrow a look-up; the strings decide.
CREATE TABLE IF NOT EXISTS GrainState (
    GrainIdHash integer NOT NULL,
    GrainTypeHash integer NOT NULL,
    GrainIdN0 bigint NOT NULL,
    GrainIdN1 bigint NOT NULL,
    GrainTypeString text NOT NULL,
    GrainIdExtensionString text NULL,
    ServiceId text NOT NULL,
    PayloadBinary bytea NULL,
    Version integer NOT NULL,
    ModifiedOn timestamptz NOT NULL
);

-- NULL and '' are different keys, and NULL must equal NULL: hence the flag beside the coalesced value.
CREATE UNIQUE INDEX IF NOT EXISTS GrainStateIdentity ON GrainState (
    GrainIdHash,
    GrainTypeHash,
    GrainIdN0,
    GrainIdN1,
    GrainTypeString,
    ServiceId,
    coalesce(GrainIdExtensionString, ''),
    (GrainIdExtensionString IS NULL)
);
