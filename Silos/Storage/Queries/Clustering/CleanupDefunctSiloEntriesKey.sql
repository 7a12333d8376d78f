-- Status 6 is dead; the parameter is the time before which a dead silo may be forgotten.
DELETE FROM ClusterMember
WHERE DeploymentId = @DeploymentId
    AND Status = 6
    AND IAmAliveTime < @IAmAliveTime
    AND StartTime < @IAmAliveTime;
