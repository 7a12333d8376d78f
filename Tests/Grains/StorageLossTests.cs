using System.Collections.Concurrent;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains;

/// <summary>A database that is away for a while costs waiting, not the run.</summary>
public sealed class StorageLossTests : SiloTest
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        RunSettings.RetryPause = TimeSpan.FromMilliseconds(20);
        RunSettings.PublishPatience = TimeSpan.FromMilliseconds(20);
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(18);
    }

    [Fact]
    public async Task Training_goes_on_without_the_database_and_the_run_ends_as_if_it_had_been_there()
    {
        long known = (await Run().GetStatusAsync()).LastEvent;
        LoseDatabase();
        HoldAt(34);
        RunStatus away = await UntilAsync(s => s.Models.All(m => m.Step == 34) && s.Waiting is not null);
        Assert.Equal(RunPhase.Training, away.Phase);
        Assert.Contains("database or disk is full", away.Waiting, StringComparison.Ordinal);
        Assert.Equal(known, away.LastEvent);

        BringDatabaseBack();
        LetGo();
        RunStatus end = await CheckAsync();
        Assert.Null(end.Waiting);
        Assert.Equal(3, Runtime.Opened.Count);
    }

    [Fact]
    public async Task A_database_that_stays_away_is_waited_for_once_not_at_every_checkpoint()
    {
        LoseDatabase();
        foreach (int step in (int[])[22, 26, 30])
        {
            HoldAt(step);
            await UntilAsync(s => s.Models.All(m => m.Step == step && m.Waiting is not null));
            RunSettings.PublishPatience = TimeSpan.FromHours(1);
        }

        BringDatabaseBack();
        LetGo();
        await CheckAsync();
    }

    [Fact]
    public async Task Watchers_see_no_event_before_it_is_stored()
    {
        var seen = new ConcurrentQueue<RunEvent>();
        Task watch = Task.Run(async () =>
        {
            await foreach (RunEvent e in Run().WatchAsync().WithBatchSize(1))
            {
                seen.Enqueue(e);
            }
        });
        LoseDatabase();
        HoldAt(34);
        await UntilAsync(s => s.Models.All(m => m.Step == 34));
        Assert.All(seen, e => Assert.True(e.Number == 0 || e.Step <= 18));

        // What was never stored is forgotten by a crash, and nobody has seen it.
        long told = seen.Max(e => e.Number);
        await CrashAsync(BringDatabaseBack);
        await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Assert.Equal(told, (await Run().GetStatusAsync()).LastEvent);
        await ResumeAndCheckAsync();
    }

    [Fact]
    public async Task Stop_says_that_its_end_is_not_stored_and_a_later_one_stores_it()
    {
        RunSettings.StopPatience = TimeSpan.FromSeconds(0.3);
        LoseDatabase();
        HoldAt(34);
        await UntilAsync(s => s.Models.All(m => m.Step == 34));
        RunNotStoredException e = await Assert.ThrowsAsync<RunNotStoredException>(() => Run().StopAsync());
        Assert.Contains("disk is full", e.Message, StringComparison.Ordinal);
        Assert.All((await Run().GetStatusAsync()).Models, m => Assert.Equal(34, m.Step));

        BringDatabaseBack();
        RunSettings.StopPatience = TimeSpan.FromSeconds(10);
        Assert.Equal(RunPhase.Stopped, (await Run().StopAsync()).Phase);
        Assert.Equal(0, Runtime.OpenSessions);
        await ResumeAndCheckAsync();
        Assert.All(Runtime.Opened.Skip(3), o => Assert.Equal(34, o.Step));
    }
}
