-- Which cluster this database is: one random id that stays with its rows, by which silos know whether their folders belong to it.
CREATE TABLE IF NOT EXISTS ClusterIdentity (
    One boolean PRIMARY KEY DEFAULT true CHECK (One),
    Id uuid NOT NULL
);

INSERT INTO ClusterIdentity (Id) VALUES (gen_random_uuid()) ON CONFLICT DO NOTHING;
