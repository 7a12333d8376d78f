-- GrainHash is an unsigned hash stored as a signed number; Period is in milliseconds.
CREATE TABLE IF NOT EXISTS Reminder (
    ServiceId text NOT NULL,
    GrainId text NOT NULL,
    ReminderName text NOT NULL,
    GrainHash integer NOT NULL,
    StartTime timestamptz NOT NULL,
    Period bigint NOT NULL,
    Version integer NOT NULL,
    PRIMARY KEY (ServiceId, GrainId, ReminderName)
);

CREATE INDEX IF NOT EXISTS ReminderRange ON Reminder (ServiceId, GrainHash);
