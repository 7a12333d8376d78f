using System.Runtime.CompilerServices;

using Orleans.Runtime;
using Orleans.TestingHost;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Three silos in this process, each with a folder and learning of its own, over one database.</summary>
public sealed class IslandClusterTests : IAsyncLifetime
{
    private const int Peers = 9;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly RunFolder _folder = new();
    private readonly Dictionary<string, FakeIslandRuntime> _runtimes = [];
    private readonly ManualResetEventSlim _killed = new();
    private TimeSpan _slow = TimeSpan.FromMilliseconds(500);
    private IslandCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await IslandCluster.StartAsync(
        _folder,
        3,
        name =>
        {
            // Slow until the kill, so that no model is done before it; not held, as a held training keeps its slot from the others that a round needs.
            var runtime = new FakeIslandRuntime
            {
                BeforeTraining = (_, _, round, stop) =>
                    WaitHandle.WaitAny([_killed.WaitHandle, stop.WaitHandle], round >= 3 ? _slow : TimeSpan.FromMilliseconds(10)),
            };
            lock (_runtimes)
            {
                _runtimes[name] = runtime;
            }

            return runtime;
        },
        slots: 2,
        o => o.PollPeriod = TimeSpan.FromMilliseconds(300));

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
        _killed.Dispose();
    }

    [Fact]
    public async Task Peers_stay_on_their_hosts_and_the_island_outlives_one_of_them()
    {
        string[] names = _cluster.Names;
        RunSpec spec = Spec();
        await SubmitAsync(spec);
        await UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Island?.Round >= 3), spec);

        InProcessSiloHandle victim = _cluster.Silos.Silos[2];
        await _cluster.Silos.KillSiloAsync(victim);
        _killed.Set();
        int[] before = [.. names.Select(n => Trainings(n).Length)];
        RunStatus status = await UntilAsync(s => s.Phase == RunPhase.Ready, spec);

        foreach (ModelStatus model in status.Models)
        {
            Assert.Equal((ModelPhase.Done, Peers), (model.Phase, model.Island!.Peers));
            Assert.Equal(model.Island.Rounds, model.Island.Round);
        }

        // Peer p lives on host p mod 3 and nowhere else, before and after; the dead host's peers ended what they had begun, the others went on.
        for (int i = 0; i < names.Length; i++)
        {
            int[] peers = [.. Trainings(names[i]).Select(t => t.Peer).Distinct().Order()];
            Assert.NotEmpty(peers);
            Assert.All(peers, p => Assert.Equal(i, p % 3));
            int more = Trainings(names[i]).Length - before[i];
            Assert.True(names[i] == victim.Name ? more <= Peers : more > Peers, $"{names[i]}: {more} trainings after the kill");
        }
    }

    [Fact]
    public async Task Island_whose_grain_fails_over_trains_as_much_as_was_planned_where_each_peer_has_a_model_of_its_own()
    {
        _slow = TimeSpan.FromMilliseconds(50);
        RunSpec spec = Spec() with { Training = Spec().Training with { Steps = 800 }, Islands = Spec().Islands with { Protocol = "dpsgd" } };
        await SubmitAsync(spec);
        ModelStatus before = (await UntilAsync(s => s.Models.Length == 3 && s.Models[0] is { Checkpoints.Length: > 0, Island.Round: >= 8 }, spec)).Models[0];
        await _cluster.Silos.KillSiloAsync(_cluster.Silos.Silos.Single(s => s.Name == before.Silo));

        // Peers elsewhere have gone on meanwhile; what they did until now is in the rounds of before, or is done anew.
        await UntilAsync(s => s.Models[0].Term > before.Term && s.Models[0].Island!.Unreachable == 3, spec);
        int meanwhile = Done();
        RunStatus status = await UntilAsync(s => s.Phase == RunPhase.Ready, spec);

        long left = status.Models[0].Island!.Rounds - before.Island!.Round;
        Assert.True(Done() - meanwhile >= (left - 2) * Peers, $"{Done() - meanwhile} trainings in the {left} rounds that were left, of {Peers} peers");

        int Done() => _cluster.Names.Sum(n => Trainings(n).Count(t => t.Role == "expert-0"));
    }

    private static RunSpec Spec() => new()
    {
        Name = "r",
        Seed = 3,
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 400, Batch = 8, CheckpointSeconds = 0.2 },
        Islands = new IslandsSpec { Peers = Peers, Shards = "iid", MinSamples = 1, LocalSteps = 4, SampleSize = 4 },
    };

    // The measurement of a training is of whatever peer comes first, wherever the island's grain is.
    private (string Role, int Peer, long Round)[] Trainings(string silo)
    {
        FakeIslandRuntime runtime = _runtimes[silo];
        lock (runtime.Trainings)
        {
            return [.. runtime.Trainings.Where(t => t.Round > 0)];
        }
    }

    private IRunGrain Run() => _cluster.Run("r");

    private async Task SubmitAsync(RunSpec spec) => await Run().SubmitAsync(SpecJson.Write(spec));

    private Task<RunStatus> UntilAsync(Func<RunStatus, bool> holds, RunSpec spec, [CallerArgumentExpression(nameof(holds))] string what = "") => Until.SeenAsync(
        async () =>
        {
            try
            {
                // Attaching drives the run on where its grain went with a silo.
                return (await Run().SubmitAsync(SpecJson.Write(spec))).Status;
            }
            catch (OrleansException)
            {
                return null; // its silo is going
            }
        },
        holds,
        Patience,
        what);
}
