-- Every silo runs it at its start, several at once.
WITH created AS (
    INSERT INTO ClusterVersion (DeploymentId, Version)
    VALUES (@DeploymentId, 0)
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT EXISTS (SELECT FROM created);
