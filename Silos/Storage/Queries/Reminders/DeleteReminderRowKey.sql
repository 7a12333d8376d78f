WITH deleted AS (
    DELETE FROM Reminder
    WHERE ServiceId = @ServiceId
        AND GrainId = @GrainId
        AND ReminderName = @ReminderName
        AND Version = @Version
    RETURNING 1
)
SELECT EXISTS (SELECT FROM deleted);
