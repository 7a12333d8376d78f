using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

using Microsoft.Extensions.Logging;

using OrleansDDM.Client.Chaos;
using OrleansDDM.Grains;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Cluster;

/// <summary>Failures that nobody has looked at come to the log.</summary>
public sealed class UnobservedTasksTests
{
    [Fact]
    public async Task Failure_that_nobody_looks_at_is_logged_so_that_chaos_finds_it_and_one_of_a_call_that_was_given_up_is_not()
    {
        var log = new Capture();
        string mine = "lost " + Guid.NewGuid().ToString("N");
        using var watch = new UnobservedTasks(log);
        Forget(mine, givenUp: false);
        Forget(mine, givenUp: true);
        await Until.HoldsAsync(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return log.Lines.Any(l => l.Text.EndsWith(mine + "/False", StringComparison.Ordinal));
        });
        (LogLevel level, int id, string text) = Assert.Single(log.Lines, l => l.Text.Contains(mine, StringComparison.Ordinal));
        Assert.Equal((LogLevel.Error, 2104), (level, id));
        Assert.True(ChaosLogs.IsUnhandled(text));
    }

    [Fact]
    public async Task A_log_that_fails_does_not_end_the_process()
    {
        var log = new Capture { Fails = true };
        using var watch = new UnobservedTasks(log);
        Forget("lost", givenUp: false);
        await Until.HoldsAsync(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return !log.Lines.IsEmpty;
        });
    }

    [Theory]
    [InlineData("at Orleans.Runtime.ReminderService.LocalReminderService.RunAsync() in LocalReminderService.cs:line 572", true)]
    [InlineData("at Orleans.Runtime.MembershipService.MembershipTableManager.Refresh()", false)]
    [InlineData("at OrleansDDM.Grains.RunGrain.DriveAsync()", false)]
    public void Only_what_Orleans_goes_on_from_by_itself_is_no_failure(string frame, bool known) =>
        Assert.Equal(known, UnobservedTasks.IsKnown("System.AggregateException: refused\n   " + frame));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(string what, bool givenUp)
    {
        var lost = new TaskCompletionSource();
        if (givenUp)
        {
            lost.Task.MayBeGivenUp();
        }

        lost.SetException(new InvalidOperationException($"{what}/{givenUp}"));
    }

    private sealed class Capture : ILogger<UnobservedTasks>
    {
        public bool Fails { get; init; }

        public ConcurrentQueue<(LogLevel Level, int Id, string Text)> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Lines.Enqueue((logLevel, eventId.Id, formatter(state, exception)));
            if (Fails)
            {
                throw new InvalidOperationException("The disk is full.");
            }
        }
    }
}
