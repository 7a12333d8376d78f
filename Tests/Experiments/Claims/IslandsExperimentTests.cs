using OrleansDDM.Client.Experiments;
using OrleansDDM.Experiments.Claims;
using OrleansDDM.Experiments.Claims.Islands;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

public sealed class IslandsExperimentTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ddm-islands-claim-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Arms_are_runs_that_differ_in_their_islands_alone(bool quick)
    {
        var settings = IslandsSettings.Of("fashion-mnist", quick);
        var experiment = new IslandsExperiment(settings);
        RunSpec[] runs = [.. experiment.Arms.Select(arm => experiment.RunOf(arm, 3))];
        Assert.All(runs, SpecValidator.Validate);
        Assert.Single(runs.Select(r => SpecJson.Hash(r with { Name = "arm", Islands = new IslandsSpec() })).Distinct());
        Assert.Equal(runs.Length, runs.Select(SpecJson.Hash).Distinct().Count());

        RunSpec islands = experiment.RunOf("islands", 3);
        Assert.Equal((4, 32, "modest", "dirichlet", 0.3), (islands.Experts.Count, islands.Islands.Peers, islands.Islands.Protocol, islands.Islands.Shards, islands.Islands.Unreachable));
        Assert.Equal(-1, experiment.RunOf("islands-of-one", 3).Islands.Peer);
        Assert.InRange(experiment.RunOf("peer-alone-1", 3).Islands.Peer, 0, 31);
        Assert.Equal(0, experiment.RunOf("one-place", 3).Islands.Peers);

        // As many steps one after the other as one place does.
        Assert.Equal(DenoisingTask.BatchOf(islands), islands.Islands.SampleSize * islands.Islands.Batch);
        Assert.Equal(islands.Router.Batch, islands.Islands.SampleSize * islands.Islands.Batch);
    }

    [Fact]
    public void Verdicts_follow_from_the_figures()
    {
        var experiment = new IslandsExperiment(new IslandsSettings { SinglePeers = 1 });
        ClaimRecords Records(double islands, double ones, double whole, double completed) => new([1, 2], [.. new ulong[] { 1, 2 }.SelectMany(seed => new[]
        {
            Record("islands", seed, islands, completed), Record("islands-of-one", seed, ones, 0), Record("islands-all-reachable", seed, whole, 1),
            Record("one-place", seed, 1, 0), Record("peer-alone-1", seed, 50, 0),
        })]);
        Assert.All(experiment.Gates(Records(10, 12, 9, 1)), g => Assert.Equal(Gate.Holds, g.Verdict));
        Assert.All(experiment.Gates(Records(10, 9, 5, 0.9)), g => Assert.Equal("fails", g.Verdict));
        Assert.Contains(experiment.Controls(Records(10, 12, 9, 1)), c => c.Id == "each peer alone" && c.Measured.Contains("50.0", StringComparison.Ordinal));
    }

    [Fact]
    public void Ratios_of_swapped_arms_are_reciprocals()
    {
        // By seed 1.52 and 0.7: their mean would pass, that of the reciprocals would not.
        var experiment = new IslandsExperiment(new IslandsSettings { SinglePeers = 1 });
        ClaimRecords Records(double[] islands, double[] others) => new([1, 2], [.. new ulong[] { 1, 2 }.SelectMany(seed => new[]
        {
            Record("islands", seed, islands[seed - 1], 1), Record("islands-of-one", seed, others[seed - 1], 0), Record("islands-all-reachable", seed, others[seed - 1], 1),
        })]);
        IReadOnlyList<Gate> gates = experiment.Gates(Records([1, 1], [1.52, 0.7])), swapped = experiment.Gates(Records([1.52, 0.7], [1, 1]));
        Assert.Equal(Gate.Fails, gates.Single(g => g.Id == "I1").Verdict);
        Assert.All(["I1", "I3"], id =>
        {
            double[] one = gates.Single(g => g.Id == id).Interval!, other = swapped.Single(g => g.Id == id).Interval!;
            Assert.Equal(1 / one[0], other[1], 1e-12);
            Assert.Equal(1 / one[1], other[0], 1e-12);
        });
    }

    [Fact]
    public void Whole_experiment_runs_and_is_not_measured_twice()
    {
        var settings = new IslandsSettings
        {
            Data = "shapes",
            Images = 300,
            Experts = 2,
            Peers = 4,
            Steps = 8,
            Batch = 16,
            SampleSize = 2,
            LocalSteps = 2,
            Warmup = 1,
            SinglePeers = 1,
            Samples = 8,
            SolverSteps = 2,
            LossImages = 8,
            JudgeSteps = 5,
        };
        var trainer = new Counting(new SiloEnsembleTrainer(_folder.FullName, [], 2));
        using var context = new ClaimContext(DatasetCatalog.Default([]), 1) { Ensembles = trainer };
        var runner = new ClaimRunner(new IslandsExperiment(settings), new ClaimFolder(_folder.FullName, "islands"), context);
        ClaimFindings findings = runner.Run([5], quick: true, null, default);
        Assert.Equal(Gate.Holds, findings.Gates.Single(g => g.Id == "I4").Verdict);
        Assert.All(findings.Records.All, r => Assert.True(double.IsFinite(r["distance"]) && double.IsFinite(r["loss"])));
        Assert.Equal(1, findings.Records.Of("islands", 5)["unreachable"]);
        Assert.NotEmpty(findings.Records.Of("one-place", 5).Curves["validation"].X);
        Assert.Equal(5, trainer.Calls);
        Captions.Check(findings, oneSeed: true);

        runner.Run([5], quick: true, null, default);
        Assert.Equal(5, trainer.Calls);
    }

    private static ArmRecord Record(string arm, ulong seed, double figure, double completed) => new()
    {
        Arm = arm,
        Seed = seed,
        Values = new(StringComparer.Ordinal) { ["distance"] = figure, ["loss"] = figure / 100, ["megabytes"] = 1, ["completed"] = completed },
    };

    private sealed class Counting(IEnsembleTrainer inner) : IEnsembleTrainer
    {
        public int Calls { get; private set; }

        public Task<TrainedEnsemble> TrainAsync(RunSpec spec, CancellationToken cancellation)
        {
            Calls++;
            return inner.TrainAsync(spec, cancellation);
        }
    }
}
