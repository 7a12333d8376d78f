UPDATE GrainState
SET PayloadBinary = NULL,
    Version = Version + 1,
    ModifiedOn = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE Version = @GrainStateVersion
    AND GrainIdHash = @GrainIdHash
    AND GrainTypeHash = @GrainTypeHash
    AND GrainIdN0 = @GrainIdN0
    AND GrainIdN1 = @GrainIdN1
    AND GrainTypeString = @GrainTypeString
    AND ServiceId = @ServiceId
    AND GrainIdExtensionString IS @GrainIdExtensionString
RETURNING Version AS NewGrainStateVersion;
