using System.Collections.Concurrent;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class IslandLogTests : IDisposable
{
    private const string Reason = @"[\d.]+ s = 2 x [\d.]+ s training \+ 2 x [\d.]+ s for \d+ models of \d+ bytes at \d+ bytes/s \(.+\) \+ 3 x [\d.]+ s round trip$";

    private readonly RunFolder _folder = new();
    private readonly ConcurrentQueue<string> _log = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("modest", "^expert-0, peer \\d, round \\d+: deadline " + Reason)]
    [InlineData("dpsgd", "^expert-0, peer \\d, round \\d+: deadline " + Reason)]
    [InlineData("epidemic", "^expert-0, peer \\d, round \\d+: deadline of each round: " + Reason)]
    public async Task Deadline_of_a_round_is_logged_with_its_reason_when_the_wait_begins(string protocol, string message)
    {
        await using IslandCluster cluster = await IslandCluster.StartAsync(_folder, 1, _ => new FakeIslandRuntime(), log: _log.Enqueue);
        IRunGrain run = cluster.Run("r");
        await run.SubmitAsync(SpecJson.Write(new RunSpec
        {
            Name = "r",
            Experts = new ExpertsSpec { Count = 1 },
            Training = new TrainingSpec { Steps = 40, Batch = 8, CheckpointSeconds = 0 },
            Islands = new IslandsSpec { Peers = 4, Protocol = protocol, Shards = "iid", MinSamples = 1, LocalSteps = 5, SampleSize = 3 },
        }));
        RunStatus status = await Until.SeenAsync(async () => await run.GetStatusAsync(), s => s.Phase is RunPhase.Ready or RunPhase.Faulted);

        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        Assert.Contains(_log, line => System.Text.RegularExpressions.Regex.IsMatch(line, message));
    }
}
