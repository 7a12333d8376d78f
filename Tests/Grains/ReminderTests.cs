using Microsoft.Extensions.DependencyInjection;

using Orleans.Hosting;
using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains;

/// <summary>The reminder of a run at work, which wakes it where nobody else does.</summary>
public sealed class ReminderTests : SiloTest
{
    [Fact]
    public async Task Reminder_drives_a_run_on_whose_silo_is_gone_and_that_nobody_calls()
    {
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(18);
        long term = (await Run().GetStatusAsync()).Term;
        await CrashAsync();
        IRemindable reminded = Run().AsReference<IRemindable>();
        await reminded.ReceiveReminder("work", default);
        Assert.Equal(term + 1, (await Run().GetStatusAsync()).Term);

        // On a run that is driven it does nothing.
        await reminded.ReceiveReminder("work", default);
        LetGo();
        Assert.Equal(term + 1, (await CheckAsync()).Term);
        Assert.All(Runtime.Opened.Skip(3), o => Assert.Equal(18, o.Step));
        await reminded.ReceiveReminder("work", default);
        Assert.Equal((RunPhase.Ready, term + 1), ((await Run().GetStatusAsync()).Phase, (await Run().GetStatusAsync()).Term));
    }

    [Fact]
    public async Task Run_leaves_a_reminder_while_it_is_at_work_only()
    {
        using var folder = new RunFolder();
        HoldAt(4);
        await using (SharedSilo silo = await SharedSilo.StartAsync(folder, Runtime, "a", builder => builder.UseInMemoryReminderService()))
        {
            silo.RunSettings.Remind = true;
            IReminderTable table = silo.Services.GetRequiredService<IReminderTable>();
            GrainId run = silo.Run().GetGrainId();
            await silo.Run().SubmitAsync(SpecJson.Write(Spec()));
            await UntilRemindersAsync(1);
            LetGo();
            await UntilRemindersAsync(0);
            Assert.Equal(RunPhase.Ready, (await silo.Run().GetStatusAsync()).Phase);

            async Task UntilRemindersAsync(int count)
            {
                using var late = new CancellationTokenSource(Patience);
                while ((await table.ReadRows(run)).Reminders.Count != count)
                {
                    Assert.False(late.IsCancellationRequested, "It has not happened in time.");
                    await Task.Delay(10);
                }
            }
        }

        SqliteSchema.Close(folder.File("state.db"));
    }
}
