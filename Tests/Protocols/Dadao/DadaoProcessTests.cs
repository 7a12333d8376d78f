using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Topologies;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Dadao;

/// <summary>The values of the notes to the paper: n = 10 (grid 9), d = 5, κ = 21.9.</summary>
public sealed class DadaoProcessTests
{
    private static readonly (string Name, Topology Graph, double Lambda)[] Graphs_ =
    [
        ("complete", Graphs.Complete(10), 6.36), ("star", Graphs.Star(10), 9.00), ("grid", Graphs.Grid(3, 3), 10.10),
        ("cycle", Graphs.Ring(10), 15.35), ("barbell", Graphs.Barbell(10), 38.44),
    ];

    [Fact]
    public void Rate_is_that_of_the_theory_on_every_graph_and_communications_are_its_lambda()
    {
        List<double> rates = [];
        foreach ((string name, Topology graph, double lambda) in Graphs_)
        {
            EdgeRates edges = EdgeRates.Uniform(graph);
            DadaoProcess process = new(new QuadraticProblem(graph.Count, 5, 21.9, 1), edges, 1);
            double rate = Rate(process, 100, 600);

            Assert.Equal(lambda, edges.Total, 0.01);
            Assert.InRange(process.Communications / 600.0 / edges.Total, 0.95, 1.05);
            Assert.True(rate >= 0.9 * process.Parameters.TheoreticalRate, $"{name}: {rate} of {process.Parameters.TheoreticalRate}");
            Assert.InRange(process.Error(), 0, 1e-4);
            rates.Add(rate);
        }

        Assert.True(rates.Max() / rates.Min() <= 1.3, string.Join(", ", rates));
    }

    [Fact]
    public void Rate_falls_with_the_root_of_the_condition_number()
    {
        double[] conditions = [10, 40, 160];
        double[] rates = [.. conditions.Select(k => Rate(new DadaoProcess(new QuadraticProblem(9, 5, k, 1), EdgeRates.Uniform(Graphs.Grid(3, 3)), 1), 100, 500))];

        double slope = (Math.Log(rates[2]) - Math.Log(rates[0])) / (Math.Log(conditions[2]) - Math.Log(conditions[0]));
        Assert.True(slope is > -0.65 and < -0.35, $"slope {slope}, rates {string.Join(", ", rates)}");
    }

    [Fact]
    public void Logistic_regression_converges_too()
    {
        LogisticProblem problem = new(10, 5, 40, 6, 1, 3);
        DadaoProcess process = new(problem, EdgeRates.Uniform(Graphs.Ring(10)), 2);
        double first = process.Error(), rate = Rate(process, 50, 300);

        Assert.True(rate >= 0.9 * process.Parameters.TheoreticalRate, $"{rate} of {process.Parameters.TheoreticalRate}, condition {problem.Smoothness / problem.Mu}");
        Assert.True(process.Error() < 1e-3 * first);
        double[] gradient = new double[5], sum = new double[5];
        for (int node = 0; node < 10; node++)
        {
            problem.Gradient(node, [.. problem.Optimum], gradient);
            sum = [.. sum.Zip(gradient, (a, b) => a + b)];
        }

        Assert.All(sum, s => Assert.Equal(0, s, 1e-9));
    }

    [Fact]
    public void Half_the_communications_that_the_theory_asks_for_diverge()
    {
        DadaoProcess Make(double factor) => new(new QuadraticProblem(10, 5, 21.9, 1), EdgeRates.Uniform(Graphs.Ring(10)), 1, factor);
        (DadaoProcess full, DadaoProcess control) = (Make(1), Make(0.5));
        Assert.Equal(full.Parameters, control.Parameters);
        Assert.Equal(full.Parameters.BetaTilde, control.Parameters.BetaTilde);
        double first = control.Error();
        control.RunUntil(600);

        Assert.True(!(control.Error() < 1e6 * first), $"{control.Error()}");
    }

    [Fact]
    public void Best_rates_save_a_quarter_of_the_communications_on_the_barbell_at_the_same_accuracy()
    {
        Topology graph = Graphs.Barbell(10);
        (EdgeRates uniform, EdgeRates best) = (EdgeRates.Uniform(graph), EdgeRates.Optimised(graph));

        Assert.True(best.Total <= 0.75 * uniform.Total, $"{best.Total} of {uniform.Total}");
        Assert.Equal(1, best.Probabilities.Sum(), 1e-12);
        long[] communications = [.. new[] { uniform, best }.Select(rates =>
        {
            DadaoProcess process = new(new QuadraticProblem(10, 5, 21.9, 1), rates, 1);
            while (process.Error() > 1e-6)
            {
                process.RunUntil(process.Time + 1);
                Assert.True(process.Time < 2000, "no convergence");
            }

            return process.Communications;
        })];
        Assert.True(communications[1] <= 0.75 * communications[0], $"{communications[1]} of {communications[0]}");
    }

    [Fact]
    public void Exchanges_are_antisymmetric_and_seeds_replay()
    {
        DadaoProcess Make() => new(new QuadraticProblem(10, 5, 21.9, 1), EdgeRates.Uniform(Graphs.Star(10)), 4);
        (DadaoProcess one, DadaoProcess two) = (Make(), Make());
        one.RunUntil(50);
        two.RunUntil(50);

        Assert.True(one.ImbalanceOfZ() < 1e-9, $"{one.ImbalanceOfZ()}");
        Assert.Equal(one.Error(), two.Error());
    }

    // Least squares fit of log error over time.
    private static double Rate(DadaoProcess process, int from, int to)
    {
        List<(double T, double E)> points = [];
        for (int t = from; t <= to; t += 5)
        {
            process.RunUntil(t);
            points.Add((t, Math.Log(process.Error())));
        }

        double meanT = points.Average(p => p.T), meanE = points.Average(p => p.E);
        return -points.Sum(p => (p.T - meanT) * (p.E - meanE)) / points.Sum(p => (p.T - meanT) * (p.T - meanT));
    }
}
