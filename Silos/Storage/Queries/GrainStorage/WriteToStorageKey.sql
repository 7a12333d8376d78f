-- One of the two statements applies: with a version only the update, without one only the insert.
-- A row's first version is drawn from a billion, so that a writer who still has a version of a row that was deleted meanwhile does not meet
-- it in the row that came after. random() is a fraction in PostgreSQL and an integer in SQLite: one of the two terms is next to nothing.
UPDATE GrainState
SET PayloadBinary = @PayloadBinary,
    Version = Version + 1,
    ModifiedOn = CURRENT_TIMESTAMP
WHERE @GrainStateVersion IS NOT NULL
    AND Version = @GrainStateVersion
    AND GrainIdHash = @GrainIdHash
    AND GrainTypeHash = @GrainTypeHash
    AND GrainIdN0 = @GrainIdN0
    AND GrainIdN1 = @GrainIdN1
    AND GrainTypeString = @GrainTypeString
    AND ServiceId = @ServiceId
    AND GrainIdExtensionString IS NOT DISTINCT FROM @GrainIdExtensionString
RETURNING Version AS NewGrainStateVersion;

INSERT INTO GrainState (
    GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, GrainTypeString, GrainIdExtensionString, ServiceId, PayloadBinary, Version, ModifiedOn)
SELECT
    @GrainIdHash, @GrainTypeHash, @GrainIdN0, @GrainIdN1, @GrainTypeString, @GrainIdExtensionString, @ServiceId, @PayloadBinary,
    1 + CAST(abs(CAST(random() AS numeric) % 1000000000) + (CAST(random() AS numeric) % 1) * 1000000000 AS integer),
    CURRENT_TIMESTAMP
WHERE @GrainStateVersion IS NULL
ON CONFLICT DO NOTHING
RETURNING Version AS NewGrainStateVersion;
