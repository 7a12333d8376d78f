-- A range of the hash ring that wraps, as signed numbers; equal bounds are the whole ring.
SELECT GrainId, ReminderName, StartTime, Period, Version
FROM Reminder
WHERE ServiceId = @ServiceId
    AND (GrainHash > @BeginHash OR GrainHash <= @EndHash);
