-- Both rows or none. The member is locked first, so that a cleanup cannot take it away between the two. A silo that suspects another one
-- may know an older heartbeat of it than the table does: the later one stays.
WITH target AS (
    SELECT FROM ClusterMember
    WHERE DeploymentId = @DeploymentId
        AND Address = @Address
        AND Port = @Port
        AND Generation = @Generation
    FOR UPDATE
),
raised AS (
    UPDATE ClusterVersion
    SET Version = Version + 1
    WHERE DeploymentId = @DeploymentId
        AND Version = @Version
        AND EXISTS (SELECT FROM target)
    RETURNING DeploymentId
),
updated AS (
    UPDATE ClusterMember m
    SET Status = @Status,
        SuspectTimes = @SuspectTimes,
        IAmAliveTime = greatest(m.IAmAliveTime, @IAmAliveTime)
    FROM raised
    WHERE m.DeploymentId = raised.DeploymentId
        AND m.Address = @Address
        AND m.Port = @Port
        AND m.Generation = @Generation
    RETURNING 1
)
SELECT EXISTS (SELECT FROM updated);
