-- The version is the ETag: it changes with every write.
INSERT INTO Reminder (ServiceId, GrainId, ReminderName, GrainHash, StartTime, Period, Version)
VALUES (@ServiceId, @GrainId, @ReminderName, @GrainHash, @StartTime, @Period, 1)
ON CONFLICT (ServiceId, GrainId, ReminderName) DO UPDATE
SET GrainHash = excluded.GrainHash,
    StartTime = excluded.StartTime,
    Period = excluded.Period,
    Version = Reminder.Version + 1
RETURNING Version;
