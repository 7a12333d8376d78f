DELETE FROM Reminder
WHERE ServiceId = @ServiceId;
