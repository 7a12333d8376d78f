using System.Globalization;

using OrleansDDM.Client.Chaos;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Protocols.Simulation.Surveys;
using OrleansDDM.Silos.Local;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Client.Chaos;

/// <summary>What <c>ddm chaos</c> judges by must itself be right.</summary>
public sealed class ChaosPartsTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Island_that_loses_its_peers_is_a_spec_that_can_be_run()
    {
        RunSpec island = ChaosSpec.Island("r", 10, 3);
        Assert.Equal((10, 4, "any", 3UL), (island.Islands.Peers, island.Islands.SampleSize, island.Training.Device, island.Seed));
        Assert.Equal([string.Create(CultureInfo.InvariantCulture, $"stallSeconds={CrashScenario.Options.StallSeconds}")], island.Islands.Options);
    }

    [Fact]
    public void A_model_of_a_killed_silo_is_back_only_under_a_new_term_and_with_progress()
    {
        ModelWatch watch = Watch(struck: true, kills: true);
        watch.See(Status(term: 1, step: 120, from: 0));
        watch.Heal(null);
        watch.See(Status(term: 1, step: 130, from: 0));
        Assert.False(watch.IsBack);
        watch.See(Status(term: 2, step: 130, from: null));
        watch.See(Status(term: 2, step: 90, from: 90));
        Assert.Equal((false, 90, 40), (watch.IsBack, watch.From, watch.Lost));
        watch.See(Status(term: 2, step: 91, from: 90));
        Assert.True(watch.IsBack);
    }

    [Fact]
    public void A_model_of_a_hung_silo_may_go_on_where_it_is_once_that_is_healed()
    {
        ModelWatch watch = Watch(struck: true, kills: false);
        watch.See(Status(term: 1, step: 140, from: 0));
        Assert.False(watch.IsBack);
        watch.Heal(null);
        watch.See(Status(term: 1, step: 140, from: 0));
        watch.See(Status(term: 1, step: 141, from: 0));
        Assert.Equal((true, 0, null), (watch.IsBack, watch.Lost, watch.From));
    }

    [Fact]
    public void Only_the_checkpoints_that_a_fault_spares_are_promised()
    {
        ModelWatch watch = Watch(struck: true, kills: true);
        Assert.Equal([80, 60, 0], new[] { 0, 1, 2 }.Select(watch.Promised));
    }

    [Theory]
    [InlineData("kill-expert", 600, 600)]
    [InlineData("hang-60", 600, 9000)]
    [InlineData("hang-60", 20000, 20000)]
    [InlineData("partition", 600, 4715)]
    public void A_run_outlasts_its_fault_wherever_it_was_struck(string name, int asked, int steps)
    {
        Fault fault = FaultCatalog.All.Single(f => f.Name == name);
        Assert.Equal(steps, fault.StepsFor(asked, stepMilliseconds: 10));
        Assert.True((1 - FaultTrial.LatestShare) * steps * 0.01 >= (fault.Lasts + FaultTrial.Aftermath).TotalSeconds || fault.Lasts == TimeSpan.Zero);
    }

    [Fact]
    public void What_is_written_to_a_run_that_was_ready_is_seen()
    {
        RunStatus end = Ready(Status(term: 2, step: 300, from: 90), lastEvent: 12);
        Assert.Empty(FaultTrial.LateChanges(end, Ready(Status(term: 2, step: 300, from: 90), lastEvent: 12) with { Silo = "silo-2", Term = 9 }));
        Assert.Contains("event 12", Assert.Single(FaultTrial.LateChanges(end, end with { LastEvent = 13 })), StringComparison.Ordinal);
        ModelStatus was = end.Models[0];
        foreach (ModelStatus now in (ModelStatus[])
        [
            was with { Term = 1 },
            was with { Step = 290 },
            was with { Phase = ModelPhase.Stopped },
            was with { Checkpoints = [.. was.Checkpoints, Checkpoint(300)] },
            was with { Weights = new ArtifactReference(new string('b', 64), 1) },
            was with { Best = Checkpoint(60) },
        ])
        {
            Assert.StartsWith("expert-0 was written after its end", Assert.Single(FaultTrial.LateChanges(end, end with { Models = [now] })), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_promised_of_whom_a_fault_spares_stands_in_the_table()
    {
        Assert.Equal("nobody is taken for dead; goes on from the last checkpoint; same bits", FaultCatalog.All.Single(f => f.Name == "clock").Promise);
        Assert.Equal("no step is done again; same bits", FaultCatalog.All.Single(f => f.Name == "drain").Promise);
        Assert.Equal("the same images, bit by bit", Sampler.Promise);
        Assert.Equal("the same images, bit by bit; the client need not ask again", FaultCatalog.All.Single(f => f.Name == "kill-replica").Promise);
    }

    [Theory]
    [InlineData("Unhandled exception. System.Exception: x", true)]
    [InlineData("crit: Orleans[1]", true)]
    [InlineData("2026-01-02T03:04:05.678Z crit: Orleans[1]", true)]
    [InlineData("      expert-0 faulted", true)]
    [InlineData("      UnobservedTaskException, a task has failed and nobody has looked at it: x", true)]
    [InlineData("warn: OrleansDDM.Grains.RunGrain[0]", false)]
    [InlineData("      Run r: expert-0 could not be reached", false)]
    public void Lines_about_exceptions_that_nobody_handled_are_found(string line, bool unhandled) => Assert.Equal(unhandled, ChaosLogs.IsUnhandled(line));

    [Fact]
    public void Weights_are_the_same_if_their_values_are_whatever_their_header_says()
    {
        Assert.Equal(Hash("one", 1, 2), Hash("two", 1, 2));
        Assert.NotEqual(Hash("one", 1, 2), Hash("one", 1, 2.0000002f));
    }

    [Fact]
    public void The_middle_of_measured_values_is_the_median()
    {
        Assert.Equal(new Spread(1, 2.5, 9), Spread.Of([9, 2, 3, 1]));
        Assert.Equal("1/2/9", Spread.Of([9, 2, 1])!.ToString());
        Assert.Null(Spread.Of([]));
    }

    [Fact]
    public void Every_mix_and_every_name_is_known_once()
    {
        Assert.Equal(FaultCatalog.All.Count, FaultCatalog.All.Select(f => f.Name).Distinct().Count());
        Assert.All(Enum.GetValues<ChaosMix>(), mix => Assert.Equal(mix == ChaosMix.Load, FaultCatalog.Mix(mix).Count == 0));
        Assert.All(FaultCatalog.Mix(ChaosMix.Kill), f => Assert.StartsWith("kill-", f.Name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_went_wrong_beside_a_trial_is_its_complaint()
    {
        string[] aside = ["silo-1: Unhandled exception. x", "silo-2 did not start"];
        TrialOutcome outcome = await TrialGuard.RunAsync(Sampler, () => Task.FromResult(new TrialOutcome(Sampler.Name, null, 1, 0, null)), () => aside, NotNeeded, default);
        Assert.Equal((1.0, "silo-1: Unhandled exception. x; silo-2 did not start"), (outcome.Back, outcome.Complaint));
        outcome = await TrialGuard.RunAsync(Sampler, () => Task.FromResult(new TrialOutcome(Sampler.Name, null, 1, 0, "other bits")), () => aside[1..], NotNeeded, default);
        Assert.Equal("other bits; silo-2 did not start", outcome.Complaint);
        outcome = await TrialGuard.RunAsync(Sampler, () => Task.FromResult(new TrialOutcome(Sampler.Name, null, 1, 0, null)), () => [], NotNeeded, default);
        Assert.Null(outcome.Complaint);
    }

    [Fact]
    public async Task A_trial_that_fails_is_a_row_that_does_not_hold_and_the_others_are_reported()
    {
        int recovered = 0;
        var outcomes = new List<TrialOutcome>();
        foreach (Func<Task<TrialOutcome>> trial in new Func<Task<TrialOutcome>>[]
        {
            () => Task.FromResult(new TrialOutcome(Sampler.Name, null, 1.5, 0, null)),
            () => throw new TimeoutException("all silos are active: not within 180 s."),
            () => Task.FromException<TrialOutcome>(new FileNotFoundException("no weights")),
        })
        {
            outcomes.Add(await TrialGuard.RunAsync(Sampler, trial, () => [], () => recovered++, default));
        }

        ChaosRow row = Assert.Single(ChaosReport.Rows(outcomes));
        Assert.Equal((3, "fails in 2", 2), (row.Runs, row.Verdict, recovered));
        Assert.Equal(new Spread(1.5, 1.5, 1.5), row.Back);
        Assert.Equal(["the trial failed: all silos are active: not within 180 s.", "the trial failed: no weights"], row.Complaints);
        Assert.False(new ChaosReport(1, 3, [row], null).Holds);
        Assert.True(new ChaosReport(1, 3, ChaosReport.Rows(outcomes.Take(1)), null).Holds);
    }

    [Fact]
    public async Task Whoever_is_interrupted_gets_no_report()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() =>
            TrialGuard.RunAsync(Sampler, () => throw new OperationCanceledException(stop.Token), () => [], NotNeeded, stop.Token));
    }

    [Theory]
    [InlineData(true, 2f, null)]
    [InlineData(true, 3f, "other bits")]
    [InlineData(false, 2f, "before the silo was killed")]
    public void Images_show_something_only_if_the_silo_was_killed_while_they_were_drawn(bool underWay, float last, string? told)
    {
        string? complaint = SamplerTrial.Judge(underWay, [1, 2], [1, last]);
        Assert.Equal(told is null, complaint is null);
        Assert.Contains(told ?? string.Empty, complaint ?? string.Empty, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ChaosMix.Kill, 0, 1, false)]
    [InlineData(ChaosMix.Hang, 0, 1, false)]
    [InlineData(ChaosMix.All, 0, 1, false)]
    [InlineData(ChaosMix.Load, 0, 0.5, true)]
    [InlineData(ChaosMix.Kill, 1, 0.96, true)]
    [InlineData(ChaosMix.Kill, 1, 0.94, false)]
    [InlineData(ChaosMix.All, 1, 0.5, true)]
    public void A_soak_without_a_fault_holds_nothing(ChaosMix mix, int faults, double kept, bool holds)
    {
        TrialOutcome[] struck = [.. Enumerable.Repeat(new TrialOutcome("kill-run", 0.5, 2, 0, null), faults)];
        var soak = new SoakOutcome(SoakOutcome.NameOf(mix), 0.3, struck, 100, 100 * kept, kept, true, []);
        Assert.Equal(holds, new ChaosReport(1, 3, [], soak).Holds);
        Assert.False(new ChaosReport(1, 3, [], soak with { Complaints = ["x"] }).Holds);
        Assert.False(new ChaosReport(1, 3, [], SoakOutcome.Failed(mix, "the database is gone")).Holds);
    }

    [Fact]
    public void An_error_that_is_known_already_does_not_end_the_supervision()
    {
        File.WriteAllText(_folder.File("cluster.json"), "{ torn");
        var cluster = new ChaosCluster(_folder, _folder.File("faults"), new LocalClusterFile(string.Empty, [], null));
        Assert.Empty(cluster.Ended());
        Assert.Empty(cluster.Ended());
        Assert.Contains("cluster.json", Assert.Single(cluster.TakeComplaints()), StringComparison.Ordinal);
        Assert.Empty(cluster.Ended());
        Assert.Single(cluster.TakeComplaints());
    }

    private static Fault Sampler => FaultCatalog.All.Single(f => f.Name == "kill-sampler");

    private static void NotNeeded() => throw new InvalidOperationException("There is nothing to recover from.");

    private static ModelWatch Watch(bool struck, bool kills) => new(Status(term: 1, step: 100, from: 0), struck, kills);

    private static ModelStatus Status(long term, int step, int? from) => new()
    {
        Role = "expert-0",
        Phase = ModelPhase.Training,
        Term = term,
        Step = step,
        From = from,
        Checkpoints = [Checkpoint(60), Checkpoint(80)],
    };

    private static RunStatus Ready(ModelStatus model, long lastEvent) => new() { Name = "r", Phase = RunPhase.Ready, Term = 1, LastEvent = lastEvent, Models = [model with { Phase = ModelPhase.Done }] };

    private static CheckpointReference Checkpoint(int step) => new(new ArtifactReference(new string('a', 64), 1), step, 1, null);

    private string Hash(string identity, params float[] values)
    {
        string path = _folder.File(identity + values[1]);
        File.WriteAllBytes(path, SafetensorsWriter.Write(
            [SafetensorsEntry.Of("w", [values.Length], values)], new Dictionary<string, string> { ["identity"] = identity + new string(' ', identity[0] - 'a') }));
        return WeightHash.Of(path);
    }
}
