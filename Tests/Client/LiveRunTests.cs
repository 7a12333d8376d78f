using System.Text.Json;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>A run in training, seen and stopped from other processes and by signals.</summary>
public sealed class LiveRunTests : IDisposable
{
    private const string Run = "runs/shapes";

    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Status_watch_and_stop_work_from_a_second_process_and_resume_goes_on()
    {
        using DdmProcess first = DdmProcess.Start(_folder, TinyRun.Long());
        await first.UntilAsync(() => Checkpoints() > 0);
        using DdmProcess watch = DdmProcess.Start(_folder, "watch", "--run", Run, "--format", "json");
        JsonElement status = (await DdmProcess.ExpectAsync(0, _folder, "status", "--run", Run, "--format", "json")).Json;
        Assert.True(status.GetProperty("live").GetBoolean());
        Assert.Equal("training", status.GetProperty("phase").GetString());
        DdmResult stop = await DdmProcess.ExpectAsync(0, _folder, "stop", "--run", Run);
        Assert.Contains("stopped", stop.Output, StringComparison.Ordinal);
        DdmResult stopped = await first.EndAsync(130);
        Assert.Contains("ddm resume", stopped.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(stopped);

        DdmResult watched = await watch.EndAsync(0);
        JsonElement[] events = [.. watched.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Contains(events, e => e.GetProperty("kind").GetString() == "checkpoint");
        Assert.Contains(events, e => e.GetProperty("phase").GetString() is "stopping" or "stopped");
        Assert.Contains("stopped", (await DdmProcess.ExpectAsync(0, _folder, "runs")).Output, StringComparison.Ordinal);

        DdmResult resumed = await DdmProcess.ExpectAsync(0, _folder, "resume", Run, "--slots", "1");
        Assert.Contains("goes on from step", resumed.Error, StringComparison.Ordinal);
        await Outcome.AssertUninterruptedAsync(_folder.File(Run));
    }

    [Fact]
    public async Task A_signal_stops_with_a_checkpoint_and_resume_ends_as_if_there_had_been_none()
    {
        int before = 0;
        using (DdmProcess first = DdmProcess.Start(_folder, TinyRun.Long()))
        {
            await first.UntilAsync(() => Checkpoints() > 0);
            before = Checkpoints();
            DdmResult second = await DdmProcess.ExpectAsync(3, _folder, [.. TinyRun.Long("seed=5"), "--force"]);
            Assert.Contains("in use", second.Error, StringComparison.Ordinal);
            Assert.False(first.HasExited);
            await first.SignalAsync("INT");
            DdmResult interrupted = await first.EndAsync(130);
            Assert.Contains("Interrupted", interrupted.Error, StringComparison.Ordinal);
            Assert.Empty(interrupted.Output);
            CommandLineTests.AssertNoStack(interrupted);
        }

        Assert.True(Checkpoints() > before);
        Assert.Contains("stopped", (await DdmProcess.ExpectAsync(0, _folder, "status", "--run", Run)).Output, StringComparison.Ordinal);
        using (DdmProcess second = DdmProcess.Start(_folder, "resume", Run, "--slots", "1"))
        {
            before = Checkpoints();
            await second.UntilAsync(() => Checkpoints() > before + 2);
            await second.SignalAsync("TERM");
            await second.EndAsync(130);
        }

        await DdmProcess.ExpectAsync(0, _folder, "resume", Run, "--slots", "1");
        await Outcome.AssertUninterruptedAsync(_folder.File(Run));
    }

    private int Checkpoints() => CrashTests.Checkpoints(_folder.File(Run));
}
