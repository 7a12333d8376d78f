-- What every feature needs. Each statement may run again on a database that has it already.

-- The one table whose name and columns the Orleans providers fix: the texts they run.
CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey text PRIMARY KEY,
    QueryText text NOT NULL
);

CREATE TABLE IF NOT EXISTS DdmSchema (
    Feature text PRIMARY KEY,
    Version integer NOT NULL
);
