using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains;

/// <summary>
/// The part of <see cref="RunGrain"/> that leaves a reminder while there is work: the backstop where all silos went and nobody looks after the
/// runs. It drives the run on under a new term; on a run that is driven it does nothing.
/// </summary>
internal sealed partial class RunGrain : IRemindable
{
    private const string Backstop = "work";
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (State.Phase is RunPhase.Preparing or RunPhase.Training)
        {
            if (!_driven)
            {
                await DriveAsync();
            }
        }
        else if (_settling.IsCompleted)
        {
            await RemindAsync(false);
        }
    }

    /// <summary>Leaves the reminder, or takes it away. A database that is away may have it so: it is a backstop only.</summary>
    private async Task RemindAsync(bool work)
    {
        if (!options.Value.Remind)
        {
            return;
        }

        try
        {
            if (work)
            {
                await this.RegisterOrUpdateReminder(Backstop, ReminderPeriod, ReminderPeriod);
            }
            else if (await this.GetReminder(Backstop) is { } reminder)
            {
                await this.UnregisterReminder(reminder);
            }
        }
        catch (Exception e)
        {
            LogUnreminded(_name, e.Message);
        }
    }

    [LoggerMessage(EventId = 1041, Level = LogLevel.Information, Message = "Run {Name}: its reminder could not be written: {Reason}")]
    private partial void LogUnreminded(string name, string reason);
}
