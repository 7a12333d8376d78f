-- Grain storage in SQLite. Each statement may run again on a database that has it already.

-- The one table whose name and columns the storage provider fixes: the texts it runs.
CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey TEXT NOT NULL PRIMARY KEY,
    QueryText TEXT NOT NULL
);

-- One row per grain state. The hashes only narrow a look-up; the strings decide.
CREATE TABLE IF NOT EXISTS GrainState (
    GrainIdHash INTEGER NOT NULL,
    GrainTypeHash INTEGER NOT NULL,
    GrainIdN0 INTEGER NOT NULL,
    GrainIdN1 INTEGER NOT NULL,
    GrainTypeString TEXT NOT NULL,
    GrainIdExtensionString TEXT NULL,
    ServiceId TEXT NOT NULL,
    PayloadBinary BLOB NULL,
    Version INTEGER NOT NULL,
    ModifiedOn TEXT NOT NULL
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
    GrainIdExtensionString IS NULL
);

CREATE TABLE IF NOT EXISTS DdmSchema (
    Feature TEXT NOT NULL PRIMARY KEY,
    Version INTEGER NOT NULL
);
