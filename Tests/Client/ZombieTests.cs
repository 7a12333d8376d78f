using System.Runtime.CompilerServices;

using OrleansDDM.Client.Chaos;
using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;
using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>A silo that is frozen, evicted and resumed while it computes, as a process of its own.</summary>
public sealed class ZombieTests : IDisposable
{
    private static readonly string[] Names = ["silo-1", "silo-2"];

    private readonly Grains.RunFolder _folder = new();
    private readonly PacedSilos _paced;

    public ZombieTests() => _paced = new PacedSilos(_folder, Names);

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task A_silo_that_wakes_up_as_a_zombie_ends_and_leaves_those_who_went_on_alone()
    {
        string cluster = await TestPostgres.InstalledAsync();

        // Slow enough that all of it comes to pass while the run trains, on a busy machine too; in the end the brake is let go.
        _paced.Pace(60);
        DdmProcess[] silos = [.. Names.Select(name => DdmProcess.StartSilo(
            _folder, "--cluster", cluster, "--name", name, "--slots", "4", "--folder", "silos", "--faults-folder", _paced.Faults, "--web-url", "off"))];
        try
        {
            await Until.HoldsAsync(async () =>
            {
                Assert.All(silos, s => Assert.False(s.HasExited, s.Error));
                return (await ClusterMembers.ReadAsync(cluster)).Count(m => m.Status == "Active") == silos.Length;
            });
            await using (ClusterConnection any = await ClusterConnection.ToClusterAsync(cluster))
            {
                await Run(any, "storm").SubmitAsync(SpecJson.Write(ChaosSpec.Run("storm", 1500, 7)));
            }

            RunStatus before = await SeenAsync(Names, s => s.Phase == RunPhase.Training && s.Models.All(m => m.Phase == ModelPhase.Training && m.Checkpoints.Length > 0));
            string victim = before.Models[0].Silo!;
            string[] others = [.. Names.Where(n => n != victim)];
            DdmProcess zombie = silos[Array.IndexOf(Names, victim)];
            await zombie.SignalAsync("STOP");
            await Until.HoldsAsync(async () => (await ClusterMembers.ReadAsync(cluster)).Single(m => m.Name == victim).Status == "Dead");
            RunStatus met = await SeenAsync(others, s => s.Phase == RunPhase.Training && before.Models.Zip(s.Models).All(m => m.First.Silo != victim
                || (m.Second.Silo != victim && m.Second.Term > m.First.Term && m.Second.From >= m.First.Checkpoints[^1].Step && m.Second.Step > m.Second.From)));

            await zombie.SignalAsync("CONT");
            DdmResult end = await zombie.EndAsync(1);
            Assert.Contains("cannot go on", end.Error, StringComparison.Ordinal);
            RunStatus after = await SeenAsync(others, s => s.Models.Zip(met.Models).All(m => m.First.Step > m.Second.Step && m.First.Phase == ModelPhase.Training));
            Assert.Equal((RunPhase.Training, met.Term), (after.Phase, after.Term));
            Assert.Equal(met.Models.Select(m => (m.Role, m.Term, m.From)), after.Models.Select(m => (m.Role, m.Term, m.From)));

            _paced.Pace(0);
            RunStatus ready = await SeenAsync(others, s => s.Phase == RunPhase.Ready);
            Assert.Equal(met.Models.Select(m => (m.Role, m.Term)), ready.Models.Select(m => (m.Role, m.Term)));
            Assert.All(ready.Models, m => Assert.Equal(m.Steps, m.Checkpoints[^1].Step));
            await using ClusterConnection left = await ClusterConnection.ToSilosAsync(cluster, others);
            await Run(left, "calm").SubmitAsync(SpecJson.Write(ChaosSpec.Run("calm", 1500, 7)));
            RunStatus calm = await Until.SeenAsync(async () => (RunStatus?)await Run(left, "calm").GetStatusAsync(), s => s.Phase == RunPhase.Ready);
            Assert.Equal(WeightHash.Of(calm, _folder), WeightHash.Of(ready, _folder));
        }
        finally
        {
            Array.ForEach(silos, s => s.Dispose());
        }

        Task<RunStatus> SeenAsync(string[] through, Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") =>
            PacedSilos.SeenAsync(() => ClusterConnection.ToSilosAsync(cluster, through), "storm", holds, what);
    }

    private static IRunGrain Run(ClusterConnection connection, string name) => connection.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));
}
