-- Who is in the cluster. The version counts the changes of membership; heartbeats do not raise it.
CREATE TABLE IF NOT EXISTS ClusterVersion (
    DeploymentId text PRIMARY KEY,
    Version integer NOT NULL DEFAULT 0
);

-- No index on IAmAliveTime: each silo writes it every few seconds.
CREATE TABLE IF NOT EXISTS ClusterMember (
    DeploymentId text NOT NULL REFERENCES ClusterVersion,
    Address text NOT NULL,
    Port integer NOT NULL,
    Generation integer NOT NULL,
    SiloName text NOT NULL,
    HostName text NOT NULL,
    Status integer NOT NULL,
    ProxyPort integer NOT NULL,
    SuspectTimes text NULL,
    StartTime timestamptz NOT NULL,
    IAmAliveTime timestamptz NOT NULL,
    PRIMARY KEY (DeploymentId, Address, Port, Generation)
);
