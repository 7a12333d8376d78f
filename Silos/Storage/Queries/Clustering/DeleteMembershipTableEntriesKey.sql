DELETE FROM ClusterMember
WHERE DeploymentId = @DeploymentId;

DELETE FROM ClusterVersion
WHERE DeploymentId = @DeploymentId;
