-- A silo without a gateway has proxy port 0.
SELECT Address, ProxyPort, Generation
FROM ClusterMember
WHERE DeploymentId = @DeploymentId
    AND Status = @Status
    AND ProxyPort > 0;
