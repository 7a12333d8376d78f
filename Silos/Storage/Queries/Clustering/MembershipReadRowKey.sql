-- One row always: the version, and the member if it exists.
SELECT v.Version, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, m.StartTime, m.IAmAliveTime
FROM ClusterVersion v
LEFT JOIN ClusterMember m ON m.DeploymentId = v.DeploymentId
    AND m.Address = @Address
    AND m.Port = @Port
    AND m.Generation = @Generation
WHERE v.DeploymentId = @DeploymentId;
