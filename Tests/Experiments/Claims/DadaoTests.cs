using OrleansDDM.Experiments.Claims;
using OrleansDDM.Experiments.Claims.Dadao;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>The claim about DADAO in small.</summary>
public sealed class DadaoTests
{
    [Fact]
    public void It_finds_the_optimum_at_the_promised_rate_on_unlike_graphs_and_diverges_with_half_of_the_exchanges()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("ddm-claims-");
        try
        {
            var experiment = new DadaoExperiment(new DadaoSettings { Time = 300, Every = 5, Conditions = [10, 40] });
            using var context = new ClaimContext(new DatasetCatalog([]));
            ClaimFindings findings = new ClaimRunner(experiment, new ClaimFolder(folder.FullName, "dadao"), context).Run([3], true, null, CancellationToken.None);
            Assert.All(["complete", "star", "grid", "cycle", "barbell", "barbell-optimised", "grid-logistic"], arm =>
            {
                ArmRecord record = findings.Records.Of(arm, 3);
                Assert.True(record["rate"] >= 0.9 * record["theory"], $"{arm}: {record["rate"]} of {record["theory"]}");
                Assert.True(record["error"] < 0.01, $"{arm}: {record["error"]}");
            });
            Assert.False(findings.Records.Of("cycle-halved-rates", 3)["error"] < 1);
            Assert.Equal(Gate.Holds, findings.Gates.Single(g => g.Id == "C10/halved").Verdict);
            Captions.Check(findings, oneSeed: true);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(1, Gate.Holds)]
    [InlineData(0.7, Gate.Fails)]
    [InlineData(1.3, Gate.Fails)]
    [InlineData(double.NaN, Gate.Fails)]
    public void Budget_of_exchanges_is_that_of_the_graph_not_that_of_the_clocks(double factor, string verdict)
    {
        // Clocks of a wrong total on the barbell alone; NaN: the target was not reached.
        (string Arm, double Chi1, double Chi2, int Nodes)[] graphs =
            [("complete", 4.5, 4.5, 10), ("star", 9, 4.5, 10), ("grid", 12, 4.25, 9), ("cycle", 26.2, 4.5, 10), ("barbell", 70.4, 10.5, 10)];
        var experiment = new DadaoExperiment(new DadaoSettings { Conditions = [10, 40] });
        ArmRecord[] arms = [.. experiment.Arms.Select(name =>
        {
            (string _, double chi1, double chi2, int nodes) = graphs.FirstOrDefault(g => g.Arm == name, graphs[^1]);
            double total = Math.Sqrt(2 * chi1 * chi2) * (name == "barbell" ? factor : 1);
            return new ArmRecord
            {
                Arm = name,
                Seed = 1,
                Values =
                {
                    ["chi1"] = chi1, ["chi2"] = chi2, ["lambda"] = total, ["exchanges"] = 350 * total, ["gradients"] = 350 * nodes,
                    ["rate"] = 0.03, ["theory"] = 0.02, ["error"] = 1e-8,
                },
            };
        })];
        IReadOnlyList<Gate> gates = experiment.Gates(new ClaimRecords([1], arms));
        Assert.Equal(verdict, gates.Single(g => g.Id == "C10/budget").Verdict);

        // The arm with half of the exchanges converged.
        Assert.Equal(Gate.Fails, gates.Single(g => g.Id == "C10/halved").Verdict);
    }
}
