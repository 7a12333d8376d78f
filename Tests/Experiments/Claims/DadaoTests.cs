using OrleansDDM.Experiments.Claims;
using OrleansDDM.Experiments.Claims.Dadao;
using OrleansDDM.Learning.Data;
using OrleansDDM.Protocols.Topologies;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>DADAO: the flow, the rates of edges, and convergence.</summary>
public sealed class DadaoTests
{
    [Fact]
    public void Exponential_agrees_with_closed_forms_also_of_a_matrix_without_eigenbasis()
    {
        double[] rotation = MatrixExponential.Of([0, -1, 1, 0], 2, 20);
        AssertClose([Math.Cos(20), -Math.Sin(20), Math.Sin(20), Math.Cos(20)], rotation);
        double[] jordan = MatrixExponential.Of([0, 1, 0, 0], 2, 7);
        AssertClose([1, 7, 0, 1], jordan);
        double[] decay = MatrixExponential.Of([-3, 0, 0, -50], 2, 2);
        Assert.Equal(Math.Exp(-6), decay[0], 1e-12);
        Assert.Equal(Math.Exp(-100), decay[3], 1e-12);
    }

    [Fact]
    public void Flow_for_two_times_is_the_flow_for_their_sum()
    {
        double[] generator = new DadaoParameters(20, 1, 1).Generator();
        double[] whole = MatrixExponential.Of(generator, 6, 3), first = MatrixExponential.Of(generator, 6, 1.2), second = MatrixExponential.Of(generator, 6, 1.8);
        for (int i = 0; i < 6; i++)
        {
            for (int j = 0; j < 6; j++)
            {
                Assert.Equal(Enumerable.Range(0, 6).Sum(k => second[(i * 6) + k] * first[(k * 6) + j]), whole[(i * 6) + j], 1e-12);
            }
        }

        // x and x̃ pull at each other: their sum stays, their difference falls by e^(−2 η t).
        double eta = new DadaoParameters(20, 1, 1).Eta;
        Assert.Equal(1, whole[0] + whole[6], 1e-12);
        Assert.Equal(Math.Exp(-6 * eta), whole[0] - whole[6], 1e-12);
    }

    [Fact]
    public void Rates_meet_the_condition_exactly_and_optimised_ones_need_fewer()
    {
        Topology barbell = Graphs.Barbell(10);
        EdgeRates equal = EdgeRates.Uniform(barbell), best = EdgeRates.Optimised(barbell);
        Assert.Equal(0.5, equal.Chi1 * equal.Chi2, 1e-12);
        Assert.Equal(0.5, best.Chi1 * best.Chi2, 1e-12);
        Assert.Equal(1, best.Probabilities.Sum(), 1e-12);
        Assert.True(best.Total < 0.7 * equal.Total, $"{best.Total} of {equal.Total}");
        Assert.Equal(2, EdgeRates.Uniform(barbell, 0.5).Chi1 * EdgeRates.Uniform(barbell, 0.5).Chi2, 1e-12);

        // Complete graph: χ1(p) = χ2(p) = (n − 1) / 2.
        Assert.Equal(Math.Sqrt(2) * 4.5, EdgeRates.Uniform(Graphs.Complete(10)).Total, 1e-9);
    }

    [Fact]
    public void It_finds_the_optimum_at_the_promised_rate_on_unlike_graphs_and_diverges_with_half_of_the_exchanges()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("ddm-claims-");
        try
        {
            var experiment = new DadaoExperiment(new DadaoSettings { Time = 300, Every = 5, Conditions = [10, 40] });
            using var context = new ClaimContext(new DatasetCatalog([]));
            ClaimFindings findings = new ClaimRunner(experiment, new ClaimFolder(folder.FullName, "dadao"), context).Run([3], true, null, CancellationToken.None);
            Assert.All(["complete", "star", "grid", "cycle", "barbell", "barbell-optimised"], arm =>
            {
                ArmRecord record = findings.Records.Of(arm, 3);
                Assert.True(record["rate"] >= 0.9 * record["theory"], $"{arm}: {record["rate"]} of {record["theory"]}");
                Assert.True(record["error"] < 0.01, $"{arm}: {record["error"]}");
            });
            Assert.False(findings.Records.Of("cycle-halved-rates", 3)["error"] < 1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Gradients_of_the_peers_cancel_at_the_optimum()
    {
        var peers = new QuadraticPeers(7, 4, 30, 1);
        double[][] gradients = [.. Enumerable.Range(0, 7).Select(p => peers.Gradient(p, peers.Best))];
        Assert.All(Enumerable.Range(0, 4), d => Assert.Equal(0, gradients.Sum(g => g[d]), 1e-9));
        Assert.True(gradients.Max(g => g.Max(x => Math.Abs(x))) > 1);
    }

    private static void AssertClose(double[] expected, double[] got)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], got[i], 1e-11);
        }
    }
}
